"""Everything that is drawn by lot in this workflow, each draw from (seed, item, name) alone.

So every engine, every number of ranks and every order of processing meets the same galaxies and the same
waiting times. Pure: no generator with a state, and the bits are those of BLAKE2b, on any machine and in any
version of Python.
"""

from __future__ import annotations

from bisect import bisect_right
from hashlib import blake2b

LATENCY_S = ((0.0, 0.226), (0.5, 0.32), (0.95, 0.49), (0.99, 0.62), (1.0, 1.18))
"""Quantiles of the time to answer one request, in seconds; linear between them.

The 95th percentile and the maximum are those measured for this workflow against VizieR (published runs of
dispel4py, 2023: mean 0.35, p95 0.49, max 1.18); minimum and median are chosen so that the mean is 0.35.
"""

_BITS = 53
"""Of a float in [0, 1)."""


def uniforms(seed: int, item: int, name: str, many: int = 1) -> list[float]:
    """Give `many` (at most 8) independent numbers in [0, 1)."""
    digest = blake2b(f"{seed} {item} {name}".encode(), digest_size=8 * many).digest()
    words = (int.from_bytes(digest[i : i + 8], "big") for i in range(0, 8 * many, 8))
    return [(word >> (64 - _BITS)) * 2.0**-_BITS for word in words]


def latency_of(seed: int, item: int) -> float:
    """Seconds that the service takes to answer for galaxy `item`, before any scaling.

    Examples
    --------
    >>> 0.226 <= latency_of(1, 1) <= 1.18
    True
    """
    (u,) = uniforms(seed, item, "latency")
    above = bisect_right(LATENCY_S, (u, 2.0))
    (u0, s0), (u1, s1) = LATENCY_S[above - 1], LATENCY_S[above]
    return s0 + (s1 - s0) * (u - u0) / (u1 - u0)


def heavy_delays_of(seed: int, item: int) -> tuple[float, float]:
    """Seconds that the heavy variant adds for galaxy `item`: when its table is fetched, and when it is read.

    The first is beta(2, 5) * 2 s, the second beta(2, 5) s, as in the skewed runs of dispel4py; together
    0.857 s in the mean.
    """
    return 2.0 * _beta_2_5(seed, item, "fetch"), _beta_2_5(seed, item, "filter")


def _beta_2_5(seed: int, item: int, name: str) -> float:
    # the k-th smallest of n uniform numbers has the distribution beta(k, n + 1 - k)
    return sorted(uniforms(seed, item, f"beta {name}", 6))[1]
