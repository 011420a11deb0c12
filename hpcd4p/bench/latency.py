"""*latency*: from a source's write to the sink of the run, at rates far below what the engine can do.

The workflow writes the instants itself, by the clock of this host, which its processes share. One percent of
the tuples is judged, so it takes a machine that nobody else uses: a core that another program has for 5 ms is
in the figure. A source that writes 10,000 times a second needs a good part of a core of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Of, Row, Target

MOST_MS = 5.0

RATES = (10, 100, 1_000, 10_000)
SIZES = (4, 8)

WAYS = {"latency": "source, pool, sink", "latency_keyed": "source, pool, partitions, sink"}
"""Workload: where its tuples go."""


def rows(bench: Bench) -> Iterator[Row]:
    """Median, and what 99 of 100 tuples take, for each rate and number of ranks."""
    for workload, way in WAYS.items():
        for ranks in SIZES:
            for rate in RATES if not bench.quick else RATES[1:2]:
                yield from _rows(bench, workload, way, rate, ranks)


def _rows(bench: Bench, workload: str, way: str, rate: int, ranks: int) -> Iterator[Row]:
    runs = [[1e3 * sum(ways) for ways in bench.run(workload, rate, ranks).ways] for _ in range(bench.repeats)]
    target = Target(MOST_MS, at_least=False, of=Of.VALUE) if workload == "latency" else None
    what = f"{way}, n={ranks}, {rate:,} a second"
    yield Row("latency", f"{what}: median", "ms", [quantile(run, 0.5) for run in runs])
    yield Row(
        "latency", f"{what}: 99 of 100 within", "ms", [quantile(run, 0.99) for run in runs], target=target
    )


def quantile(values: list[float], part: float) -> float:
    """Value that such a part of `values` does not exceed."""
    return sorted(values)[ceil(part * len(values)) - 1]
