"""How long each tuple takes its element: a histogram that costs less than `SHARE` of the time inside it.

What one call takes is known where a batch is of one tuple. Of a batch of several, every tuple is timed by
itself where that costs nothing beside it; else one tuple, of a batch now and then, which stands for all that
have come since the last. What stands for how many is decided before it is run, so slow tuples are no likelier
to be chosen. What is known travels to the head with commits, as what elements log does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from hpcd4p.histogram import Histogram, Pairs
from hpcd4p.wire.codec import LETTER, about

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpcd4p.runtime.clock import Clock
    from hpcd4p.runtime.execute.loops import Loop
    from hpcd4p.wire.codec import Codec
    from hpcd4p.wire.messages import Commit

SHARE = 0.001
"""Part of the time inside the element that the timing may take."""

EACH_S = 250e-6
"""Tuples that take this long on average are all timed: 0.5 µs for a call of the loop and a look at the clock
are 0.2 % of it."""

SINGLE_S = 0.4e-6
"""To count the time of a batch of one tuple."""

SAMPLE_S = 5e-6
"""To time one tuple out of a batch: three calls of the loop and four looks at the clock."""

SLICE_S = 8e-9
"""More, for each tuple of the batch: it is cut in two, and each tuple is touched twice for that."""

FREE = 8
"""So many tuples are timed whatever that costs: of elements that do little, too, something is to be known. It
is 40 µs, once."""

GOLDEN = 0.6180339887498949
"""Multiples of the golden section lie evenly between 0 and 1, and meet no period of a source."""


SERVED = "served"
"""First word of a letter with times."""

SEND_S = 0.5
"""Between two letters of a rank, with few ranks. What a rank has not sent when it is killed is not known."""

LETTERS_PER_S = 100.0
"""Letters of all ranks together, which the head reads: 50 µs each."""


class Timed(Protocol):
    """Whose tuples are timed: an instance."""

    busy_s: float
    """Seconds inside it; what of the batch at hand is spent elsewhere is taken off at once."""
    service_s: float
    """What a tuple takes, lately."""


class Timing:
    """Of the instances of one element on one rank.

    Parameters
    ----------
    whole
        Whether its element takes batches: then each of its tuples takes the part of a batch that it is.

    Attributes
    ----------
    times
        What is known since `take`.
    inside_s
        Seconds inside the element so far.
    due_s
        When it has been that long, the next batch is timed: until then it is just run.
    passed
        Tuples that were just run, for which the next that is timed stands.
    """

    __slots__ = ("_at", "_free", "_now", "_whole", "due_s", "inside_s", "passed", "times")

    def __init__(self, now: Callable[[], float], whole: bool) -> None:
        self.times = Histogram()
        self.due_s = self.inside_s = 0.0
        self.passed = 0
        self._whole = whole
        self._now = now
        self._free = FREE
        self._at = 0.0
        """Where the last sample was in its batch: from 0 to 1, evenly spread."""

    def take(self) -> Pairs:
        """What is known since the last call."""
        times, self.times = self.times, Histogram()
        return times.pairs()

    def stands_for(self, tuples: int, seconds: float) -> None:
        """Count tuples that took so long together elsewhere."""
        if tuples:
            self.times.add(seconds / tuples, tuples)

    def run(self, loop: Loop, port: str, values: list[Any] | range, timed: Timed) -> None:
        """Have `loop` run a batch that is due, and note how long its tuples take."""
        count = len(values)
        if count == 1 or self._whole:
            self._time_all(loop, port, values, timed)
        elif timed.service_s >= EACH_S:
            self._each(loop, port, values, timed)
        else:
            self._sample(loop, port, values, timed)

    def _time_all(self, loop: Loop, port: str, values: list[Any] | range, timed: Timed) -> None:
        """Time a batch of one tuple, or one that is taken as a whole."""
        count, inside = len(values), timed.busy_s
        began = self._now()
        loop(port, values)
        spent = self._now() - began + timed.busy_s - inside
        self._note(spent / count, count, 0.0 if spent >= EACH_S * count else SINGLE_S)

    def _note(self, seconds: float, tuples: int, cost_s: float) -> None:
        """Count what was timed, and leave so much time to the element that `cost_s` is its `SHARE`."""
        self.times.add(seconds, tuples + self.passed)
        self.passed = 0
        if self._free:
            self._free -= 1
        elif cost_s:
            self.due_s = self.inside_s + cost_s / SHARE

    def _each(self, loop: Loop, port: str, values: list[Any] | range, timed: Timed) -> None:
        now, add = self._now, self.times.add
        began, inside = now(), timed.busy_s
        for at in range(len(values)):
            loop(port, values[at : at + 1])
            ended, after = now(), timed.busy_s
            add(ended - began + after - inside)
            began, inside = ended, after

    def _sample(self, loop: Loop, port: str, values: list[Any] | range, timed: Timed) -> None:
        """Time one tuple: what a call of the loop takes without any is not its own."""
        now, count = self._now, len(values)
        self._at = (self._at + GOLDEN) % 1.0
        at = int(self._at * count)
        if at:
            loop(port, values[:at])
        before, inside = now(), timed.busy_s
        loop(port, values[:0])
        began = now()
        loop(port, values[at : at + 1])
        took = now() - began - (began - before) + timed.busy_s - inside
        self._note(max(took, 0.0), count, SAMPLE_S + SLICE_S * count)
        if at + 1 < count:
            loop(port, values[at + 1 :])


class Served:
    """Times of the elements of one rank that are not sent to the head yet.

    Parameters
    ----------
    size
        Ranks of the run.
    """

    def __init__(self, clock: Clock, size: int = 1) -> None:
        self._timings: dict[int, Timing] = {}
        self._every_s = max(SEND_S, size / LETTERS_PER_S)
        self._sent_at = clock.started

    def attend(self, element: int, timing: Timing) -> Timing:
        """Where the tuples of an instance of `element` are timed: all of its instances share the first."""
        return self._timings.setdefault(element, timing)

    def take(self) -> dict[int, Pairs]:
        """Times since the last call, by element that has any."""
        return {element: timing.take() for element, timing in self._timings.items() if timing.times}

    def post(self, commit: Commit, codec: Codec, now: float | None = None) -> None:
        """Send them with `commit`, if that is due at `now` (None: in any case)."""
        if now is not None:
            if now - self._sent_at < self._every_s:
                return
            self._sent_at = now
        if taken := self.take():
            commit.dead.append(codec.seal((SERVED, taken), about(LETTER)))
