-- step: commit one transaction or none, and take the next task or none. All or nothing.
--
-- KEYS[1]  prefix of the run, "hpcd4p:RUN:"; the keys below are prefix .. name
--   lost       set     ranks declared lost: refused before anything is done
--   head       hash    lives; gone when the head is, on a shared Redis
--   committed  hash    rank -> last committed transaction, 0 from its first step on
--   stream:E   stream  tasks of element E: n tuples, a attempts, b payload
--   progress   hash    "E:ID" -> progress of a task committed in part
--   pending    hash    E -> unfinished tuples; the head's bell rings when one falls to 0
--   ready      hash    t tasks, b bytes that wait in the streams and in dead; E tasks of element E that do, if any
--   idle       zset    ranks that found no task; as many bells ring as tasks are published
--   waited     hash    c ranks in idle, t since when (microseconds), s their waiting so far (rank-microseconds)
--   parked     set     ranks that are parked
--   owners     hash    E -> the only rank that gets tasks of E; see claim.lua
--   bell:R     list    a token: m there is a message of the mesh, 1 there is something here
--   dead       list    sealed dead letters
--   stats      hash    statistics, added to
--   congested  set     "E:R": rank R is behind with element E
--   orders:R   list    orders to this rank
--   accounts   hash    rank -> its sealed account, this step included; only where ranks vouch for what they tell
--   ordered    hash    rank -> orders that it has had
-- ARGV     flat: rank, tx, low_tasks, low_bytes, want_service, shared, availability, account ('' without), ordered (that
--          the rank has had), leases (tasks that it has in hand), then counted lists:
--          ring {rank}, congest {E}, relieve {E}, done {E id}, progress {E id text},
--          counts {E delta}, publish {E tuples payload attempts}, dead {payload}, stats {name value}, take {E}
--          or, if none, spans {E E}: all from one to the other, in this order
--          (availability: `Availability` of wire/ask.py)
-- returns  {0, key} if refused (key: what is not as this rank left it; '' if it is lost, or the head is gone),
--          else {1, idle, ready, congested, orders, task | false, stats | false, owners}; ready is {t, b}, or all of
--          that hash for a rank in a call
local IN_CALL, PARKS, WAKES, LENDS, PASSES = 0, 2, 3, 4, 5
local LAST = 1000000 -- added to the score of a rank that is rung after the others; the head is rung after those
local p, at = KEYS[1], 0
local call = redis.call
-- bytes that a payload stands for, with those of its buffers that lie in shared memory: see wire/codec.py
local function weight(payload)
  if (string.byte(payload, 24) or 0) < 128 then return #payload end
  return #payload + struct.unpack('<I8', payload, 25)
end
local function word() at = at + 1; return ARGV[at] end
local function number() at = at + 1; return tonumber(ARGV[at]) end
-- a token that waits is enough, whatever it says: a rank that is only rung for messages gets what else
-- there is by orders, which always push one of their own
local function ring(rank, token)
  local bell = p .. 'bell:' .. rank
  if call('LLEN', bell) == 0 then call('RPUSH', bell, token or 1) end
end
local function ring_idle(most)
  local ranks = call('ZPOPMIN', p .. 'idle', most)
  for i = 1, #ranks, 2 do ring(ranks[i]) end
end

local rank, tx = word(), number()
local low_tasks, low_bytes, want_service, shared = number(), number(), number(), number()
local availability, account, ordered, leases = number(), word(), number(), number()
local guarded = account ~= ''
if call('SISMEMBER', p .. 'lost', rank) == 1 then return {0, ''} end
if guarded then
  if tonumber(call('HGET', p .. 'ordered', rank) or 0) ~= ordered then return {0, 'orders:' .. rank} end
  call('HSET', p .. 'accounts', rank, account)
end
local idle_before = call('ZCARD', p .. 'idle')
-- nothing is written for a head that is gone: there is nobody to remove it
if shared == 1 and not call('HGET', p .. 'head', 'lives') then return {0, ''} end

local owners, owner_of, owned = call('HGETALL', p .. 'owners'), {}, 0
for i = 1, #owners, 2 do owner_of[owners[i]] = owners[i + 1] end
for _ = 1, number() do ring(word(), 'm') end
for _ = 1, number() do call('SADD', p .. 'congested', word() .. ':' .. rank) end
local relieved = number()
for _ = 1, relieved do call('SREM', p .. 'congested', word() .. ':' .. rank) end
if relieved > 0 then ring_idle(100000); ring('0') end

if tx > 0 then call('HSET', p .. 'committed', rank, tx) else call('HSETNX', p .. 'committed', rank, 0) end
for _ = 1, number() do
  local e, id = word(), word()
  call('XACK', p .. 'stream:' .. e, 'pool', id)
  call('XDEL', p .. 'stream:' .. e, id)
  call('HDEL', p .. 'progress', e .. ':' .. id)
end
for _ = 1, number() do
  local e, id = word(), word()
  call('HSET', p .. 'progress', e .. ':' .. id, word())
end
local finished = false
for _ = 1, number() do
  local e = word()
  if call('HINCRBY', p .. 'pending', e, word()) == 0 then finished = true end
