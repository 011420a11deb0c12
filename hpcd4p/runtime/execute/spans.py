"""What a rank did when, span by span, in a ring of fixed size (`--trace`). Imported by ranks that trace only.

A span is written when it ends. The ring keeps those that nobody has taken; when it is full, the oldest go,
and are counted.
"""

from __future__ import annotations

import os
from _thread import allocate_lock
from collections.abc import Callable
from struct import Struct
from typing import TYPE_CHECKING

from hpcd4p.live.run import resident_bytes
from hpcd4p.logs import module_log
from hpcd4p.record.spans import BESIDE, FORMAT, NOBODY, OWN, PADDING, SEVERAL, SIZE, Kind
from hpcd4p.wire.reports import Traced

if TYPE_CHECKING:
    from hpcd4p.runtime.clock import Clock

TELL_S = 1.0
"""A rank tells its spans so often: what is lost with it is not older."""

MEMORY_S = 1.0
"""Between two looks at the memory of the process, at first."""

MOST_LOOKS = 512
"""Looks at the memory that are kept; then every second one goes, and they become half as frequent."""

JOIN_S = 0.01
"""Two waits with nothing else between them are one if they are not farther apart than this."""

SHORT_S = 0.001
"""Calls of one element that follow each other, in one task, are one span up to this length: a rank with many
partitions has thousands of calls a second, and nobody looks at so many."""

GAP_S = 0.0001
"""If they are not farther apart than this."""

_log = module_log(__name__)

_SPAN = Struct(FORMAT)
_END = Struct("<d")
_END_AT = 8
_KIND_AT = SIZE - PADDING - 1

Ran = Callable[[float, float, int], None]
"""Takes when an element was called, when it came back, and for how many tuples it was."""


