"""Ratios of medians over repeats, with bootstrap intervals. Pure: the dice have a seed.

B. Efron, R. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13 (percentile intervals).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np

    Table = np.ndarray[Any, np.dtype[Any]]

RESAMPLES = 4000
"""Ends of a 95 % interval rest on 100 resamples each."""

LEVEL = 0.95

SEED = 2023

FEWEST_REPEATS = 3
"""With fewer repeats the resamples say nothing about how runs differ."""


class Interval(NamedTuple):
    """Ends of a confidence interval of `LEVEL`."""

    low: float
    high: float


@dataclass(frozen=True)
class Ratio:
    """One median divided by another.

    Attributes
    ----------
    value : float
        NaN where one of them is missing.
    interval : Interval | None
        None where one of the two has fewer than `FEWEST_REPEATS`.
    n, base_n : int
        Repeats above and below the line; for a mean over ratios the fewest of any.
    """

    value: float
    interval: Interval | None
    n: int
    base_n: int

    @property
    def known(self) -> bool:
        """Whether there is a ratio at all."""
        return math.isfinite(self.value)

    @property
    def clear(self) -> bool:
        """Whether the interval leaves 1 out: the difference is more than the repeats differ."""
        return self.interval is not None and not self.interval.low <= 1 <= self.interval.high


UNKNOWN = Ratio(math.nan, None, 0, 0)


def resampled_medians(samples: Sequence[float], stream: int = 0) -> Table | None:
    """Give the medians of `RESAMPLES` resamples of `samples`; None if there are too few.

    `stream` numbers independent dice.
    """
    import numpy as np

    if len(samples) < FEWEST_REPEATS:
        return None
    values = np.asarray(samples, float)
    drawn: Table = np.median(values[_dice(len(values), stream)], axis=1)
    return drawn


@lru_cache(maxsize=64)
def _dice(n: int, stream: int) -> Table:
    import numpy as np

    return np.random.default_rng([SEED, stream]).integers(0, n, (RESAMPLES, n))


def ratio(samples: Sequence[float], base: Sequence[float]) -> Ratio:
    """Give median(samples) ÷ median(base), with a percentile bootstrap interval.

    Examples
    --------
    >>> measured = ratio([2.0, 2.1, 1.9], [1.0, 1.0, 1.1])
    >>> measured.value, measured.interval is not None, measured.n
    (2.0, True, 3)
    >>> ratio([2.0, 2.1], [1.0, 1.0, 1.1]).interval is None
    True
    """
    return mean_ratio([(samples, base)])


def mean_ratio(pairs: Sequence[tuple[Sequence[float], Sequence[float]]]) -> Ratio:
    """Give the geometric mean of the ratios of `pairs` (samples, base), with its interval.

    Pairs without samples on one side, or with a median of 0, are left out.
    """
    import numpy as np

    used = [(a, b) for a, b in pairs if len(a) and len(b) and np.median(a) > 0 and np.median(b) > 0]
    if not used:
        return UNKNOWN
    logs = [math.log(float(np.median(a)) / float(np.median(b))) for a, b in used]
    return Ratio(
        math.exp(sum(logs) / len(logs)), _interval(used), min(len(a) for a, _ in used),
        min(len(b) for _, b in used),
    )  # fmt: skip


def _interval(pairs: Sequence[tuple[Sequence[float], Sequence[float]]]) -> Interval | None:
    import numpy as np

    total: Any = 0.0
    for i, (samples, base) in enumerate(pairs):
        above, below = resampled_medians(samples, 2 * i), resampled_medians(base, 2 * i + 1)
        if above is None or below is None or not (above > 0).all() or not (below > 0).all():
            return None
        total = total + np.log(above / below)
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.exp(np.percentile(total / len(pairs), [tail, 100 - tail]))
    return Interval(float(low), float(high))
