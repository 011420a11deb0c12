"""Service times as a record has them: drawn from the histograms of its elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from hpcd4p.histogram import Histogram, Pairs, lower_edge
from hpcd4p.simulation.service import Service

if TYPE_CHECKING:
    import numpy as np

    from hpcd4p.simulation.service import Draw

MOST_DRAWS = 16
"""Where more tuples than this come of one, their sum differs little from one to the next: its mean does."""

SAMPLE = 100_000
"""Draws from which the median and the 99th percentile of the sum are told."""


class Part(NamedTuple):
    """What one element takes."""

    times: Pairs
    """How its times are spread; empty: that is not known, each is `mean_s`."""
    mean_s: float
    per_tuple: float
    """So many of its tuples come of one tuple of the first element."""


def of_parts(text: str, parts: Sequence[Part]) -> Service:
    """What a tuple takes, with all that follows from it: what its elements take, drawn each by itself."""
    import numpy as np

    mean_s = sum(part.mean_s * part.per_tuple for part in parts)
    draws = [_sum_of(part, _draw(part)) for part in parts]

    def draw(dice: np.random.Generator, n: int) -> np.ndarray:
        return np.asarray(sum(each(dice, n) for each in draws))

    p50, p99 = np.quantile(draw(np.random.default_rng(0), SAMPLE), (0.5, 0.99))
    return Service(f"{text}: {mean_s:.4g} s on average, p50 {p50:.4g} s, p99 {p99:.4g} s", mean_s, draw)


def _sum_of(part: Part, one: Draw) -> Draw:
    """What all of its tuples that come of one take together."""
    import numpy as np

    whole, rest = divmod(part.per_tuple, 1.0)
    if whole > MOST_DRAWS:
        return lambda _, n: np.full(n, part.mean_s * part.per_tuple)

    def draw(dice: np.random.Generator, n: int) -> np.ndarray:
        total = np.zeros(n)
        for _ in range(int(whole)):
            total += one(dice, n)
        if rest:
            total += one(dice, n) * (dice.random(n) < rest)
        return total

    return draw


def _draw(part: Part) -> Draw:
    """A bucket as often as it was met, and any time in it; stretched to the mean that was measured."""
    import numpy as np

    counted = Histogram(part.times).mean
    if not counted:
        return lambda _, n: np.full(n, part.mean_s)
    tuples = np.array([many for _, many in part.times], dtype=float)
    low = np.array([lower_edge(bucket) for bucket, _ in part.times])
    width = np.array([lower_edge(bucket + 1) for bucket, _ in part.times]) - low
    ends, stretch = tuples.cumsum() / tuples.sum(), part.mean_s / counted

    def draw(dice: np.random.Generator, n: int) -> np.ndarray:
        at = np.minimum(ends.searchsorted(dice.random(n), side="right"), len(ends) - 1)
        return np.asarray(stretch * (low[at] + width[at] * dice.random(n)))

    return draw
