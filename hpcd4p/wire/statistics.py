"""What ranks have done, counted by element: as they send it, and as it is read. Pure.

A rank sends by how much each *field* of the run's hash ``stats`` has grown: a flat dictionary, made by the
functions here. The sums are read by `Statistics`. No other code knows the names of the fields.

==========  ====================================================================
field       holds
==========  ====================================================================
``n:E``     `Work.tuples` of element E
``u:E``     `Work.busy_us`
``o:E``     `Work.outputs`
``b:E``     `Work.written_bytes`
``m:E``     `Work.later_tuples`
``s:E``     `Work.later_busy_us`
``f:E``     `FailureCounts.tuples` of element E, exactly; and of them by `Cause`:
``r:E``     `FailureCounts.raised`
``w:E``     `FailureCounts.unsent`
``l:E``     `FailureCounts.unread`
``cpu``     `Statistics.cpu_us`
``queue``   `Statistics.queue_us`
``duty``    `Statistics.duty_us`
``aside``   `Statistics.aside_bytes`
``detour``  `Statistics.detour_bytes`
==========  ====================================================================
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import NamedTuple

BYTES_PER_US = 1000
"""About how many bytes a rank pickles, copies and sends in a microsecond."""

FEW_ELEMENTS = 100
"""With up to this many elements, statistics are part of every look."""

STATS_S_PER_ELEMENT = 0.0005
"""Statistics are a dozen numbers for each element: with thousands of elements they are read less often, so
that this takes a few hundredths of the time."""


def stats_s(elements: int) -> float:
    """Seconds from one look at the statistics of so many elements to the next, at least."""
    return STATS_S_PER_ELEMENT * elements if elements > FEW_ELEMENTS else 0.0


class Cause(StrEnum):
    """Why a tuple has failed; its letter names the field."""

    RAISED = "r"
    """Its element has raised."""
    UNSENT = "w"
    """Its element has written it, but it cannot be sent."""
    UNREAD = "l"
    """It has never reached its element."""
    OTHER = ""
    """A cause that says nothing about how an element does with its tuples."""


class Work(NamedTuple):
    """What instances of one element have done."""

    tuples: int = 0
    busy_us: int = 0
    outputs: int = 0
    written_bytes: int = 0
    """An estimate."""
    later_tuples: int = 0
    """Tuples without the first of each rank, which import and fill caches."""
    later_busy_us: int = 0
    """Microseconds inside the element with these."""


class FailureCounts(NamedTuple):
    """Tuples of one element that have failed."""

    tuples: int = 0
    raised: int = 0
    unsent: int = 0
    unread: int = 0


NO_WORK = Work()

_WORK = "nuobms"
"""Letters of the fields of `Work`, in their order."""

_FAILURES = ("f", Cause.RAISED, Cause.UNSENT, Cause.UNREAD)
"""Letters of the fields of `FailureCounts`."""

# ---- what is sent


def count_work(growth: dict[str, int], element: int, before: Work, now: Work) -> None:
    """Add to `growth` what an instance of `element` has done between two looks."""
    for letter, old, new in zip(_WORK, before, now, strict=True):
        if new != old:
            field = f"{letter}:{element}"
            growth[field] = growth.get(field, 0) + new - old


def count_failures(growth: dict[str, int], element: int, cause: Cause, tuples: int) -> None:
    """Add tuples of `element` that have failed to `growth`."""
    for letter in ("f", cause) if cause else ("f",):
        field = f"{letter}:{element}"
        growth[field] = growth.get(field, 0) + tuples


def count_cores(growth: dict[str, int], cpu_us: int, queue_us: int) -> None:
    """Add time on a core, and in the queue for one, to `growth`."""
    for field, us in (("cpu", cpu_us), ("queue", queue_us)):
        if us > 0:
            growth[field] = growth.get(field, 0) + us


def count_duty(growth: dict[str, int], stateful: Collection[int]) -> None:
    """Add to `growth` what is in it of work for these elements, as the duty of a rank of the pool."""
    us = sum(grown for field, grown in growth.items() if field[:2] == "u:" and int(field[2:]) in stateful)
    if us > 0:
        growth["duty"] = growth.get("duty", 0) + us


def count_buffers(growth: dict[str, int], size: int, aside: bool) -> None:
    """Add the bytes of large buffers to `growth`: whether they lie in shared memory, or had no room there."""
    field = "aside" if aside else "detour"
    growth[field] = growth.get(field, 0) + size


def add(sums: dict[str, int], growth: dict[str, int]) -> None:
    """Add what was sent to `sums`."""
    for field, value in growth.items():
        sums[field] = sums.get(field, 0) + value


# ---- what is read


class Statistics:
    """The sums of a run so far.

    Attributes
    ----------
    fields
        The sums, by field.

    Examples
    --------
    >>> growth = {}
    >>> count_work(growth, 3, NO_WORK, Work(tuples=10, busy_us=500))
    >>> count_failures(growth, 3, Cause.RAISED, 2)
    >>> stats = Statistics(growth)
    >>> stats.work(3).busy_us, stats.failures(3).raised, stats.failed, stats.service_us()
    (500, 2, 2, {3: 50.0})
    """

    __slots__ = ("fields",)

    def __init__(self, fields: dict[str, int] | None = None) -> None:
        self.fields = fields if fields is not None else {}

    @property
    def done(self) -> int:
        """A number that grows with whatever is done: tuples taken in, written, or failed."""
        return sum(value for field, value in self.fields.items() if field[:2] in ("n:", "o:", "f:"))

    def without_work(self, elements: Collection[int]) -> dict[str, int]:
        """The sums, but for what instances of these have done; what has failed stays."""
        left_out = {f"{letter}:{element}" for letter in _WORK for element in elements}
        return {field: value for field, value in self.fields.items() if field not in left_out}

    @classmethod
    def read(cls, pairs: Iterable[tuple[bytes, bytes]]) -> Statistics:
        """The statistics in the hash; may raise `ValueError` for what no rank has written."""
        return cls({field.decode(): int(value) for field, value in pairs})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Statistics) and self.fields == other.fields

    __hash__ = None  # type: ignore[assignment]  # it may grow

    def __repr__(self) -> str:
        return f"Statistics({self.fields})"

    def work(self, element: int) -> Work:
        """What `element` has done."""
        get, after = self.fields.get, f":{element}"
        return Work(*[get(letter + after, 0) for letter in _WORK])

    def failures(self, element: int) -> FailureCounts:
        """Tuples of `element` that have failed."""
        get, after = self.fields.get, f":{element}"
        return FailureCounts(*[get(letter + after, 0) for letter in _FAILURES])

    @property
    def tuples(self) -> int:
        """Tuples that elements have worked on, calls of sources included."""
        return self._sum("n:")

    @property
    def busy_us(self) -> int:
        """Microseconds inside elements."""
        return self._sum("u:")

    @property
    def failed(self) -> int:
        """Tuples that have failed."""
        return self._sum("f:")

    @property
    def cpu_us(self) -> int:
        """Microseconds that ranks of the pool were on a core while they worked."""
        return self.fields.get("cpu", 0)

    @property
    def queue_us(self) -> int:
        """Microseconds that they were ready to run meanwhile, and had no core."""
        return self.fields.get("queue", 0)

    @property
    def duty_us(self) -> int:
        """Microseconds that ranks of the pool were inside elements of which partitions have moved to them."""
        return self.fields.get("duty", 0)

    @property
    def aside_bytes(self) -> int:
        """Bytes of the buffers of tasks that lay in shared memory."""
        return self.fields.get("aside", 0)

    @property
    def detour_bytes(self) -> int:
        """Bytes of those that went through Redis, for there was no room in shared memory."""
        return self.fields.get("detour", 0)

    def _sum(self, start: str) -> int:
        return sum(value for field, value in self.fields.items() if field.startswith(start))

    def core_share(self) -> float | None:
        """The part of a core that the work would take if cores were free; None: not known yet."""
        busy_us = sum(us for field, us in self.fields.items() if field[:2] == "u:")
        if not (self.cpu_us and busy_us):
            return None
        # on full cores each short piece of work waits for one: that is not the work's
        return self.cpu_us / max(self.cpu_us, busy_us - self.queue_us)

    def service_us(self) -> dict[int, float]:
        """Microseconds per tuple by element, where any was worked on."""
        get = self.fields.get
        service: dict[int, float] = {}
        # those after the first, which import and fill caches; at the start there are no others
        for tuples, busy in (("n:", "u:"), ("m:", "s:")):
            for field, count in self.fields.items():
                if field[:2] == tuples and count > 0:
                    service[int(field[2:])] = get(busy + field[2:], 0) / count
        for element in service:
            run = get(f"n:{element}", 0)
            if run:  # what it writes takes time, too, further down
                service[element] += get(f"b:{element}", 0) / run / BYTES_PER_US
        return service
