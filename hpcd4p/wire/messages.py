"""What ranks say to the broker and to each other. Data only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from hpcd4p.wire.block import Block
from hpcd4p.wire.orders import Order
from hpcd4p.wire.statistics import Statistics, add

if TYPE_CHECKING:
    from hpcd4p.wire.place import Place

STATE, MARK, PASSED = "\0state", "\0mark", "\0passed"
"""Ports of what travels with a partition that moves: its state, as (bytes, epoch); that a sender, as
(rank, epoch), has sent the last to where it was before; and that all of an origin which comes there has been
sent on. No user would give these names. Each counts as a tuple."""

TRAVELS = frozenset({STATE, MARK, PASSED})
"""Ports of what is for no instance."""


class Segment(NamedTuple):
    """Tuples for one partition of one stateful element."""

    element: int
    partition: int
    port: str
    values: list[Any]


class Publication(NamedTuple):
    """A new task: a sealed batch of tuples for a pool element."""

    element: int
    tuples: int
    payload: bytes | memoryview
    attempts: int = 0
    """1 if it comes from a suspected task: then it is suspected as well."""
    progress: tuple[int, ...] = ()
    """See `Task`: of one that a checkpoint has kept."""
    beside: str = ""
    place: Place | None = None
    """These as well."""


class Task(NamedTuple):
    """A task that is leased by the rank that reads this."""

    element: int
    id: str
    tuples: int
    payload: bytes | memoryview
    attempts: int
    """How many ranks died with it, or processes beside one."""
    progress: tuple[int, ...]
    """Empty, or how much of it a dead rank has committed: dead letters, then writes per output. The rank that
    runs it again skips as many."""
    beside: str = ""
    """If a process beside a rank is among those that died: that rank, a space, and how it died."""
    place: Place | None = None
    """When it was published, if it leads to what is ordered. Its `progress` ends with the numbers taken."""


class Commit:
    """What becomes visible all at once, or not at all; false if it is empty.

    Attributes
    ----------
    tx : int
        Number of the newest transaction in it; 0 if it holds none (only statistics, for example).
    done : list of (element, id)
        Tasks finished.
    progress : list of (element, id, progress)
        Tasks partly committed, with what is from now on their `Task.progress`.
    counts : dict
        Change of the number of unfinished tuples, by element.
    publish : list of Publication
        New tasks.
    dead : list of bytes
        Sealed failures: (kind, tuples, dead letter of one of them or None); and log lines of elements.
    stats : dict
        By how much the run's statistics grow, see `wire.statistics`.
    spent : list of Block
        What this rank releases once it is accepted; the broker does not hear of it.
    begun, settled, bounds
        Places that are outstanding from now on, besides those of `publish`; those that are no longer; and by
        origin, the path of what it writes next.
    """

    # not a dataclass: importing that module costs every rank 5 ms (DECISIONS.md)
    __slots__ = (
        "begun", "bounds", "counts", "dead", "done", "progress", "publish", "settled", "spent", "stats", "tx",
    )  # fmt: skip

    def __init__(self, tx: int = 0, counts: dict[int, int] | None = None) -> None:
        self.tx = tx
        self.counts = counts or {}
        self.done: list[tuple[int, str]] = []
        self.progress: list[tuple[int, str, tuple[int, ...]]] = []
        self.publish: list[Publication] = []
        self.dead: list[bytes] = []
        self.stats: dict[str, int] = {}
        self.spent: list[Block] = []
        self.begun: list[Place] = []
        self.settled: list[Place] = []
        self.bounds: dict[int, str] = {}

    def add(self, other: Commit) -> None:
        """Join a later commit of the same rank to this one."""
        self.tx = max(self.tx, other.tx)
        if self.progress and other.done:  # what is done has no progress any more
            self.progress = [each for each in self.progress if each[:2] not in other.done]
        self.done += other.done
        self.progress += other.progress
        for element, delta in other.counts.items():
            self.counts[element] = self.counts.get(element, 0) + delta
        self.publish += other.publish
        self.dead += other.dead
        self.spent += other.spent
        self.begun += other.begun
        self.settled += other.settled
        self.bounds |= other.bounds
        add(self.stats, other.stats)

    def ring_at(self, place: Place) -> None:
        """Have who waits for what comes before `place` look again, as if that was written and is finished."""
        self.begun.append(place)
        self.settled.append(place)

    def __bool__(self) -> bool:
        return bool(
            self.tx or self.counts or self.stats or self.done or self.publish or self.dead or self.progress
        )


class Reply:
    """What the broker answers to a step.

    Attributes
    ----------
    accepted : bool
        False: this rank was declared lost; nothing of the step was done and nothing ever will be.
    spoiled : str
        A key that is not as this rank left it; then the step was not accepted either.
    task : Task or None
    idle, tasks, size : int
        Pool ranks that wait for a task; tasks that wait, and their payload bytes.
    idle_here, near : int
        Of these, the ranks of this rank's node, and the tasks in its line; 0 where all are on one node.
    sought : int
        Ranks elsewhere that have looked for a task in the line of the head's node.
    waiting : dict
        Tasks that wait, by element; only for a rank in the middle of a call.
    orders : list of Order
        Orders of the head to this rank, oldest first.
    marks : list of int
        The mark of each order, see `transport.guard`; 0: none.
    congested : frozenset of int
        Stateful elements whose ranks are behind.
    owners : dict
        By pool element with undeclared state, the only rank that runs it.
    core_share : float or None
        See `Statistics.core_share` (only when service times are asked for).
    service_us : dict
        Measured service time by element, microseconds per tuple (only when asked).
    watermarks : dict
        By origin, a path: see `wire.place.watermarks` (only when asked).
    stalled : bool
        Whether somebody waits for what the task of `OrderAsk.at`, or one that nobody runs, will write.
    """

    __slots__ = (
        "accepted", "congested", "core_share", "idle", "idle_here", "marks", "near", "orders", "owners",
        "service_us", "size", "sought", "spoiled", "stalled", "task", "tasks", "waiting", "watermarks",
    )  # fmt: skip

    def __init__(
        self, accepted: bool, task: Task | None = None, idle: int = 0, tasks: int = 0, size: int = 0
    ) -> None:
        self.accepted = accepted
        self.task = task
        self.idle = idle
        self.tasks = tasks
        self.size = size
        self.idle_here = self.near = self.sought = 0
        self.waiting: dict[int, int] = {}
        self.orders: list[Order] = []
        self.marks: list[int] = []
        self.congested: frozenset[int] = frozenset()
        self.service_us: dict[int, float] = {}
        self.core_share: float | None = None
        self.owners: dict[int, int] = {}
        self.spoiled, self.stalled = "", False
        self.watermarks: dict[int, str] = {}


class Arrival(NamedTuple):
    """A message with keyed data that has come completely."""

    source: int
    tx: int
    frames: list[Any]


class Notice(NamedTuple):
    """`source` has committed all its transactions up to `tx`."""

    source: int
    tx: int


class Entry(NamedTuple):
    """What a rank vouches for with a call of the broker, on a Redis that others may write to."""

    account: bytes
    """Its sealed `wire.account.Account`, that call included."""
    orders: int
    """Orders that it has had."""


class Books(NamedTuple):
    """What the keys hold at one moment, for comparison with what the ranks have vouched for."""

    accounts: dict[int, bytes]
    tasks: int
    """Tasks that wait."""
    size: int
    """Bytes that wait, of tasks and letters."""
    waiting: dict[int, int]
    """Tasks that wait, by element."""
    leased: dict[int, int]
    """Tasks that are leased, by rank."""
    letters: int
    """Dead letters that have not been fetched."""
    congested: frozenset[tuple[int, int]]
    """(element, rank)"""
    lost: frozenset[int]
    fills: dict[int, tuple[int, str]]
    orders: dict[int, int]
    """For the ranks that were asked for: how many orders they were given, and those that still wait."""
    head: bool = True
    """Whether the head counts as alive."""


class Snapshot(NamedTuple):
    """What the broker holds at one moment, as far as a run needs it to go on from there."""

    pending: dict[int, int]
    """Unfinished tuples by element, where there are any."""
    tasks: list[Publication]
    """Those that are not done: leased ones first, then as they stand in line."""
    committed: dict[int, int]
    """Last committed transaction by rank."""
    dead: list[bytes]
    """Sealed failures and log lines that the head has not fetched."""
    stats: Statistics
    owners: dict[int, int]
    """As in `Reply`."""


class Observation(NamedTuple):
    """What the coordinator sees when it looks."""

    pending: dict[int, int]
    """Unfinished tuples by element, where there are any."""
    stats: Statistics
    tasks: int
    size: int
    """Payload bytes that wait."""
    idle: frozenset[int]
    """Pool ranks that wait for a task."""
    dead: list[bytes]
    alive: frozenset[int] | None
    """Ranks whose connection is open; None if that was not asked for."""
    committed: dict[int, int]
    """Last committed transaction by rank."""
    reports: list[bytes]
    """Sealed reports that have come in since the last look."""
    waited_us: int = 0
    """Microseconds that ranks have waited for a task so far, all together."""
    parked: frozenset[int] = frozenset()
    owners: dict[int, int] = {}
    """As in `Reply`."""
    books: Books | None = None
    """Only where ranks vouch for what they send."""
    sought: int = 0
    """As in `Reply`."""
    lines: dict[int, int] = {}
    """Tasks in the line of each node, where there are any."""
    untold: frozenset[int] = frozenset()
    """Ranks that have announced a report that has not come."""
