"""What the Redis of a run would hold, in one process: no sockets, no threads, no clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from hpcd4p.transport.broker import Heard
from hpcd4p.transport.memory_places import MemoryPlaces
from hpcd4p.wire.ask import Awaited
from hpcd4p.wire.codec import block_of, weight
from hpcd4p.wire.messages import Books, Task
from hpcd4p.wire.nodes import Nodes, node_of, porter_of
from hpcd4p.wire.orders import Order


@dataclass
class MemoryStore:
    """The store; its fields have the names of the keys in `wire.keys.Keys`."""

    low: tuple[int, int] = (16, 1 << 24)
    max_attempts: int = 4
    streams: dict[int, deque[Task]] = field(default_factory=dict)
    nodes: Nodes = ()
    """The node of each rank; empty: all live on one."""
    near: dict[tuple[int, int], deque[Task]] = field(default_factory=dict)
    """By node and element."""
    sought: dict[int, tuple[int, int]] = field(default_factory=dict)
    porters: dict[int, Callable[[bytes], bytes]] = field(default_factory=dict)
    """What answers for a porter."""
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
    places: MemoryPlaces = field(default_factory=MemoryPlaces)
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

    def ring_idle(self, most: int, node: int | None = None) -> None:
        """Ring the bells of up to `most` idle ranks, lowest first; those of `node` before all others."""

        def turn(rank: int) -> tuple[bool, bool, bool, int, int]:
            lives = self.node(rank) or 0
            return rank in self.lending, rank == 0, node not in (None, lives), lives, rank

        for rank in sorted(self.idle, key=turn)[:most]:
            self.idle.discard(rank)
            self.bells[rank] = Heard.BELL

    def node(self, rank: int) -> int | None:
        """Where `rank` lives; None: where all live."""
        return node_of(rank, self.nodes) if self.nodes else None

    def idle_here(self, rank: int) -> int:
        """How many ranks of its node are idle, and lend nothing."""
        node = self.node(rank)
        idle = self.idle - self.lending
        return 0 if node is None else sum(self.node(each) == node for each in idle)

    def lines(self) -> dict[int, int]:
        """Tasks in the line of each node."""
        sums: dict[int, int] = {}
        for (node, _), line in self.near.items():
            sums[node] = sums.get(node, 0) + len(line)
        return {node: count for node, count in sums.items() if count}

    def sought_on(self, node: int) -> int:
        """Ranks elsewhere that have looked for a task in the line of `node`."""
        return sum(there == node for there, _ in self.sought.values())

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
            self.waiting(),
            {rank: len(mine) for rank, mine in self.leases.items()},
            len(self.dead),
            frozenset(self.congested),
            frozenset(self.lost),
            dict(self.fills),
            {r: self.ordered.get(r, 0) + len(self.orders.get(r, ())) for r in orders},
        )

    def waiting(self) -> dict[int, int]:
        """Tasks that wait, by element."""
        sums = {e: len(stream) for e, stream in self.streams.items()}
        for (_, e), line in self.near.items():
            sums[e] = sums.get(e, 0) + len(line)
        return sums

    def line(self, element: int, rank: int) -> deque[Task] | None:
        """Where `rank` takes a task of `element` from; empty or None: there is none."""
        node = self.node(rank)
        near = None if node is None else self.near.get((node, element))
        return near or self.streams.get(element)

    def lease(self, line: deque[Task], rank: int, task: Task | None = None) -> Task:
        """Give `rank` a task of a line; None: the first."""
        task = line[0] if task is None else task
        line.remove(task)
        task = task._replace(progress=self.progress_of(task))
        self.leases.setdefault(rank, {})[task.element, task.id] = task
        self.tasks -= 1
        self.bytes -= weight(task.payload)
        return task

    def all_tasks(self) -> Iterator[tuple[int | None, Task]]:
        """Those that are leased, each with its rank, and those that wait."""
        for rank, mine in self.leases.items():
            yield from ((rank, task) for task in mine.values())
        for line in [*self.near.values(), *self.streams.values()]:
            yield from ((None, task) for task in line)

    def awaited(self) -> list[Awaited]:
        """See `Broker.awaited`."""
        return self.places.awaited((rank, task, self.progress_of(task)) for rank, task in self.all_tasks())

    def missed(self, element: int) -> Task | None:
        """The task of `element` that waits, and that somebody waits for."""
        return self.places.missed_in(self.streams.get(element, ()), self.progress_of)

    def progress_of(self, task: Task) -> tuple[int, ...]:
        """What is committed of a task."""
        return self.progress.get((task.element, task.id), ())

    def seek(self, wanted: Sequence[int], rank: int) -> None:
        """Note that `rank` would run one of these and has found none that it can take."""
        found = [(node, e) for e in wanted for node, of in self.near if of == e and self.near[node, of]]
        if found and rank not in self.sought:
            self.sought[rank] = found[0]
            self.bells[porter_of(found[0][0])] = Heard.BELL

    def carry(self, porter: int) -> list[Task]:
        """See `Broker.carry`."""
        tasks = []
        for rank, (node, element) in list(self.sought.items()):
            if node != self.node(porter):
                continue
            del self.sought[rank]
            line = self.near.get((node, element))
            if line:
                tasks.append(self.lease(line, porter))
            else:  # another has taken it: there may be one of another element
                self.bells[rank] = Heard.BELL
        return tasks

    def put(self, task: Task, rank: int) -> bool:
        """Add a task of `rank` under a new id; whether it has gone into the line of its node."""
        self.entries += 1
        task = task._replace(id=str(self.entries))
        node = self.node(rank)
        self.tasks += 1
        self.bytes += weight(task.payload)
        if node is None or block_of(task.payload) is None:
            _line_up(task, self.streams.setdefault(task.element, deque()))
            return False
        self.near.setdefault((node, task.element), deque()).append(task)
        return True


def _line_up(task: Task, line: deque[Task]) -> None:
    """Put a task at the end, or where its place is: of an element whose tasks have places all have."""
    at = len(line)
    if task.place is not None:
        turn = task.place.age, task.place.path
        at = next((i for i, each in enumerate(line) if each.place and each.place[2:] > turn), at)
    line.insert(at, task)
