"""When a rank was busy, parked and lent, in bins of time: a little memory for any length of run.

Pure arithmetic. All bins have one width; when an hour does not fit any more, two become one and the width
doubles. So the picture of a run has between half and all of its bins, and every second is in one.
"""

from __future__ import annotations

from array import array

FIRST_S = 0.002
"""Width of a bin at the start: a fifth of a task."""

MOST_BINS = 256
"""A picture is about a thousand pixels wide."""

FEW_BINS = 64
"""Bins in pools of more than `MANY_RANKS`: 10,000 ranks then send 5 MB to the head."""

MANY_RANKS = 1000


def bins_for(ranks: int) -> int:
    """Give how many bins each of `ranks` ranks may keep."""
    return FEW_BINS if ranks > MANY_RANKS else MOST_BINS


class Timeline:
    """Of one rank; times are seconds since its start, never before 0.

    Parameters
    ----------
    most
        Bins at most; an even number.

    Examples
    --------
    >>> line = Timeline(4)
    >>> line.busy(0.001, 0.003)
    >>> width_s, busy, parked, lent = line.bins()
    >>> width_s, [round(b, 6) for b in busy]
    (0.002, [0.001, 0.001])
    """

    def __init__(self, most: int = MOST_BINS) -> None:
        self._most = most
        self._width_s = FIRST_S
        self._span_s = most * FIRST_S
        self._busy = [0.0] * most
        self._parked = [0.0] * most
        self._lent = [0.0] * most

    def busy(self, begin_s: float, end_s: float) -> None:
        """Note that it was inside elements. Takes less than a microsecond, unless the time is long."""
        if end_s >= self._span_s:
            self._widen(end_s)
        self._add(self._busy, begin_s, end_s, 1.0)

    def not_busy(self, begin_s: float, end_s: float) -> None:
        """Note that it was not inside elements, in a part of a time that counts as busy."""
        if end_s >= self._span_s:
            self._widen(end_s)
        self._add(self._busy, begin_s, end_s, -1.0)

    def parked(self, begin_s: float, end_s: float) -> None:
        """Note that it was parked."""
        if end_s >= self._span_s:
            self._widen(end_s)
        self._add(self._parked, begin_s, end_s, 1.0)

    def lent(self, begin_s: float, end_s: float) -> None:
        """Note that a task of the pool ran beside its own work."""
        if end_s >= self._span_s:
            self._widen(end_s)
        self._add(self._lent, begin_s, end_s, 1.0)

    def bins(self) -> tuple[float, array[float], array[float], array[float]]:
        """(width of a bin, seconds busy, parked and lent in each); the last bins may be left out if 0."""
        return self._width_s, _trimmed(self._busy), _trimmed(self._parked), _trimmed(self._lent)

    def _add(self, bins: list[float], begin_s: float, end_s: float, sign: float) -> None:
        width_s = self._width_s
        first, last = int(begin_s / width_s), int(end_s / width_s)
        if first == last:
            bins[first] += sign * (end_s - begin_s)
            return
        bins[first] += sign * ((first + 1) * width_s - begin_s)
        for i in range(first + 1, last):
            bins[i] += sign * width_s
        bins[last] += sign * (end_s - last * width_s)

    def _widen(self, end_s: float) -> None:
        while end_s >= self._span_s:
            self._width_s *= 2
            self._span_s *= 2
            self._busy = self._halved(self._busy)
            self._parked = self._halved(self._parked)
            self._lent = self._halved(self._lent)

    def _halved(self, bins: list[float]) -> list[float]:
        return [a + b for a, b in zip(bins[::2], bins[1::2], strict=True)] + [0.0] * (self._most // 2)


def _trimmed(bins: list[float]) -> array[float]:
    used = len(bins)
    while used and bins[used - 1] == 0.0:
        used -= 1
    return array("f", bins[:used])
