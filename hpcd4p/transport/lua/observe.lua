-- observe: what the coordinator looks at, in one call.
--
-- KEYS[1]  prefix of the run; keys as in state.lua and step.lua
-- ARGV     seconds that the keys may live without another look (0: for ever), whether to take dead letters
--          and reports along (1), whether to give stats (1), whether to give the books (1), then counted lists: E,
--          ranks whose orders are to be counted, keys to refresh; ranks of the run, nodes
-- returns  {pending where it is not 0, stats or nothing, state, idle {rank}, dead, {rank last transaction}, reports,
--          rank-microseconds of waiting so far, parked {rank}, owners, books | false, lines}; books, as in `Books`:
--          {accounts, {tasks that wait} for each E, {rank tasks leased} for each rank and porter, letters, congested, lost,
--          fills, {orders} for each rank asked for, whether the head lives (1)}
local dead, reports = {}, {}
if ARGV[2] == '1' then
  dead = call('LRANGE', p .. 'dead', 0, 199)
  if #dead > 0 then call('LTRIM', p .. 'dead', #dead, -1) end
  for _, letter in ipairs(dead) do bytes = bytes - #letter end
  reports = call('LRANGE', p .. 'reports', 0, 999)
  if #reports > 0 then call('LTRIM', p .. 'reports', #reports, -1) end
end
local at, lists = 4, {}
for i = 1, 3 do
  at = at + 1
  local last = at + tonumber(ARGV[at])
  lists[i] = {}
  while at < last do
    at = at + 1
    table.insert(lists[i], ARGV[at])
  end
end
local books = false
if ARGV[4] == '1' then
  local waiting, leased, orders = {}, {}, {}
  for i, e in ipairs(lists[1]) do
    waiting[i] = call('LLEN', p .. 'queue:' .. e) + call('ZCARD', p .. 'line:' .. e)
    for _, node in ipairs(call('SMEMBERS', p .. 'nodes:' .. e)) do
      waiting[i] = waiting[i] + call('LLEN', p .. 'near:' .. node .. ':' .. e)
    end
  end
  local size, nodes = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  for i = 0, size + nodes - 2 do
    -- behind the ranks the porters: see wire/nodes.py
    local rank = string.format('%d', i < size and i or 1000000 + i - size + 1)
    leased[2 * i + 1], leased[2 * i + 2] = rank, call('LLEN', p .. 'lease:' .. rank)
  end
  for i, rank in ipairs(lists[2]) do
    orders[i] = call('LLEN', p .. 'orders:' .. rank) + (call('HGET', p .. 'ordered', rank) or 0)
  end
  books = {call('HGETALL', p .. 'accounts'), waiting, leased, call('LLEN', p .. 'dead'),
           call('SMEMBERS', p .. 'congested'), call('SMEMBERS', p .. 'lost'), call('HGETALL', p .. 'fills'), orders,
           call('HEXISTS', p .. 'head', 'lives')}
end
local ttl = tonumber(ARGV[1])
if ttl > 0 then
  for _, key in ipairs(lists[3]) do call('EXPIRE', key, ttl) end
  for _, e in ipairs(near > 0 and lists[1] or {}) do
    for _, node in ipairs(call('SMEMBERS', p .. 'nodes:' .. e)) do call('EXPIRE', p .. 'near:' .. node .. ':' .. e, ttl) end
  end
end
local clock, now = call('TIME'), waited
if since > 0 then now = waited + idle * (clock[1] * 1000000 + clock[2] - since) end
-- of many elements few have something to do
local pending, all = {}, call('HGETALL', p .. 'pending')
for i = 1, #all, 2 do
  if all[i + 1] ~= '0' then pending[#pending + 1], pending[#pending + 2] = all[i], all[i + 1] end
end
place = 3
answer = {pending, ARGV[3] == '1' and call('HGETALL', p .. 'stats') or {}, '', call('ZRANGE', p .. 'idle', 0, -1), dead,
        call('HGETALL', p .. 'state'), reports, string.format('%.0f', now), call('SMEMBERS', p .. 'parked'),
        call('HGETALL', p .. 'owners'), books, near > 0 and call('HGETALL', p .. 'lines') or {}}
