-- step: commit one transaction or none, and take the next task or none. All or nothing.
--
-- KEYS[1]  prefix of the run; keys as in state.lua, and
--   lost       set     ranks declared lost: refused before anything is done
--   head       hash    lives; gone when the head is, on a shared Redis
--   pending    hash    E -> unfinished tuples; the head's bell rings when one falls to 0
--   queue:E    list    tasks of element E that wait, oldest first, each "E TUPLES ATTEMPTS[/BESIDE] [PROGRESS]\n", payload
--   near:N:E   list    the same of those whose buffers lie on node N, where ranks live on several
--   nodes:E    set     nodes that may have tasks of E; the others have none
--   lines      hash    N -> tasks in all near:N:E
--   sought     hash    R -> "N E": rank R, elsewhere, has found nothing but a task in near:N:E
--   lease:R    list    those that rank R has, in the order in which it has taken them
--   waiting    set     elements that may have tasks that wait; the others have none
--   parked     set     ranks that are parked
--   owners     hash    E -> the only rank that gets tasks of E; see claim.lua
--   dead       list    sealed dead letters
--   stats      hash    statistics, added to
--   congested  set     "E:R": rank R is behind with element E
--   orders:R   list    orders to this rank
--   accounts   hash    rank -> its sealed account, this step included; only where ranks vouch for what they tell
--   ordered    hash    rank -> orders that it has had
--   line:E     zset    tasks of E that have places and wait: "PATH/ORIGIN/REACH", the score is its age
--   entry:E    hash    PATH/ORIGIN/REACH -> the task, as in queue:E
--   places     zset    "REACH:ORIGIN:PATH" of all that is outstanding: a REACH:ORIGIN is a lane
--   bounds     hash    ORIGIN -> path of what it writes next
--   waits      hash    "REACH:ORIGIN R" -> path: rank R can do nothing before all before it in this lane is done
-- ARGV[1]  rank
-- ARGV[2]  packed: low_tasks, low_bytes, score (its place among the idle), availability (`Availability` of wire/ask.py),
--          whether to give stats (1), whether the Redis is shared (1), whether the rest follows (1; 2: places
--          follow; 3: both), 1 + the
--          rank's node (0: all are on one), then numbers: tasks done from the front of its lease, counts, stretches of publications, those among them
--          (the last) for its near:N:E, their bytes, take (or -n: n words of spans)
-- ARGV[3]  number of the transaction, '' without
-- ARGV     counts {E delta}, stretches {E n, n tasks as in queue:E}, take {E}, or spans {E E}: all from one to the other,
--          in this order
--          the rest: account ('' without), ordered (that the rank has had), leases (before this step), then counted
--          lists: ring {rank}, congest {E}, relieve {E}, gone {place in lease, from 0}, progress {place text}, dead
--          {payload}, stats {name value}
--          places: counted lists: bounds {origin path}, published {E, age, PATH/ORIGIN/REACH, REACH:ORIGIN:PATH, task},
--          begun {REACH:ORIGIN:PATH}, settled {the same}, oldest {E}, watch {lane}, origins of these {origin}, waits {lane
--          path}, at {lane path} (one or none)
-- returns  {false, key} if refused (key: what is not as this rank left it; '' if it is lost, or the head is gone),
--          else {state (with `here` behind it where there are several nodes), task | false}, and if there is any of it {.., congested, orders, owners, stats | false, for a
--          rank in a call {E tasks}}; with places also {least REACH:ORIGIN:PATH or '' of each lane of watch}, {bound or ''
--          of each origin}, whether somebody waits for what the task `at` writes, or one that waits itself (1)
local IN_CALL, PARKS, WAKES, LENDS, PASSES = 0, 2, 3, 4, 5
-- scores of the idle ranks of a node: see transport/step_words.py
local SEATS = 10000
-- number of the first porter: see wire/nodes.py
local PORTERS = 1000000
local rank, tx, at = ARGV[1], ARGV[3], 3
local low_tasks, low_bytes, score, availability, want_service, shared, more, lives, done, counted, published, nearby, size,
  takes = struct.unpack('<i4i8i4i1i1i1i1i4i4i4i4i4i8i4', ARGV[2])