class Spans:
    """Those of one rank.

    Parameters
    ----------
    most
        Spans that the ring holds.

    Attributes
    ----------
    task
        Number of the task at hand; 0: none.

    Examples
    --------
    >>> from hpcd4p.runtime.clock import Clock
    >>> spans = Spans(1, 2, Clock(started=0.0))
    >>> ran = spans.writer(3, 0)
    >>> for begin in (1.0, 2.0, 3.0):
    ...     ran(begin, begin + 0.5, 10)
    >>> told = spans.told()
    >>> [_SPAN.unpack_from(told.spans, at)[:3] for at in (0, SIZE)], told.dropped
    ([(2.0, 2.5, 3), (3.0, 3.5, 3)], 1)
    """

    def __init__(self, rank: int, most: int, clock: Clock) -> None:
        self.task = 0
        self._tasks = 0
        self._rank = rank
        self._most = most
        self._clock = clock
        self._started = clock.started
        self._ring = bytearray(most * SIZE)
        self._count = 0
        """Spans that were ever written."""
        self._taken = 0
        """Of these, those that were taken, or had gone before."""
        self._element = NOBODY
        """Of the span that is open; `NOBODY`: none is."""
        self._partition = self._tuples = self._of_task = 0
        self._begin = self._end = self._busy_s = 0.0
        self._wait = -1
        """Number of the last span, if it is a wait that may go on."""
        self._wait_end = 0.0
        self._beside_end = 0.0
        self._parks = False
        self._told_at = clock.started
        self._memory: list[tuple[float, int]] = []
        self._look_at = clock.started
        self._look_s = MEMORY_S
        # the threads of sources write as well
        self._lock = allocate_lock()

    # ---- what happens

    def begin_task(self) -> None:
        """The next task is at hand."""
        self._tasks += 1
        self.task = self._tasks

    def writer(self, element: int, partition: int, lane: int = OWN) -> Ran:
        """What takes the calls of one instance."""

        def ran(began: float, ended: float, tuples: int) -> None:
            if (
                self._element == element
                and began - self._end < GAP_S
                and ended - self._begin < SHORT_S
                and self._of_task == self.task
            ):
                self._end = ended
                self._tuples += tuples
                self._busy_s += ended - began
                if self._partition != partition:
                    self._partition = SEVERAL
                return
            self._close()
            self._element, self._partition, self._of_task = element, partition, self.task
            self._begin, self._end, self._busy_s, self._tuples = began, ended, ended - began, tuples

        def ran_aside(began: float, ended: float, tuples: int) -> None:
            self._add(began, ended, Kind.RUN, element, partition, tuples, lane, ended - began)

        return ran if lane == OWN else ran_aside

    def _close(self) -> None:
        """Write the span that is open, if one is."""
        element, self._element = self._element, NOBODY
        if element != NOBODY:
            many, busy_s = self._tuples, self._busy_s
            self._add(self._begin, self._end, Kind.RUN, element, self._partition, many, OWN, busy_s)

    def beside(self, element: int, began: float, busy_s: float, tuples: int) -> None:
        """So long a process beside the rank was inside an element, for a task that began then."""
        begin = max(began, self._beside_end)
        self._beside_end = begin + busy_s
        self._add(begin, begin + busy_s, Kind.RUN, element, 0, tuples, BESIDE, busy_s)

    def waited(self, began: float, ended: float) -> None:
        """The rank has waited; what is not long after the wait before is one with it."""
        if self._parks:
            return
        self._close()
        with self._lock:
            goes_on = self._wait >= max(self._taken, self._count - self._most)
            if goes_on and began - self._wait_end < JOIN_S:
                at = self._wait % self._most * SIZE
                _END.pack_into(self._ring, at + _END_AT, ended - self._started)
                self._wait_end = ended
                return
        self._add(began, ended, Kind.WAIT)
        self._wait, self._wait_end = self._count - 1, ended

    def committed(self, began: float, ended: float) -> None:
        """The rank has committed."""
        self._close()
        self._add(began, ended, Kind.COMMIT)

    def parks(self) -> None:
        """From now on it is parked: its waits are a part of that."""
        self._parks = True

    def parked(self, began: float, ended: float) -> None:
        """It was parked."""
        self._parks = False
        self._close()
        self._add(began, ended, Kind.PARK)

    def undo(self, began: float) -> None:
        """What elements have done here since then does not count; it may have been taken already."""
        self._close()
        since = began - self._started
        with self._lock:
            for number in range(self._count - 1, max(self._taken, self._count - self._most) - 1, -1):
                at = number % self._most * SIZE
                begin, end, *_, lane, kind = _SPAN.unpack_from(self._ring, at)
                if end <= since:
                    break
                if begin >= since and lane == OWN and kind == Kind.RUN:
                    self._ring[at + _KIND_AT] = Kind.UNDONE

    def _add(
        self,
        began: float,
        ended: float,
        kind: Kind,
        element: int = NOBODY,
        partition: int = 0,
        tuples: int = 0,
        lane: int = OWN,
        busy_s: float = 0.0,
    ) -> None:
        started = self._started
        with self._lock:
            _SPAN.pack_into(
                self._ring,
                self._count % self._most * SIZE,
                began - started,
                ended - started,
                busy_s,
                element,
                partition,
                tuples,
                self._of_task if kind == Kind.RUN and lane == OWN else 0,
                lane,
                kind,
            )
            self._count += 1
            if lane == OWN:
                self._wait = -1
        if ended >= self._look_at:
            self._look(ended)

    def _look(self, now: float) -> None:
        held = resident_bytes(os.getpid())
        if held is not None:
            self._memory.append((now - self._started, held))
        if len(self._memory) > MOST_LOOKS:
            del self._memory[::2]
            self._look_s *= 2
        self._look_at = now + self._look_s

    # ---- what becomes of it

    def is_due(self, now: float) -> bool:
        """Whether it is time to tell what there is; rank 0 has nobody to tell it to."""
        return now - self._told_at >= TELL_S and self._rank != 0 and self._count > self._taken

    def told(self) -> Traced:
        """What there is, oldest first, for rank 0; it is not kept here any more."""
        self._told_at = self._clock.now()
        self._close()
        with self._lock:
            first = max(self._taken, self._count - self._most)
            dropped, many = first - self._taken, self._count - first
            at = first % self._most
            head = bytes(self._ring[at * SIZE : (at + many) * SIZE])
            rest = bytes(self._ring[: max(0, at + many - self._most) * SIZE])
            self._taken, self._wait = self._count, -1
        memory, self._memory = self._memory, []
        began = self._clock.instant(self._started)
        _log.debug("tells %d spans", many)
        return Traced(self._rank, began, head + rest, dropped, memory)
