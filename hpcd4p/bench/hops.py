"""(a) *hops*: the cost of the engine when the elements cost almost nothing."""

from __future__ import annotations

from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Row
from hpcd4p.bench.throughput import throughput


def rows(bench: Bench) -> list[Row]:
    """Source, three trivial elements, sink: 10 times dispel4py's `simple` in process, no less on 4 ranks."""
    return throughput(bench, "hops", 1_000_000, over_simple=10.0, with_loop=True)