local lease = p .. 'lease:' .. rank
local rest_at = at + 2 * counted
for _ = 1, published do rest_at = rest_at + 2 + ARGV[rest_at + 2] end
local take_at = rest_at
rest_at = rest_at + math.abs(takes)

local guarded, account, ordered, leases = false, '', 0, 0
local placed, places_at = more >= 2, rest_at
if placed then
  more, rest_at = more - 2, rest_at + 1 + ARGV[rest_at + 1]
end
if more == 1 then
  account, ordered, leases = ARGV[rest_at + 1], tonumber(ARGV[rest_at + 2]), tonumber(ARGV[rest_at + 3])
  guarded, rest_at = account ~= '', rest_at + 3
end
if (guarded or lost > 0) and call('SISMEMBER', p .. 'lost', rank) == 1 then return {false, ''} end
-- nothing is written for a head that is gone: there is nobody to remove it
if shared == 1 and not call('HGET', p .. 'head', 'lives') then return {false, ''} end
if guarded then
  if tonumber(call('HGET', p .. 'ordered', rank) or 0) ~= ordered then return {false, 'orders:' .. rank} end
  if call('LLEN', lease) ~= leases then return {false, 'lease:' .. rank} end
  call('HSET', p .. 'accounts', rank, account)
end

local owners, owner_of = false, {}
if guarded or owned > 0 then
  owners = call('HGETALL', p .. 'owners')
  for i = 1, #owners, 2 do owner_of[owners[i]] = owners[i + 1] end
end
local finished, node = false, lives > 0 and string.format('%d', lives - 1)
local mine = node and 'near:' .. node .. ':'
for _ = 1, counted do
  if call('HINCRBY', p .. 'pending', ARGV[at + 1], ARGV[at + 2]) == 0 then finished = true end
  at = at + 2
end
for i = 1, published do
  local e, n, lies = ARGV[at + 1], tonumber(ARGV[at + 2]), i > published - nearby
  if call('RPUSH', p .. (lies and mine or 'queue:') .. e, unpack(ARGV, at + 3, at + 2 + n)) == n then
    call('SADD', p .. 'waiting', e)
    if lies then call('SADD', p .. 'nodes:' .. e, node) end
  end
  at, tasks = at + 2 + n, tasks + n
  local owner = owner_of[e]
  if lies then
    near = near + n
    call('HINCRBY', p .. 'lines', node, n)
    if idle > 0 and not owner then
      local from = SEATS * (lives - 1)
      for _, r in ipairs(call('ZRANGEBYSCORE', p .. 'idle', from, from + SEATS - 1, 'LIMIT', 0, n)) do
        call('ZREM', p .. 'idle', r)
        ring(r)
        idle, n = idle - 1, n - 1
      end
    end
  end
  if not owner then ring_idle(n)
  else
    if call('ZREM', p .. 'idle', owner) == 1 then idle = idle - 1 end
    ring(owner)
  end
end
bytes = bytes + size

