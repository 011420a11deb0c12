-- order: leave an order with ranks, and ring them.
--
-- KEYS[1]  prefix of the run; keys as in state.lua, and
--   orders:R  list  gets the order
-- ARGV     the order, ranks...
for i = 2, #ARGV do
  if call('RPUSH', p .. 'orders:' .. ARGV[i], ARGV[1]) == 1 then told = told + 1 end
  -- whatever waits there: a rank that is rung for a message only does not look for orders
  call('RPUSH', p .. 'bell:' .. ARGV[i], 1)
end
answer = 1
