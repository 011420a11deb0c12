"""A transaction, both sides: what a rank has written and its way to the commit, what it gets.

1. *collect*: tuples for the pool and for partitions gather in an `Outbox`; where there are many, the
   first are on their way to the owners of partitions already, marked with the transaction's number;
2. *prepare*: sealed by the `Sealer`, it becomes a `Prepared`: tasks are cut and pickled, all messages are on
   their way;
3. *commit*: when every message is matched, `Window.take_ready` gives it to the broker, in order;
4. *notice*: the owners are told. Until then their `Inbox` keeps what they got aside.

`Outgoing` has the first three in its hands. Nothing here decides when; the loop of the rank does.
"""
