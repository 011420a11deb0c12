"""(b) *keyed*: zipf words, tokenise, group-by count on 4 partitions, global top."""

from __future__ import annotations

from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Row
from hpcd4p.bench.throughput import throughput


def rows(bench: Bench) -> list[Row]:
    """5 times dispel4py's `simple` in process, no less on 4 ranks."""
    return throughput(bench, "keyed", 4_000_000, over_simple=5.0, with_loop=False)
