"""When a run will end, and how sure that is, from how much of its work was done when. Pure."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt
from statistics import fmean, stdev

from hpcd4p.live.document import Expected

LEAST_WINDOWS = 4
"""Before there are so many the spread would be a guess."""

MOST_WINDOWS = 32
"""Then every second look is forgotten: windows twice as long say as much."""

LEAST_PART = 0.005
"""Of the work: before, what the start took counts for more than the work itself."""

DEVIATIONS = 1.28
"""Nine of ten are below so many deviations above the mean, and as many above it on the other side."""


class Forecast:
    """Of one run.

    The part of the work that is done grows with the mean speed so far; that is what is expected of the rest.
    The speeds of windows of equal length scatter. Over as many windows as are left, their mean scatters by
    the deviation of one, divided by the root of their number; and so does the mean that is known. A run whose
    speed has changed is somewhere between its mean speed and that of its last quarter: the spread holds both.

    Examples
    --------
    >>> forecast = Forecast(1.0)
    >>> for second in range(11):
    ...     forecast.add(float(second), second / 40)
    >>> forecast.left(10.0)
    Expected(left_s=30.0, soonest_s=30.0, latest_s=30.0)
    """

    def __init__(self, window_s: float = 1.0) -> None:
        self._window_s = window_s
        self._looks: list[tuple[float, float]] = []
        self._last = 0.0, 0.0

    def add(self, elapsed_s: float, part: float) -> None:
        """Take in which part of the work is done, from 0 to 1, so many seconds after the start.

        The first look is where this run has begun: one that goes on has something done by then.
        """
        self._last = elapsed_s, part
        if self._looks and elapsed_s < self._looks[-1][0] + self._window_s:
            return
        self._looks.append((elapsed_s, part))
        if len(self._looks) > MOST_WINDOWS:
            del self._looks[1::2]
            self._window_s *= 2

    def left(self, elapsed_s: float) -> Expected | None:
        """What is expected; None: it is too early to say."""
        if len(self._looks) <= LEAST_WINDOWS:
            return None
        (began_s, had), (now_s, part) = self._looks[0], self._last
        if part - had < LEAST_PART or now_s <= began_s:
            return None
        rest, mean = 1.0 - part, (part - had) / (now_s - began_s)
        left_s = rest / mean
        late_s = elapsed_s - now_s  # since it was known
        soonest, latest = self._speeds(mean, left_s)
        return Expected(
            max(0.0, left_s - late_s),
            max(0.0, rest / soonest - late_s),
            max(0.0, rest / latest - late_s) if latest > 0 else None,
        )

    def _speeds(self, mean: float, left_s: float) -> tuple[float, float]:
        """The greatest and the least mean speed of the rest, of nine and one in ten cases."""
        windows = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(self._looks)]
        lately = fmean(windows[-max(2, len(windows) // 4) :])
        window_s = (self._looks[-1][0] - self._looks[0][0]) / len(windows)
        to_come = max(1.0, left_s / window_s)
        off = DEVIATIONS * stdev(windows) * sqrt(1 / len(windows) + 1 / to_come)
        return max(mean, lately) + off, min(mean, lately) - off
