"""What the Redis of a run would hold, in one process: no sockets, no threads, no clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hpcd4p.transport.broker import Heard
from hpcd4p.wire.codec import weight
from hpcd4p.wire.messages import Books, Task
from hpcd4p.wire.orders import Order


@dataclass
class MemoryStore:
    """The store; its fields have the names of the keys in `wire.keys.Keys`."""

    low: tuple[int, int] = (16, 1 << 24)
    max_attempts: int = 4
    streams: dict[int, deque[Task]] = field(default_factory=dict)
    leases: dict[int, dict[tuple[int, str], Task]] = field(default_factory=dict)
    pending: dict[int, int] = field(default_factory=dict)
    committed: dict[int, int] = field(default_factory=dict)
    stats: dict[str, int] = field(default_factory=dict)
    progress: dict[tuple[int, str], tuple[int, ...]] = field(default_factory=dict)
    idle: set[int] = field(default_factory=set)
    lending: set[int] = field(default_factory=set)
    """Ranks that are rung after all others."""
    parked: set[int] = field(default_factory=set)
    bells: dict[int, Heard] = field(default_factory=dict)
    orders: dict[int, list[tuple[Order, int]]] = field(default_factory=dict)
    owners: dict[int, int] = field(default_factory=dict)
    firm: set[int] = field(default_factory=set)
    fills: dict[int, tuple[int, str]] = field(default_factory=dict)
    lost: set[int] = field(default_factory=set)
    congested: set[tuple[int, int]] = field(default_factory=set)
    dead: list[bytes] = field(default_factory=list)
    reports: list[bytes] = field(default_factory=list)
    alive: set[int] = field(default_factory=set)
    accounts: dict[int, bytes] = field(default_factory=dict)
    ordered: dict[int, int] = field(default_factory=dict)
    """How many orders each rank was given."""
    tasks: int = 0
    bytes: int = 0
    entries: int = 0
    clock: Callable[[], float] = lambda: 0.0
    waited_us: int = 0
    _counted: float = 0.0

    def count_waiting(self) -> None:
        """Add the time waited since the last call; called before each change of `idle`."""
        now = self.clock()
        self.waited_us += int(len(self.idle) * (now - self._counted) * 1e6)
        self._counted = now

    def ring_idle(self, most: int) -> None:
        """Ring the bells of up to `most` idle ranks, lowest first."""
        for rank in sorted(self.idle, key=lambda r: (r in self.lending, r == 0, r))[:most]:
            self.idle.discard(rank)
            self.bells[rank] = Heard.BELL

    def ring_owner(self, element: int) -> bool:
        """Ring the owner of `element`, if it has one."""
        owner = self.owners.get(element)
        if owner is None:
            return False
        self.idle.discard(owner)
        self.bells[owner] = Heard.BELL
        return True

    def books(self, orders: Sequence[int]) -> Books:
        """See `Books`."""
        return Books(
            dict(self.accounts),
            self.tasks,
            self.bytes,
            {e: len(stream) for e, stream in self.streams.items()},
            {rank: len(mine) for rank, mine in self.leases.items()},
            len(self.dead),
            frozenset(self.congested),
            frozenset(self.lost),
            dict(self.fills),
            {r: self.ordered.get(r, 0) + len(self.orders.get(r, ())) for r in orders},
        )

    def put(self, task: Task) -> None:
        """Add a task to its stream under a new id."""
        self.entries += 1
        self.streams.setdefault(task.element, deque()).append(task._replace(id=str(self.entries)))
        self.tasks += 1
        self.bytes += weight(task.payload)