-- few runs have places
local settled, oldest, watch, origins, waits, at_place, missed_at, missed_in, taken_of
if placed then
  local from = places_at + 1
  local function words(each)
    local first = from + 1
    from = first + tonumber(ARGV[first]) * each
    return first + 1, from
  end
  local function list(each)
    local first, last = words(each)
    return {unpack(ARGV, first, last)}
  end
  local first, last = words(2)
  for i = first, last, 2 do call('HSET', p .. 'bounds', ARGV[i], ARGV[i + 1]) end
  first, last = words(5)
  for i = first, last, 5 do
    local e, owner = ARGV[i], owner_of[ARGV[i]]
    call('ZADD', p .. 'line:' .. e, ARGV[i + 1], ARGV[i + 2])
    call('HSET', p .. 'entry:' .. e, ARGV[i + 2], ARGV[i + 4])
    call('ZADD', p .. 'places', 0, ARGV[i + 3])
    call('SADD', p .. 'waiting', e)
    tasks = tasks + 1
    if not owner then ring_idle(1)
    else
      if call('ZREM', p .. 'idle', owner) == 1 then idle = idle - 1 end
      ring(owner)
    end
  end
  first, last = words(1)
  for i = first, last do call('ZADD', p .. 'places', 0, ARGV[i]) end
  settled, oldest, watch, origins, waits, at_place = list(1), list(1), list(1), list(1), list(2), list(2)
  if #settled > 0 then
    call('ZREM', p .. 'places', unpack(settled))
    local lanes = {}
    for _, place in ipairs(settled) do lanes[string.match(place, '^(.*):')] = true end
    local waiting = call('HGETALL', p .. 'waits')
    for i = 1, #waiting, 2 do
      local lane, r = string.match(waiting[i], '^(.*) (%d+)$')
      if lanes[lane] then
        local least = call('ZRANGEBYLEX', p .. 'places', '[' .. lane .. ':', '(' .. lane .. ';', 'LIMIT', 0, 1)[1]
        if not least or string.sub(least, #lane + 2) > waiting[i + 1] then
          call('HDEL', p .. 'waits', waiting[i])
          ring(r)
        end
      end
    end
  end
  -- whether somebody waits for what a task at this path of a lane writes
  missed_at = function(lane, path)
    local all = call('HGETALL', p .. 'waits')
    for i = 1, #all, 2 do
      if all[i + 1] > path and string.match(all[i], '^(.*) %d+$') == lane then return true end
    end
    return false
  end
  -- how the first task that is missed in each lane stands in its line, whether it is in line or not
  local function missing()
    local found, all = {}, call('HGETALL', p .. 'waits')
    for i = 1, #all, 2 do
      local reach, origin = string.match(all[i], '^(%d+):(%-?%d+) %d+$')
      local lane = reach .. ':' .. origin
      local least = call('ZRANGEBYLEX', p .. 'places', '[' .. lane .. ':', '(' .. lane .. ';', 'LIMIT', 0, 1)[1]
      local path = least and string.sub(least, #lane + 2)
      if path and path < all[i + 1] then
        -- its last number says how much of it is done: see wire/place.py
        local at, last = 1, 1
        while at <= #path do
          if string.sub(path, at, at) == 'g' then at = at + 1 end -- before the number of a move
          last, at = at, at + 2 + 2 * math.max(0, tonumber(string.sub(path, at, at + 1), 16) - 0xef)
        end
        found[#found + 1] = string.sub(path, 1, last - 1) .. '00/' .. origin .. '/' .. reach
      end
    end
    return found
  end
  -- the task in the line of an element that somebody waits for: the first in line, if it is that
  missed_in = function(e)
    local first = call('ZRANGE', p .. 'line:' .. e, 0, 0)[1]
    if not first then return false end
    local path, origin, reach = string.match(first, '^(%w+)/(%-?%d+)/(%d+)$')
    if missed_at(reach .. ':' .. origin, path) then return first end
    for _, place in ipairs(missing()) do
      if call('HEXISTS', p .. 'entry:' .. e, place) == 1 then return place end
    end
    return false
  end
  -- take the task in the line of an element that stands there as `place`, else the first
  taken_of = function(e, place)
    if place then call('ZREM', p .. 'line:' .. e, place) else place = call('ZPOPMIN', p .. 'line:' .. e)[1] end
    if not place then return false end
    local found = call('HGET', p .. 'entry:' .. e, place)
    call('HDEL', p .. 'entry:' .. e, place)
    call('RPUSH', lease, found)
    return found
  end
end

-- how many tasks of an element lie on nodes
local laid
if near > 0 then laid = function(e)
  local n = 0
  for _, there in ipairs(call('SMEMBERS', p .. 'nodes:' .. e)) do n = n + call('LLEN', p .. 'near:' .. there .. ':' .. e) end
  return n
end end
-- before what is done is removed: a list that is never empty is not made anew for each task
local task, names, first, last = false, ARGV, take_at + 1, take_at + takes
if takes < 0 then
  -- of many queues most are empty: what waits is known
  local waiting = {}
  for _, e in ipairs(call('SMEMBERS', p .. 'waiting')) do
    if call('LLEN', p .. 'queue:' .. e) > 0 or (laid and laid(e) > 0)
      or (placed and call('ZCARD', p .. 'line:' .. e) > 0) then
      waiting[#waiting + 1] = tonumber(e)
    else call('SREM', p .. 'waiting', e) end
  end
  table.sort(waiting)
  names = {}
  for i = first, take_at - takes, 2 do
    local from, to = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
    local up = from <= to
    for j = up and 1 or #waiting, up and #waiting or 1, up and 1 or -1 do
      local e = waiting[j]
      if math.min(from, to) <= e and e <= math.max(from, to) then names[#names + 1] = string.format('%d', e) end
    end
  end
  first, last = 1, #names
end
for i = first, last do
  if (owner_of[names[i]] or rank) == rank then
    if near > 0 then
      task = call('LMOVE', p .. mine .. names[i], lease, 'LEFT', 'RIGHT')
      if task then
        near = near - 1
        call('HINCRBY', p .. 'lines', node, -1)
      end
    end
    task = task or call('LMOVE', p .. 'queue:' .. names[i], lease, 'LEFT', 'RIGHT')
    if placed and not task then task = taken_of(names[i]) end
    if task then break end
  end
end
if placed and not task then
  for _, e in ipairs(oldest) do
    local place = (owner_of[e] or rank) == rank and missed_in(e)
    if place then
      task = taken_of(e, place)
      break
    end
  end
end
if task then
  local full, line = bytes, string.find(task, '\n', 1, true)
  tasks, bytes = tasks - 1, bytes - #task + line
  -- and of its buffers that lie in shared memory: see wire/codec.py
  if (string.byte(task, line + 24) or 0) > 127 then bytes = bytes - struct.unpack('<I8', task, line + 25) end
  if tasks == low_tasks or (bytes < low_bytes and full >= low_bytes) then ring('0') end
end
if near > 0 and takes ~= 0 and not task and call('HEXISTS', p .. 'sought', rank) == 0 then
  local wish
  for i = first, last do
    if (owner_of[names[i]] or rank) == rank then
      for _, there in ipairs(call('SMEMBERS', p .. 'nodes:' .. names[i])) do
        if call('LLEN', p .. 'near:' .. there .. ':' .. names[i]) > 0 then wish = wish or there
        else call('SREM', p .. 'nodes:' .. names[i], there) end
      end
      if wish then
        call('HSET', p .. 'sought', rank, wish .. ' ' .. names[i])
        if wish == '0' then
          sought = sought + 1
          ring('0')
        else ring(string.format('%d', PORTERS + wish)) end
        break
      end
    end
  end
end
if done > 0 then call('LTRIM', lease, done, -1) end

local letters = 0
if more == 1 then
  at = rest_at
  local function word() at = at + 1; return ARGV[at] end
  local function number() at = at + 1; return tonumber(ARGV[at]) end
  for _ = 1, number() do ring(word(), 'm') end
  for _ = 1, number() do behind = behind + call('SADD', p .. 'congested', word() .. ':' .. rank) end
  local relieved = number()
  for _ = 1, relieved do behind = math.max(0, behind - call('SREM', p .. 'congested', word() .. ':' .. rank)) end
  if relieved > 0 then ring_idle(100000); ring('0') end
  local gone = number()
  for _ = 1, gone do call('LSET', lease, word(), '') end
  if gone > 0 then call('LREM', lease, gone, '') end
  for _ = 1, number() do
    local i, text = word(), word()
    local before, payload = string.match(call('LINDEX', lease, i), '^(%d+ %d+ [^ \n]+)[^\n]*(\n.*)$')
    call('LSET', lease, i, before .. ' ' .. text .. payload)
  end
  letters = number()
  for _ = 1, letters do
    local letter = word()
    call('RPUSH', p .. 'dead', letter)
    bytes = bytes + #letter
  end
  for _ = 1, number() do call('HINCRBY', p .. 'stats', word(), word()) end
end
local orders
if (guarded or told > 0) and call('LLEN', p .. 'orders:' .. rank) > 0 then
  orders = call('LRANGE', p .. 'orders:' .. rank, 0, -1)
  call('DEL', p .. 'orders:' .. rank)
  told = math.max(0, told - 1)
  if guarded then call('HINCRBY', p .. 'ordered', rank, #orders) end
end
if task then
  if idle > 0 and call('ZREM', p .. 'idle', rank) == 1 then idle = idle - 1 end
-- with orders it looks again, and may be about to park
elseif takes ~= 0 and availability ~= IN_CALL and not orders then
  idle = idle + call('ZADD', p .. 'idle', score, rank)
end
if availability == PARKS or availability == PASSES then
  -- it is not in idle: somebody has rung it for a task, which is now for another
  if call('ZREM', p .. 'idle', rank) == 0 then ring_idle(1) else idle = idle - 1 end
  if availability == PARKS then call('SADD', p .. 'parked', rank) end
elseif availability == WAKES or availability == LENDS then call('SREM', p .. 'parked', rank) end
if finished or letters > 0 then ring('0') end

local least, bounds, stalled
if placed then
  local now, changed = {}, false
  least, bounds, stalled = {}, {}, 0
  for i = 1, #waits, 2 do now[waits[i]] = waits[i + 1] end
  for i, lane in ipairs(watch) do
    local field, path = lane .. ' ' .. rank, now[lane]
    if path then
      changed = changed or call('HGET', p .. 'waits', field) ~= path
      call('HSET', p .. 'waits', field, path)
    else call('HDEL', p .. 'waits', field) end
    least[i] = call('ZRANGEBYLEX', p .. 'places', '[' .. lane .. ':', '(' .. lane .. ';', 'LIMIT', 0, 1)[1] or ''
  end
  for i, origin in ipairs(origins) do bounds[i] = call('HGET', p .. 'bounds', origin) or '' end
  if #at_place > 0 and missed_at(at_place[1], at_place[2]) then stalled = 1 end
  if changed or #at_place > 0 or availability == IN_CALL then
    for _, e in ipairs(call('SMEMBERS', p .. 'waiting')) do
      if missed_in(e) then
        stalled = 1
        local owner = owner_of[e]
        if changed and owner then ring(owner) elseif changed then ring_idle(1) end
      end
    end
  end
end

if tx ~= '' then saved_rank, saved_tx = rank, tx end
answer, place = {'', task}, 1
if lives > 0 then
  local from, rest, line = SEATS * (lives - 1), 0, 0
  if idle > 0 then rest = call('ZCOUNT', p .. 'idle', from, from + SEATS - 1) end
  if near > 0 then line = tonumber(call('HGET', p .. 'lines', node) or 0) end
  here = struct.pack('<i8i8', rest, line)
end
if placed or guarded or behind > 0 or orders or owners or want_service == 1 or availability == IN_CALL then
  local waiting = {}
  for _, e in ipairs(availability == IN_CALL and call('SMEMBERS', p .. 'waiting') or {}) do
    local n = call('LLEN', p .. 'queue:' .. e) + (laid and laid(e) or 0) + (placed and call('ZCARD', p .. 'line:' .. e) or 0)
    if n == 0 then call('SREM', p .. 'waiting', e) end
    waiting[#waiting + 1], waiting[#waiting + 2] = e, n
  end
  answer[3] = (guarded or behind > 0) and call('SMEMBERS', p .. 'congested') or {}
  answer[4], answer[5], answer[6], answer[7] =
    orders or {}, owners or {}, want_service == 1 and call('HGETALL', p .. 'stats'), waiting
  if placed then answer[8], answer[9], answer[10] = least, bounds, stalled end
end
