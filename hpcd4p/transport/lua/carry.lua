-- carry: lease the porter of a node one task of the line there for each rank elsewhere that has looked for one. It
-- publishes them again, with their buffers in them.
--
-- KEYS[1]  prefix of the run; keys as in state.lua and step.lua
-- ARGV     rank, the node
-- returns  {task}
local rank, node = ARGV[1], ARGV[2]
local carried, wishes = {}, call('HGETALL', p .. 'sought')
for i = 1, #wishes, 2 do
  local there, e = string.match(wishes[i + 1], '^(%d+) (%d+)$')
  if there == node then
    call('HDEL', p .. 'sought', wishes[i])
    local task = call('LMOVE', p .. 'near:' .. node .. ':' .. e, p .. 'lease:' .. rank, 'LEFT', 'RIGHT')
    if task then
      local line = string.find(task, '\n', 1, true)
      near, tasks, bytes = near - 1, tasks - 1, bytes - #task + line
      -- and of its buffers: see wire/codec.py
      if (string.byte(task, line + 24) or 0) > 127 then bytes = bytes - struct.unpack('<I8', task, line + 25) end
      carried[#carried + 1] = task
    -- another has taken it: there may be one of another element
    else ring(wishes[i]) end
  end
end
if #carried > 0 then call('HINCRBY', p .. 'lines', node, -#carried) end
if node == '0' then sought = 0 end
answer = carried
