"""*order*: three stateless elements before a keyed one that is ordered, beside one that is not."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from statistics import median
from typing import NamedTuple

from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Of, Row, Target, pairs
from hpcd4p.bench.latency import quantile
from hpcd4p.plan.settings import EngineSettings

LEAST_RATE = 0.95
"""Part of the tuples per second that there are without an order."""

MOST_LATENCY = 2.0
"""Times the latency without an order, of 99 in 100 tuples, at half of the saturation."""

GROWTH_MB = 100.0
FEW = 100_000

LAWS = {"uniform": "uniform times", "heavy": "heavy-tailed times"}

ANY = "ordered = False"


class Case(NamedTuple):
    """A speed at which the ratio is measured."""

    workload: str
    ranks: int
    what: str
    full: int
    quick: int


QUICK = Case("quick", 4, "quick tuples, n=4", 1_000_000, 20_000)
SLOW = Case("slow", 16, "tuples of 5 ms, n=16", 20_000, 500)
ALONE = Case("quick", 0, "quick tuples, one process", 1_000_000, 20_000)


def rows(bench: Bench) -> Iterator[Row]:
    """Rates beside each other, latencies, and the memory that many tuples take."""
    for law in LAWS:
        yield _rate(bench, QUICK, law)
    saturation = 0.0
    for law in LAWS:
        row = _rate(bench, SLOW, law)
        yield row
        if law == "uniform":
            saturation = median(row.reference)
    yield _rate(bench, ALONE, "uniform")
    yield from _latency(bench, max(1, int(saturation / 2)))
    for law in LAWS:
        yield from _memory(bench, law)


def _rate(bench: Bench, case: Case, law: str) -> Row:
    calls = bench.size(case.full, case.quick)

    def rate(order: str) -> float:
        return bench.rate(f"{order}_{case.workload}_{law}", calls, case.ranks)

    pair = pairs(partial(rate, "order"), {ANY: partial(rate, "any_order")}, bench.repeats)[ANY]
    what = f"{case.what}, {LAWS[law]}"
    return Row("order", what, "tuples/s", pair.ours, ANY, pair.other, Target(LEAST_RATE, at_least=True))


def _latency(bench: Bench, rate: int) -> Iterator[Row]:
    def run(order: str) -> list[float]:
        return [1e3 * sum(ways) for ways in bench.run(f"{order}_paced", rate, SLOW.ranks).ways]

    pair = pairs(partial(run, "order"), {ANY: partial(run, "any_order")}, bench.repeats)[ANY]
    what = f"{SLOW.what}, {rate:,} a second (half of the most)"
    for part, name in ((0.5, "median"), (0.99, "99 of 100 within")):
        ours, other = ([quantile(each, part) for each in side] for side in (pair.ours, pair.other))
        target = Target(MOST_LATENCY, at_least=False) if part > 0.5 else None
        yield Row("order", f"{what}: {name}", "ms", ours, ANY, other, target)


def _memory(bench: Bench, law: str) -> Iterator[Row]:
    """What the ranks that hold partitions keep. Measured once: it takes long, and does not vary."""
    many, few = bench.size(10_000_000, 200_000), bench.size(FEW, 20_000)
    peaks, waited = [], []
    for calls in (many, few):
        summary = bench.run(f"order_quick_{law}", calls, QUICK.ranks).summary
        owners = [f for f in summary["ranks_figures"] if "stateful" in f["role"]]
        peaks.append(max(f["peak_rss_bytes"] for f in owners) / 1e6)
        waited.append(float(max(e["waited_most"] for e in summary["elements"])))
    what = f"{many:,} quick tuples, {LAWS[law]}"
    target = Target(GROWTH_MB, at_least=False, of=Of.DIFFERENCE)
    yield Row("order", f"{what}: largest owner", "MB", peaks[:1], f"{few:,} tuples", peaks[1:], target)
    mark = float(EngineSettings().inbox_high_tuples)
    yield Row("order", f"{what}: waited at once", "tuples", waited[:1], "senders pause at", [mark])
