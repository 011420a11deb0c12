-- save: the end of each script, after state.lua and its own text. Text and no function: a function that shares the
-- numbers costs a step as much as some of its commands.
--
-- gives    `answer`, and in it the packed numbers at `place` if there is one, with `here` behind them if there is that
-- stores   the numbers, and `saved_tx` as the last transaction of `saved_rank` if there is one
if idle ~= idle_before then
  local clock = call('TIME')
  local now = clock[1] * 1000000 + clock[2]
  if since > 0 then waited = waited + idle_before * (now - since) end
  since = now
end
local packed = struct.pack(FORM, tasks, bytes, idle, near, sought, lost, owned, behind, told, since, waited)
if saved_tx then call('HSET', p .. 'state', 's', packed, saved_rank, saved_tx)
elseif packed ~= before then call('HSET', p .. 'state', 's', packed) end
if place then answer[place] = here and packed .. here or packed end
return answer
