-- carry: lease the head one task of the line of its node for each rank elsewhere that has looked for one. The head
-- publishes them again, with their buffers in them.
--
-- KEYS[1]  prefix of the run; keys as in state.lua and step.lua
-- returns  {task}
local carried, wishes = {}, call('HGETALL', p .. 'sought')
for i = 1, #wishes, 2 do
  local task = call('LMOVE', p .. 'near:' .. wishes[i + 1], p .. 'lease:0', 'LEFT', 'RIGHT')
  if task then
    local line = string.find(task, '\n', 1, true)
    near, tasks, bytes = near - 1, tasks - 1, bytes - #task + line
    -- and of its buffers: see wire/codec.py
    if (string.byte(task, line + 24) or 0) > 127 then bytes = bytes - struct.unpack('<I8', task, line + 25) end
    carried[#carried + 1] = task
  -- another has taken it: there may be one of another element
  else ring(wishes[i]) end
end
call('DEL', p .. 'sought')
sought = 0
answer = carried
