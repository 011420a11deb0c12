-- fence: declare a rank lost; whatever it asks from now on is refused. Its tasks go to others.
--
-- KEYS[1]  prefix of the run; keys as in state.lua and step.lua, and
--   lost     set   gets the rank
--   line:E, entry:E   of tasks that have places
--   lease:R  list  what the rank has is added to its queue again, with one attempt more; what has had too many goes
--                  into the lease of the head, rank 0
-- ARGV     rank, max_attempts, its node ('' where all ranks are on one)
-- returns  {last committed transaction, {task for each one that has had too many attempts}} (these are still pending:
--          the head commits them as dead letters)
local rank, most, node = ARGV[1], tonumber(ARGV[2]), ARGV[3]
lost = lost + call('SADD', p .. 'lost', rank)
idle = math.max(0, idle - call('ZREM', p .. 'idle', rank))
call('SREM', p .. 'parked', rank)
told = math.max(0, told - call('DEL', p .. 'orders:' .. rank))
call('DEL', p .. 'bell:' .. rank)
local wish = node ~= '' and call('HGET', p .. 'sought', rank)
if wish then
  call('HDEL', p .. 'sought', rank)
  if string.match(wish, '^0 ') then sought = math.max(0, sought - 1) end
end
local given_up = {}
for _, task in ipairs(call('LRANGE', p .. 'lease:' .. rank, 0, -1)) do
  local e, n, attempts, rest = string.match(task, '^(%d+) (%d+) (%d+)(.*)$')
  attempts = tonumber(attempts) + 1
  local again = e .. ' ' .. n .. ' ' .. attempts .. rest
  if attempts >= most then
    given_up[#given_up + 1] = again
    call('RPUSH', p .. 'lease:0', again)
  else
    local line, queue = string.find(again, '\n', 1, true), 'queue:'
    tasks, bytes = tasks + 1, bytes + #again - line
    -- and of its buffers that lie in shared memory: see wire/codec.py
    if (string.byte(again, line + 24) or 0) > 127 then
      bytes = bytes + struct.unpack('<I8', again, line + 25)
      if node ~= '' then
        queue, near = 'near:' .. node .. ':', near + 1
        call('SADD', p .. 'nodes:' .. e, node)
        call('HINCRBY', p .. 'lines', node, 1)
      end
    end
    local reach, origin, age, path = string.match(rest, '^@(%d+):(%-?%d+):(%d+):(%w+)')
    if reach then
      local member = path .. '/' .. origin .. '/' .. reach
      call('ZADD', p .. 'line:' .. e, age, member)
      call('HSET', p .. 'entry:' .. e, member, again)
    else call('RPUSH', p .. queue .. e, again) end
    call('SADD', p .. 'waiting', e)
  end
end
call('DEL', p .. 'lease:' .. rank)
-- as many bells as tasks wait: the lost rank may have been rung for one that it has not taken
ring_idle(tasks)
for _, owner in ipairs(call('HVALS', p .. 'owners')) do ring(owner) end
answer = {tonumber(call('HGET', p .. 'state', rank) or 0), given_up}
