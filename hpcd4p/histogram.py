"""How times are spread: a histogram of bounded size, from half a nanosecond to months. Pure.

From each power of two to the next there are `PARTS` buckets of equal width. So a quantile is off by 1/32 of
itself at most, be it a microsecond or an hour; and histograms are merged without any loss, in any order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import frexp, ldexp
from typing import TypeVar

Key = TypeVar("Key")

PARTS = 16
"""Buckets of an octave: a quantile is the middle of its bucket, so it is off by 1/32 at most. Percentiles of
a run differ by more than that from one run to the next."""

LEAST = -30 * PARTS
"""The lowest bucket, which begins at 2^-31 s, half a nanosecond: less than a clock can tell."""

MOST = 23 * PARTS - 1
"""The highest bucket, which ends at 2^23 s: 97 days."""

Pairs = list[tuple[int, int]]
"""Number of a bucket, and how many tuples are in it; in order, without empty ones."""


def bucket_of(seconds: float) -> int:
    """The number of the bucket of a time; those outside all buckets are in the first or the last."""
    if seconds <= 0.0:
        return LEAST
    part, octave = frexp(seconds)  # part is in [0.5, 1)
    return max(LEAST, min(MOST, octave * PARTS + int((part - 0.5) * (2 * PARTS))))


def lower_edge(bucket: int) -> float:
    """Where a bucket begins, in seconds; the next one begins where it ends."""
    octave, part = divmod(bucket, PARTS)
    return ldexp(0.5 + part / (2 * PARTS), octave)


def middle_of(bucket: int) -> float:
    """The time that stands for all in a bucket, in seconds."""
    return 0.5 * (lower_edge(bucket) + lower_edge(bucket + 1))


class Histogram:
    """Times of tuples, in seconds.

    Attributes
    ----------
    counts
        Tuples by bucket; at most `MOST - LEAST + 1` of them.

    Examples
    --------
    >>> times = Histogram()
    >>> times.add(0.020, 99)
    >>> times.add(1.5)
    >>> times.tuples, round(times.quantile(0.5), 4), round(times.quantile(0.995), 1)
    (100, 0.0201, 1.5)
    """

    __slots__ = ("counts",)

    def __init__(self, pairs: Iterable[tuple[int, int]] = ()) -> None:
        self.counts: dict[int, int] = {}
        self.merge(pairs)

    def add(self, seconds: float, tuples: int = 1) -> None:
        """Count `tuples` that took so long, each."""
        bucket = bucket_of(seconds)
        self.counts[bucket] = self.counts.get(bucket, 0) + tuples

    def merge(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Count all that another one has counted: its `pairs`."""
        for bucket, tuples in pairs:
            self.counts[bucket] = self.counts.get(bucket, 0) + tuples

    def pairs(self) -> Pairs:
        """What it has counted; another thread may be adding to it."""
        return sorted(list(self.counts.items()))  # the list is made in one step, sorting is not

    def __bool__(self) -> bool:
        return bool(self.counts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and self.counts == other.counts

    __hash__ = None  # type: ignore[assignment]  # it grows

    @property
    def tuples(self) -> int:
        """How many it has counted."""
        return sum(self.counts.values())

    def quantile(self, part: float) -> float:
        """Seconds that this part of the tuples took at most, off by 1/32 of itself; 0 if there are none."""
        wanted, seen = part * self.tuples, 0
        for bucket, tuples in self.pairs():
            seen += tuples
            if seen >= wanted:
                return middle_of(bucket)
        return 0.0

    @property
    def mean(self) -> float:
        """The mean, as near as the buckets tell it; 0 if there are none."""
        tuples = self.tuples
        return sum(middle_of(b) * n for b, n in self.counts.items()) / tuples if tuples else 0.0


def merge_all(into: dict[Key, Histogram], more: Mapping[Key, Pairs]) -> None:
    """Merge histograms by what they are of."""
    for key, pairs in more.items():
        if key not in into:
            into[key] = Histogram()
        into[key].merge(pairs)


def all_pairs(histograms: Mapping[Key, Histogram]) -> dict[Key, Pairs]:
    """The pairs of histograms by what they are of: for `merge_all`."""
    return {key: histogram.pairs() for key, histogram in histograms.items()}
