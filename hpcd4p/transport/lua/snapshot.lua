-- snapshot: all that is not done, read at one moment; nothing is changed.
--
-- KEYS[1]  prefix of the run; keys as in state.lua and step.lua
-- ARGV     ranks of the run, nodes, then all E
-- returns  {pending, {task} leased ones first, {rank last transaction}, dead, stats, owners}
local entries = {}
local function all(list)
  for _, task in ipairs(call('LRANGE', p .. list, 0, -1)) do entries[#entries + 1] = task end
end
for rank = 0, tonumber(ARGV[1]) - 1 do all('lease:' .. rank) end
-- of the porters: see wire/nodes.py
for node = 1, tonumber(ARGV[2]) - 1 do all(string.format('lease:%d', 1000000 + node)) end
for i = 3, #ARGV do
  for _, node in ipairs(call('SMEMBERS', p .. 'nodes:' .. ARGV[i])) do all('near:' .. node .. ':' .. ARGV[i]) end
  all('queue:' .. ARGV[i])
  for _, task in ipairs(call('HVALS', p .. 'entry:' .. ARGV[i])) do entries[#entries + 1] = task end
end
answer = {call('HGETALL', p .. 'pending'), entries, call('HGETALL', p .. 'state'), call('LRANGE', p .. 'dead', 0, -1),
          call('HGETALL', p .. 'stats'), call('HGETALL', p .. 'owners')}
