-- probe: which commands of the other scripts this user may not run. Leaves nothing behind.
--
-- KEYS[1]  prefix of keys that nobody else uses; h hash, l and k lists, z sorted set, m set
-- returns  {command, what Redis says} for each one that is refused, flat
local p = KEYS[1]
local refused = {}
local function try(name, ...)
  local reply = redis.pcall(name, ...)
  if type(reply) == 'table' and reply.err then
    refused[#refused + 1] = name
    refused[#refused + 1] = reply.err
  end
  return reply
end
try('HSET', p .. 'h', 'a', '1')
try('HSETNX', p .. 'h', 'b', '1')
try('HINCRBY', p .. 'h', 'a', 1)
try('HGET', p .. 'h', 'a')
try('HMGET', p .. 'h', 'a', 'b')
try('HGETALL', p .. 'h')
try('HVALS', p .. 'h')
try('HEXISTS', p .. 'h', 'a')
try('HDEL', p .. 'h', 'a')
try('RPUSH', p .. 'l', '1')
try('LMOVE', p .. 'l', p .. 'k', 'LEFT', 'RIGHT')
try('LINDEX', p .. 'k', 0)
try('LSET', p .. 'k', 0, '2')
try('LREM', p .. 'k', 1, '2')
try('RPOP', p .. 'k')
try('LLEN', p .. 'l')
try('LRANGE', p .. 'l', 0, -1)
try('LTRIM', p .. 'l', 1, -1)
try('ZADD', p .. 'z', 1, 'a')
try('ZRANGE', p .. 'z', 0, -1)
try('ZRANGEBYSCORE', p .. 'z', 0, 1, 'LIMIT', 0, 1)
try('ZCOUNT', p .. 'z', 0, 1)
try('ZRANGEBYLEX', p .. 'z', '[a', '[b', 'LIMIT', 0, 1)
try('ZCARD', p .. 'z')
try('ZREM', p .. 'z', 'a')
try('ZPOPMIN', p .. 'z', 1)
try('SADD', p .. 'm', 'a')
try('SISMEMBER', p .. 'm', 'a')
try('SMEMBERS', p .. 'm')
try('SREM', p .. 'm', 'a')
try('TIME')
try('EXPIRE', p .. 'h', 60)
try('DEL', p .. 'h', p .. 'l', p .. 'k', p .. 'z', p .. 'm')
return refused