end
local published, size = number(), 0
for _ = 1, published do
  local e, n, payload, attempts = word(), word(), word(), word()
  call('XADD', p .. 'stream:' .. e, '*', 'n', n, 'a', attempts, 'b', payload)
  call('HINCRBY', p .. 'ready', e, 1)
  size = size + weight(payload)
  if owner_of[e] then
    call('ZREM', p .. 'idle', owner_of[e])
    ring(owner_of[e])
    owned = owned + 1
  end
end
if published > 0 then
  call('HINCRBY', p .. 'ready', 't', published)
  call('HINCRBY', p .. 'ready', 'b', size)
  ring_idle(published - owned)
end
local dead = number()
for _ = 1, dead do
  local letter = word()
  call('RPUSH', p .. 'dead', letter)
  call('HINCRBY', p .. 'ready', 'b', #letter)
end
for _ = 1, number() do call('HINCRBY', p .. 'stats', word(), word()) end

local task, looked = false, {}
local function lease(e)
  looked[#looked + 1] = e
  if (owner_of[e] or rank) ~= rank then return false end
  local read = call('XREADGROUP', 'GROUP', 'pool', rank, 'COUNT', 1, 'STREAMS', p .. 'stream:' .. e, '>')
  if not read then return false end
  local entry = read[1][2][1]
  local fields = entry[2]
  local progress = call('HGET', p .. 'progress', e .. ':' .. entry[1])
  task = {e, entry[1], fields[2], fields[4], fields[6], progress}
  if call('HINCRBY', p .. 'ready', e, -1) == 0 then call('HDEL', p .. 'ready', e) end
  local tasks = call('HINCRBY', p .. 'ready', 't', -1)
  local size = weight(fields[6])
  local bytes = call('HINCRBY', p .. 'ready', 'b', -size)
  if tasks == low_tasks or (bytes < low_bytes and bytes + size >= low_bytes) then ring('0') end
  return true
end
local takes = number()
for _ = 1, takes do
  if lease(word()) then break end
end
local spans = takes == 0 and number() or 0
if spans > 0 then
  -- of many streams most are empty: what waits is known
  local waiting, ready = {}, call('HGETALL', p .. 'ready')
  for i = 1, #ready, 2 do
    if tonumber(ready[i]) and tonumber(ready[i + 1]) > 0 then waiting[tonumber(ready[i])] = true end
  end
  for _ = 1, spans do
    local from, to, first = number(), number()
    repeat
      first = nil
      for e in pairs(waiting) do
        if math.min(from, to) <= e and e <= math.max(from, to) then
          if not first or math.abs(e - from) < math.abs(first - from) then first = e end
        end
      end
      if first then waiting[first] = nil end
    until not first or lease(string.format('%d', first))
    if task then break end
  end
end
if guarded and not task then
  -- nothing was found: then nothing waits here, and nothing was given to this rank that it does not have
  for _, e in ipairs(looked) do
    local key = p .. 'stream:' .. e
    if (owner_of[e] or rank) == rank and tonumber(call('HGET', p .. 'ready', e) or 0) > 0
       or leases == 0 and #call('XPENDING', key, 'pool', '-', '+', 1, rank) > 0 then return {0, 'stream:' .. e} end
  end
end
local orders = {}
if call('LLEN', p .. 'orders:' .. rank) > 0 then
  orders = call('LRANGE', p .. 'orders:' .. rank, 0, -1)
  call('DEL', p .. 'orders:' .. rank)
  if guarded then call('HINCRBY', p .. 'ordered', rank, #orders) end
end
if takes + spans > 0 then
  if task then call('ZREM', p .. 'idle', rank)
  -- with orders it looks again, and may be about to park
  elseif availability ~= IN_CALL and #orders == 0 then
    call('ZADD', p .. 'idle', availability ~= LENDS and rank or rank == '0' and 2 * LAST or LAST + rank, rank)
  end
end
if availability == PARKS or availability == PASSES then
  -- it is not in idle: somebody has rung it for a task, which is now for another
  if call('ZREM', p .. 'idle', rank) == 0 then ring_idle(1) end
  if availability == PARKS then call('SADD', p .. 'parked', rank) end
elseif availability == WAKES or availability == LENDS then call('SREM', p .. 'parked', rank) end
if finished or dead > 0 then ring('0') end

local idle_now = call('ZCARD', p .. 'idle')
if idle_now ~= idle_before then
  local clock = call('TIME')
  local now = clock[1] * 1000000 + clock[2]
  local seen = call('HMGET', p .. 'waited', 'c', 't')
  if seen[1] then
    call('HINCRBY', p .. 'waited', 's', string.format('%.0f', seen[1] * (now - seen[2])))
  end
  call('HSET', p .. 'waited', 'c', idle_now, 't', string.format('%.0f', now))
end
local ready = availability ~= IN_CALL and call('HMGET', p .. 'ready', 't', 'b') or call('HGETALL', p .. 'ready')
return {1, idle_now, ready, call('SMEMBERS', p .. 'congested'), orders, task,
        want_service == 1 and call('HGETALL', p .. 'stats'), owners}
