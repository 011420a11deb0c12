-- fence: declare a rank lost; whatever it asks from now on is refused. Its tasks go to others.
--
-- KEYS[1]  prefix of the run; keys as in step.lua, and
--   lost      set     gets the rank
--   stream:E  stream  an entry that the rank had leased is added again with one attempt more
--   progress  hash    progress moves with the entry
-- ARGV     rank, max_attempts, E...
-- returns  {last committed transaction, {E id tuples attempts payload progress} for each task that has
--          had too many attempts (still pending: the head commits it as a dead letter)}
local p, rank, most = KEYS[1], ARGV[1], tonumber(ARGV[2])
local call = redis.call
-- bytes that a payload stands for, with those of its buffers that lie in shared memory: see wire/codec.py
local function weight(payload)
  if (string.byte(payload, 24) or 0) < 128 then return #payload end
  return #payload + struct.unpack('<I8', payload, 25)
end
call('SADD', p .. 'lost', rank)
call('ZREM', p .. 'idle', rank)
call('SREM', p .. 'parked', rank)
call('DEL', p .. 'bell:' .. rank, p .. 'orders:' .. rank)
local given_up = {}
for i = 3, #ARGV do
  local e = ARGV[i]
  local key = p .. 'stream:' .. e
  for _, lease in ipairs(call('XPENDING', key, 'pool', '-', '+', 10000, rank)) do
    local id = lease[1]
    local entry = call('XRANGE', key, id, id)[1]
    if entry then
      local f = entry[2]
      local attempts = tonumber(f[4]) + 1
      local name = e .. ':' .. id
      local progress = call('HGET', p .. 'progress', name)
      if attempts >= most then
        given_up[#given_up + 1] = {e, id, f[2], attempts, f[6], progress}
      else
        local new = call('XADD', key, '*', 'n', f[2], 'a', attempts, 'b', f[6])
        if progress then call('HSET', p .. 'progress', e .. ':' .. new, progress) end
        call('HDEL', p .. 'progress', name)
        call('XACK', key, 'pool', id)
        call('XDEL', key, id)
        call('HINCRBY', p .. 'ready', e, 1)
        call('HINCRBY', p .. 'ready', 't', 1)
        call('HINCRBY', p .. 'ready', 'b', weight(f[6]))
      end
    end
  end
end
-- as many bells as tasks wait: the lost rank may have been rung for one that it has not taken
local waiting = tonumber(call('HGET', p .. 'ready', 't') or 0)
local ranks = call('ZPOPMIN', p .. 'idle', waiting)
for i = 1, #ranks, 2 do
  local bell = p .. 'bell:' .. ranks[i]
  if call('LLEN', bell) == 0 then call('RPUSH', bell, 1) end
end
for _, owner in ipairs(call('HVALS', p .. 'owners')) do
  if call('LLEN', p .. 'bell:' .. owner) == 0 then call('RPUSH', p .. 'bell:' .. owner, 1) end
end
return {tonumber(call('HGET', p .. 'committed', rank) or 0), given_up}
