-- snapshot: all that is not done, read at one moment; nothing is changed.
--
-- KEYS[1]  prefix of the run; keys as in state.lua and step.lua
-- ARGV     ranks of the run, then all E
-- returns  {pending, {task} leased ones first, {rank last transaction}, dead, stats, owners}
local entries = {}
for rank = 0, tonumber(ARGV[1]) - 1 do
  for _, task in ipairs(call('LRANGE', p .. 'lease:' .. rank, 0, -1)) do entries[#entries + 1] = task end
end
for i = 2, #ARGV do
  for _, line in ipairs({'near:', 'queue:'}) do
    for _, task in ipairs(call('LRANGE', p .. line .. ARGV[i], 0, -1)) do entries[#entries + 1] = task end
  end
end
answer = {call('HGETALL', p .. 'pending'), entries, call('HGETALL', p .. 'state'), call('LRANGE', p .. 'dead', 0, -1),
          call('HGETALL', p .. 'stats'), call('HGETALL', p .. 'owners')}
