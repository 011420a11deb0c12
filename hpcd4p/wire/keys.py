"""Names of every Redis key of a run, and every MPI tag.

Every key starts with ``hpcd4p:RUN:``, so that several runs on one Redis never meet and one scan finds what a
run holds. Redis, the scripts and `transport.memory_store.MemoryStore` use the same names.

On a shared Redis, ``hpcd4p:runs`` lists the runs, so that what a killed one has left is found without looking
at every key: a hash, RUN -> number of the head's connection, ranks (and, behind a slash, nodes, if there are
several), elements with a queue.
"""

from __future__ import annotations

from collections.abc import Sequence

RUNS = "hpcd4p:runs"
"""Which runs there are; on a shared Redis only."""

TAG_DATA = 1
"""MPI: first frame of a message with keyed data."""
TAG_BUFFER = 2
"""MPI: one large buffer of the message before it, from the same sender, in order."""
TAG_NOTICE = 3
"""MPI: number of the sender's last committed transaction."""


class _Key:
    """A key of which a run has one; its name is that of the attribute.

    Parameters
    ----------
    kind
        Its type in Redis.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __set_name__(self, keys: type, name: str) -> None:
        self.name = name

    def __get__(self, keys: Keys, kind: type | None = None) -> str:
        return keys.prefix + self.name


class Keys:
    """The keys of one run. E is an element, R a rank, or the porter of a node, N a node."""

    pending = _Key("hash")
    """E -> tuples produced for E and not finished."""
    state = _Key("hash")
    """``s``: what waits, how many are idle, and more that a step reads, packed (``lua/state.lua``); R ->
    number of its last committed transaction."""
    waiting = _Key("set")
    """Elements that may have tasks that wait; the others have none."""
    idle = _Key("zset")
    """Pool ranks that found no task; the lowest score is rung first."""
    parked = _Key("set")
    """Pool ranks that are parked."""
    owners = _Key("hash")
    """E -> rank that owns the state of pool element E, which nobody had declared."""
    firm = _Key("set")
    """Elements whose owner stays to the end."""
    fills = _Key("hash")
    """E -> ``R DIGEST``: what rank R found E to hold after its first tuples."""
    accounts = _Key("hash")
    """R -> its sealed account: the sums of all that it has sent (shared Redis only)."""
    ordered = _Key("hash")
    """R -> number of orders that it was given (shared Redis only)."""
    lost = _Key("set")
    """Ranks declared lost: whatever they ask is refused."""
    congested = _Key("set")
    """``E:R``: rank R asks that no rank starts work that leads to E."""
    stats = _Key("hash")
    """Sums of what ranks have done, see `wire.statistics`."""
    dead = _Key("list")
    """Sealed dead letters that the head has not fetched yet."""
    reports = _Key("list")
    """Sealed reports that the head has not fetched yet."""
    places = _Key("zset")
    """``REACH:ORIGIN:PATH`` of all that is outstanding and has a place (`wire.place`)."""
    bounds = _Key("hash")
    """ORIGIN -> path of what it writes next."""
    waits = _Key("hash")
    """``REACH:ORIGIN R`` -> path: rank R can do nothing before all of the lane before it is finished."""
    sought = _Key("hash")
    """R -> ``N E``: rank R, which lives elsewhere, has found nothing but a task of E in the line of node
    N."""
    lines = _Key("hash")
    """N -> tasks in the line of that node."""
    head = _Key("hash")
    """Expires when the head has not looked for half a minute; ``lives``: a sign of that; ``client``: number
    of its connection. On a shared Redis only."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.prefix = f"hpcd4p:{run_id}:"

    def queue(self, element: int) -> str:
        """Tasks of `element` that wait: a list, oldest first, in the form of `transport.step_words`."""
        return f"{self.prefix}queue:{element}"

    def line(self, element: int) -> str:
        """Those that have places: a sorted set, ``PATH/ORIGIN/REACH`` by age."""
        return f"{self.prefix}line:{element}"

    def entry(self, element: int) -> str:
        """The same, with what is in a queue of the others: a hash, ``PATH/ORIGIN/REACH`` -> task."""
        return f"{self.prefix}entry:{element}"

    def near(self, node: int, element: int) -> str:
        """The same of those whose buffers lie on `node`, where ranks live on several."""
        return f"{self.prefix}near:{node}:{element}"

    def nodes(self, element: int) -> str:
        """Nodes that may have tasks of `element`; the others have none."""
        return f"{self.prefix}nodes:{element}"

    def wanted(self, porter: int) -> str:
        """What the head wants to have of what lies on a node: a list of sealed blocks."""
        return f"{self.prefix}wanted:{porter}"

    def given(self, porter: int) -> str:
        """What the head gets: a list with one sealed answer."""
        return f"{self.prefix}given:{porter}"

    def lease(self, rank: int) -> str:
        """Tasks that `rank` has: a list, in the order in which it has taken them."""
        return f"{self.prefix}lease:{rank}"

    def bell(self, rank: int) -> str:
        """Doorbell of `rank`: a list with a token that it blocks on, seldom two.

        ``m``: a message of the mesh has come; ``g``: the head is gone; ``1``: something else.
        """
        return f"{self.prefix}bell:{rank}"

    def orders(self, rank: int) -> str:
        """Orders of the head to `rank`: a list, oldest first."""
        return f"{self.prefix}orders:{rank}"

    def named(self, word: str) -> str:
        """The key that scripts call by `word`, its name without the prefix."""
        return self.prefix + word

    def word_of(self, key: str) -> str:
        """Inverse of `named`."""
        return key.removeprefix(self.prefix)

    def client(self, rank: int) -> str:
        """Name of the connection that shows that `rank` is alive; not a key."""
        return f"{self.prefix}{rank}"

    @property
    def queues(self) -> str:
        """Pattern of all queues, for messages."""
        return f"{self.prefix}queue:*"

    @property
    def all(self) -> str:
        """Pattern of all keys, for messages."""
        return f"{self.prefix}*"

    def types(self, elements: Sequence[int], size: int, nodes: int = 1) -> dict[str, str]:
        """All keys of a run of `size` ranks on so many nodes, with their types in Redis."""
        table = {self.prefix + key.name: key.kind for key in _ONES}
        for element in elements:
            table |= {self.queue(element): "list", self.line(element): "zset", self.entry(element): "hash"}
        for rank in range(size):
            table |= {key(rank): "list" for key in (self.bell, self.orders, self.lease)}
        return table | (self._of_nodes(elements, nodes) if nodes > 1 else {})

    def _of_nodes(self, elements: Sequence[int], nodes: int) -> dict[str, str]:
        from hpcd4p.wire.nodes import porter_of  # most runs are on one

        table = {self.nodes(element): "set" for element in elements}
        for element in elements:
            table |= {self.near(node, element): "list" for node in range(nodes)}
        for porter in map(porter_of, range(1, nodes)):
            every = self.bell, self.orders, self.lease, self.wanted, self.given
            table |= {key(porter): "list" for key in every}
        return table

    def lasting(self, elements: Sequence[int], nodes: int = 1) -> list[str]:
        """All keys but `head`, those of single ranks and porters, and the lines of nodes."""
        several = [self.nodes(element) for element in elements if nodes > 1]
        return [*(key for key in self.types(elements, 0) if key != self.head), *several]

    def every(self, elements: Sequence[int], size: int, nodes: int = 1) -> list[str]:
        """All keys of a run of `size` ranks on so many nodes."""
        return list(self.types(elements, size, nodes))


_ONES = [key for key in vars(Keys).values() if isinstance(key, _Key)]
