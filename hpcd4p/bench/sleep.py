"""(d) *sleep*: tasks that only wait; what is lost is lost by handing them out badly."""

from __future__ import annotations

from hpcd4p.bench import peers
from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Row, Target, pairs
from hpcd4p.bench.workloads import naps_s

RANKS = 16
OVER_BOUND = 1.05


def bound_s(calls: int, pool: int) -> float:
    """Least time in which `pool` ranks can sleep what there is to sleep: no more at once, no item split."""
    naps = [sum(naps_s(item)) for item in range(1, calls + 1)]
    return max(sum(naps) / pool, max(naps))


def rows(bench: Bench) -> list[Row]:
    """Seconds on 16 ranks against the bound of the pool ranks among them."""
    calls = bench.size(400, 100)
    pool: list[int] = []

    def ours() -> float:
        outcome = bench.run("sleep", calls, RANKS)
        pool.append(outcome.pool)
        return outcome.elapsed_s

    alone = [ours() for _ in range(bench.repeats)]
    least = [bound_s(calls, pool[0])]
    name = f"sleep ÷ {pool[0]} ranks"
    rows = [Row("sleep", "n=16", "s", alone, name, least, Target(OVER_BOUND, at_least=False))]
    for name, pair in pairs(ours, peers.tasks(bench, "sleep", calls, RANKS), bench.repeats).items():
        theirs = [calls / rate for rate in pair.other]
        rows.append(Row("sleep", "n=16", "s", pair.ours, name, theirs, Target(1.0, at_least=False)))
    return rows
