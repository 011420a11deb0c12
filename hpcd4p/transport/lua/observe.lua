-- observe: what the coordinator looks at, in one call.
--
-- KEYS[1]  prefix of the run; keys as in step.lua
-- ARGV     seconds that the keys may live without another look (0: for ever), whether to take dead letters
--          and reports along (1), keys to refresh...
-- returns  {pend, stat, tasks, bytes, idle, dead, com, final}
local p = KEYS[1]
local call = redis.call
local dead, final = {}, {}
if ARGV[2] == '1' then
  dead = call('LRANGE', p .. 'dead', 0, 199)
  if #dead > 0 then call('LTRIM', p .. 'dead', #dead, -1) end
  final = call('LRANGE', p .. 'final', 0, 999)
  if #final > 0 then call('LTRIM', p .. 'final', #final, -1) end
end
local ttl = tonumber(ARGV[1])
if ttl > 0 then
  for i = 3, #ARGV do call('EXPIRE', p .. ARGV[i], ttl) end
end
local ready = call('HMGET', p .. 'ready', 't', 'b')
return {call('HGETALL', p .. 'pend'), call('HGETALL', p .. 'stat'), tonumber(ready[1] or 0),
        tonumber(ready[2] or 0), call('ZCARD', p .. 'idle'), dead, call('HGETALL', p .. 'com'),
        final}
