"""What rank 0 knows of its run besides the status, for `live.why`. Data only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class SourceFacts(NamedTuple):
    """A source that runs on rank 0 and has not ended."""

    element: str
    silent_s: float
    """Since something was taken from it."""
    held_back: float
    """Part of the looks lately at which it had to wait for room further down."""
    cpu: float | None = None
    """Part of a core that its thread has had lately; None: not known."""
    waits_for: str = ""
    """In words, what its thread waits for in the kernel; empty: nothing, or not known."""


class Behind(NamedTuple):
    """A rank that has more work for its partitions than it can do."""

    rank: int
    busy: float
    """Part of the time in which it did not rest."""
    line_s: float
    """Seconds of work in line."""
    element: str
    partition: int
    """The one with most work."""
    share: float
    """Part of the time of the rank, with what is in line, that this partition takes."""
    loaded: int
    """How many of its partitions have work."""
    partitions: int
    """Of the element."""
    keyed: bool
    """Whether the element is a `KeyedPE`."""
    keys: Sequence[tuple[str, float]] = ()
    """The keys that have most of what is in line for that partition, each with its part of it."""


class Turn(NamedTuple):
    """An ordered element that waits for an earlier tuple."""

    element: str
    awaited: str
    """The element that has the tuple."""
    holder: int | None
    """The rank that works on it; None: it waits for a rank."""
    wait_s: float


class Standing(NamedTuple):
    """Ranks with state that stand still for a checkpoint."""

    stood_s: float
    awaited: Sequence[int]
    """Ranks that do not stand yet."""
    elements: Sequence[str]
    """Elements of which these hold partitions with something to do."""


class InCall(NamedTuple):
    """A rank that has been inside one call for long."""

    rank: int
    since_s: float
    elements: Sequence[str]
    """In which it may be; one: in which it is."""
    host: str
    pid: int | None = None
    tuple_text: str = ""
    """The tuple, as text; empty: not known."""
    place: str = ""
    """Where in the code; empty: not known."""
    cpu: float | None = None
    """Part of a core that it has had lately; None: not known, as of ranks of other nodes."""
    state: str = ""
    """Of the process, the letter of the kernel: R, S, D, T; empty: not known."""
    waits_for: str = ""
    """See `SourceFacts`."""


class Kernel(NamedTuple):
    """What ranks with work were found to do, lately."""

    looks: int = 0
    """How often they were looked at."""
    blocked: float = 0.0
    """Part of them that waited in the kernel for a file (state D), on average."""
    locked: float = 0.0
    """Part of them that waited for a file lock."""
    ranks: Sequence[int] = ()
    """Of one or the other."""
    waits_for: str = ""
    """See `SourceFacts`, of one of these."""
    host: str = ""
    pid: int | None = None
    """Of this one."""


class Cores(NamedTuple):
    """The node of rank 0."""

    cores: int
    """That its processes may use."""
    ranks: int
    """Of the run, on this node."""
    load: float
    """Processes that want a core, on average of the last minute: those of others, too."""
    queued: float = 0.0
    """Part of their working time lately in which ranks were ready and waited for a core."""
    share: float | None = None
    """Part of a core that the work takes, while ranks are inside elements; None: not known."""
    used: float = 0.0
    """Cores that ranks have used lately, on all nodes."""


class Backlog(NamedTuple):
    """What waits in the broker, and from where on sources wait."""

    tasks: int
    most_tasks: int
    bytes: int
    most_bytes: int
    arrived: float = 0.0
    """Tuples/s lately that came to the pool."""
    done: float = 0.0
    """Tuples/s lately that it has done."""
    detour: float = 0.0
    """Bytes/s lately of large arrays that had no room in shared memory."""


class RunFacts(NamedTuple):
    """All of that."""

    cores: Cores
    backlog: Backlog = Backlog(0, 1, 0, 1)
    idle: float = 0.0
    """Ranks of the pool that waited for a task lately, on average."""
    parked: int = 0
    """Ranks of the pool that the auto-scaler has sent to sleep."""
    congested: Sequence[str] = ()
    """Stateful elements that have asked senders to wait."""
    sources: Sequence[SourceFacts] = ()
    behind: Sequence[Behind] = ()
    turn: Turn | None = None
    standing: Standing | None = None
    in_call: Sequence[InCall] = ()
    """The longest first."""
    kernel: Kernel = Kernel()
    writing: float = 0.0
    """Part of the time lately that rank 0 has spent on handing outputs to files, less what it computed."""
    redis_most_bytes: int | None = None
    """That the run's own Redis may use; None: it has none of its own."""
