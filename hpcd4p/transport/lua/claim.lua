-- claim: who owns the state of a pool element that nobody had declared. See `Broker.claim`.
--
-- KEYS[1]  prefix of the run; keys as in state.lua and step.lua, and
--   owners   hash    E -> rank that owns it: tasks of E are for that rank only
--   firm     set     E whose owner stays for good
--   fills    hash    E -> "R DIGEST": what rank R found E to hold after its first tuples, and gave free
-- ARGV     rank, E, claim (real, fill, release, same), digest, account as in step.lua
-- returns  whether what the rank has done with E may be committed (1)
local rank, e, claim, digest, account = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local function claimed()
  if call('SISMEMBER', p .. 'lost', rank) == 1 then return 0 end
  if account ~= '' then call('HSET', p .. 'accounts', rank, account) end
  local owner = call('HGET', p .. 'owners', e)
  if claim == 'release' then
    if owner ~= rank or call('SISMEMBER', p .. 'firm', e) == 1 then return 0 end
    owned = owned - call('HDEL', p .. 'owners', e)
    call('HSET', p .. 'fills', e, rank .. ' ' .. digest)
    for _, r in ipairs(call('ZRANGE', p .. 'idle', 0, -1)) do ring(r) end
    return 1
  end
  if claim == 'same' then
    return not owner and string.match(call('HGET', p .. 'fills', e) or '', '^%d+ (.*)$') == digest and 1 or 0
  end
  if owner then
    if claim == 'real' then call('SADD', p .. 'firm', e) end
    return owner == rank and 1 or 0
  end
  local first, known = string.match(call('HGET', p .. 'fills', e) or '', '^(%d+) (.*)$')
  if claim == 'fill' and known == digest then return 1 end
  owned = owned + call('HSET', p .. 'owners', e, first or rank)
  if claim == 'real' or first then call('SADD', p .. 'firm', e) end
  if first and first ~= rank then
    idle = math.max(0, idle - call('ZREM', p .. 'idle', first))
    ring(first)
    return 0
  end
  return 1
end
answer = claimed()
