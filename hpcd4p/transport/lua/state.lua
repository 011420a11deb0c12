-- state: the beginning of each script; save.lua is the end of each. Between them it changes the numbers and sets `answer`.
--
-- KEYS[1]  prefix of the run, "hpcd4p:RUN:"; the keys are prefix .. name
--   state    hash  s what follows, packed; R -> last committed transaction of rank R
--   idle     zset  ranks that found no task
--   bell:R   list  a token: m there is a message of the mesh, 1 there is something here
-- The packed numbers spare a step a call for each of them:
--   tasks, bytes   that wait in the queues, and bytes of dead
--   idle           length of `idle`
--   near, sought   tasks among these in the lists near:N:E, and how many look for one on the node of the head: both 0
--                  where all ranks are on one node
--   lost, owned, behind, told   lengths of lost, owners and congested, and of how many ranks orders wait:
--                               what is empty is not looked at
--   since, waited  when `idle` changed last (microseconds), and the waiting of all until then
local p, call = KEYS[1], redis.call
-- longer than 64 bytes: a hash with so long a value is not searched from its front, however few fields it has
local FORM = '<i8i8i8i8i8i8i8i8i8i8i8'
local before = call('HGET', p .. 'state', 's')
local tasks, bytes, idle, near, sought, lost, owned, behind, told, since, waited = struct.unpack(FORM, before)
local idle_before = idle
local answer, place, here, saved_rank, saved_tx
-- a token that waits is enough, whatever it says: a rank that is only rung for messages gets what else
-- there is by orders, which always push one of their own
local function ring(rank, token)
  if call('RPUSH', p .. 'bell:' .. rank, token or 1) > 1 then call('RPOP', p .. 'bell:' .. rank) end
end
local function ring_idle(most)
  if idle == 0 or most <= 0 then return end
  local ranks = call('ZPOPMIN', p .. 'idle', most)
  for i = 1, #ranks, 2 do ring(ranks[i]) end
  idle = #ranks < 2 * most and 0 or math.max(0, idle - #ranks / 2)
end
