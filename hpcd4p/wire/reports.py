"""What ranks report to the head, sealed. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from hpcd4p.wire.codec import REPORT, Codec, about
from hpcd4p.wire.cut_reports import AtCut, Saved
from hpcd4p.wire.value import Value

if TYPE_CHECKING:
    from array import array


class Reason(StrEnum):
    """Why a rank cannot go on."""

    ELEMENT = "element"
    """An element cannot be made, or has ended its process."""
    CHECKPOINT = "checkpoint"
    """It does not see the checkpoints of rank 0, or cannot read them."""
    FOREIGN = "foreign"
    """A key of the run holds what the run has not written."""
    ENGINE = "engine"
    """A bug."""


class Claimed(Value):
    """An element that was planned as stateless has changed; `rank` does all its work.

    Attributes
    ----------
    changed
        What of it, in words.
    """

    __slots__ = ("rank", "element", "changed")  # noqa: RUF023  # in the order of the arguments

    def __init__(self, rank: int, element: int, changed: str) -> None:
        self.rank = rank
        self.element = element
        self.changed = changed


class Doubted(Value):
    """An element that was planned as stateless has changed on `rank`, after other ranks had run it, too.

    Attributes
    ----------
    changed
        What of it, in words.
    """

    __slots__ = ("rank", "element", "changed")  # noqa: RUF023  # in the order of the arguments

    def __init__(self, rank: int, element: int, changed: str) -> None:
        self.rank = rank
        self.element = element
        self.changed = changed


class Judged(Value):
    """A task with which ranks had died has run apart.

    Attributes
    ----------
    guilty
        Whether a tuple of it has ended the process.
    """

    __slots__ = ("rank", "element", "guilty")  # noqa: RUF023  # in the order of the arguments

    def __init__(self, rank: int, element: int, guilty: bool) -> None:
        self.rank = rank
        self.element = element
        self.guilty = guilty


class Bins(Value):
    """When a rank was busy, parked and lent, in bins of equal width; bins missing at the end are 0.

    Attributes
    ----------
    began
        When the first begins: seconds since 1970.
    """

    __slots__ = ("began", "width_s", "busy_s", "parked_s", "lent_s")  # noqa: RUF023  # in the order of the arguments

    def __init__(
        self,
        began: float,
        width_s: float,
        busy_s: array[float],
        parked_s: array[float],
        lent_s: array[float],
    ) -> None:
        self.began = began
        self.width_s = width_s
        self.busy_s = busy_s
        self.parked_s = parked_s
        self.lent_s = lent_s


class Usage(Value):
    """What a rank has done with its time: seconds, and numbers of tasks and tuples; bytes of memory."""

    __slots__ = (
        "active_s",
        "busy_s",
        "cpu_s",
        "host",
        "idle_s",
        "lent_s",
        "parked_s",
        "peak_rss_bytes",
        "pid",
        "rank",
        "role",
        "tasks",
        "tuples",
    )  # fmt: skip

    def __init__(
        self,
        rank: int,
        host: str = "",
        pid: int = 0,
        role: str = "",
        active_s: float = 0.0,
        busy_s: float = 0.0,
        idle_s: float = 0.0,
        parked_s: float = 0.0,
        lent_s: float = 0.0,
        cpu_s: float = 0.0,
        tasks: int = 0,
        tuples: int = 0,
        peak_rss_bytes: int = 0,
    ) -> None:
        self.rank = rank
        self.host = host
        self.pid = pid
        self.role = role
        self.active_s = active_s
        self.busy_s = busy_s
        self.idle_s = idle_s
        self.parked_s = parked_s
        self.lent_s = lent_s
        self.cpu_s = cpu_s
        self.tasks = tasks
        self.tuples = tuples
        self.peak_rss_bytes = peak_rss_bytes

    def named(self) -> dict[str, Any]:
        """Its parts by name: fields of `record.summary.RankFigures`."""
        return {name: getattr(self, name) for name in self.__slots__}


class Figures(Value):
    """The last report of a rank that was told to stop.

    Attributes
    ----------
    doubted
        Elements that it had not checked for changes after their last tuples.
    turns
        By ordered element: tuples that came through the pool, seconds that they waited for their turn, in
        all, most that did at once, and the longest wait.
    """

    __slots__ = ("rank", "usage", "bins", "doubted", "turns")  # noqa: RUF023  # in the order of the arguments

    def __init__(
        self,
        rank: int,
        usage: Usage,
        bins: Bins,
        doubted: list[Doubted],
        turns: dict[int, tuple[int, float, int, float]] | None = None,
    ) -> None:
        self.rank = rank
        self.usage = usage
        self.bins = bins
        self.doubted = doubted
        self.turns = turns or {}


class Failed(Value):
    """The last report of a rank that cannot go on."""

    __slots__ = ("rank", "reason", "text")

    def __init__(self, rank: int, reason: Reason, text: str) -> None:
        self.rank = rank
        self.reason = reason
        self.text = text


class Load(Value):
    """How busy a rank with partitions has been lately.

    Attributes
    ----------
    busy, on_core, queued
        Parts of the time in which it did not rest; in which it was on a core; in which it was ready for one.
    line_s
        About how many seconds of work are in line.
    partitions
        (element, partition, part of the time inside it) of those that had any work.
    keys
        Of the one with most work, if the rank is behind: (key as text, part of what is in line for it) of
        the most frequent ones.
    """

    __slots__ = ("rank", "busy", "on_core", "queued", "line_s", "partitions", "keys")  # noqa: RUF023  # in the order of the arguments

    def __init__(
        self,
        rank: int,
        busy: float,
        on_core: float,
        queued: float,
        line_s: float,
        partitions: list[tuple[int, int, float]],
        keys: list[tuple[str, float]] | None = None,
    ) -> None:
        self.rank = rank
        self.busy = busy
        self.on_core = on_core
        self.queued = queued
        self.line_s = line_s
        self.partitions = partitions
        self.keys = keys or []


class Adopted(Value):
    """A partition has come to `rank`, with its state, which took `size` bytes on the way."""

    __slots__ = ("rank", "element", "partition", "size")  # noqa: RUF023  # in the order of the arguments

    def __init__(self, rank: int, element: int, partition: int, size: int) -> None:
        self.rank = rank
        self.element = element
        self.partition = partition
        self.size = size


class Stays(Value):
    """A partition cannot be handed over by `rank`; `why`, in words."""

    __slots__ = ("rank", "element", "partition", "why")  # noqa: RUF023  # in the order of the arguments

    def __init__(self, rank: int, element: int, partition: int, why: str) -> None:
        self.rank = rank
        self.element = element
        self.partition = partition
        self.why = why


class Traced(Value):
    """What a rank has done since it told it last, with `--trace`: see `record.spans`.

    Attributes
    ----------
    began
        When the rank began, which its times are seconds since: seconds since 1970.
    dropped
        Spans that it had no room for until it told them.
    memory
        When it looked at its memory, and resident bytes.
    """

    __slots__ = ("rank", "began", "spans", "dropped", "memory")  # noqa: RUF023  # in the order of the arguments

    def __init__(
        self, rank: int, began: float, spans: bytes, dropped: int, memory: list[tuple[float, int]]
    ) -> None:
        self.rank, self.began, self.spans = rank, began, spans
        self.dropped, self.memory = dropped, memory


Report = Claimed | Doubted | Judged | Figures | Failed | Load | Adopted | Stays | AtCut | Saved | Traced


def seal(codec: Codec, report: Report) -> bytes:
    """The sealed report, as it is left for the head."""
    return codec.seal(report, about(REPORT))


def unseal(codec: Codec, sealed: bytes) -> Report:
    """Inverse of `seal`.

    Raises
    ------
    ForeignBytesError
        No rank of this run has sealed it.
    """
    report: Report = codec.open(sealed, about(REPORT))
    return report
