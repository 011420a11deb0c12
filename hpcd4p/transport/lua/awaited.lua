-- awaited: for which tasks ranks wait that can do nothing before these are finished; nothing is changed.
--
-- KEYS[1]  prefix of the run; keys as in state.lua and step.lua
-- ARGV     ranks of the run
-- returns  {{"REACH:ORIGIN R", PATH of the first that is outstanding there, E of a task in line with this place, or ''},
--          {rank, first line of a task that it has} of those that have places}
local found, leased = {}, {}
local waits = call('HGETALL', p .. 'waits')
for i = 1, #waits, 2 do
  local reach, origin = string.match(waits[i], '^(%d+):(%-?%d+) ')
  local lane = reach .. ':' .. origin
  local least = call('ZRANGEBYLEX', p .. 'places', '[' .. lane .. ':', '(' .. lane .. ';', 'LIMIT', 0, 1)[1]
  local path = least and string.sub(least, #lane + 2)
  if path and path <= waits[i + 1] then
    local element = ''
    for _, e in ipairs(call('SMEMBERS', p .. 'waiting')) do
      if call('HEXISTS', p .. 'entry:' .. e, path .. '/' .. origin .. '/' .. reach) == 1 then element = e end
    end
    found[#found + 1], found[#found + 2], found[#found + 3] = waits[i], path, element
  end
end
for rank = 0, #found > 0 and tonumber(ARGV[1]) - 1 or -1 do
  for _, task in ipairs(call('LRANGE', p .. 'lease:' .. rank, 0, -1)) do
    local line = string.match(task, '^[^\n]*')
    if string.find(line, '@', 1, true) then leased[#leased + 1], leased[#leased + 2] = rank, line end
  end
end
answer = {found, leased}
