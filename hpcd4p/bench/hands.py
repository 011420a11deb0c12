"""*hands*: every rank works while tasks wait, the head and the stateful ranks too."""

from __future__ import annotations

from collections.abc import Iterator

from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Of, Row, Target, pairs
from hpcd4p.bench.latency import quantile
from hpcd4p.bench.workloads import naps_s

OVER_SHARE = {("hands", 4): 1.08, ("hands_keyed", 4): 1.12, ("hands", 8): 1.06, ("hands_keyed", 8): 1.08}
OVER_SHARE |= {("hands", 16): 1.05, ("hands_keyed", 16): 1.05}
"""Most times the naps by the number of ranks, by workload."""

OVER_POOL = 1.05
"""Most times what multiprocessing.Pool takes, from 8 ranks on."""

MORE_WAIT_MS = 10.0
RATE = 100

OFF = {"lend": "off"}


def rows(bench: Bench) -> Iterator[Row]:
    """Naps beside the least time for them and beside a pool of processes; then what lending costs others."""
    calls = bench.size(400, 100)
    total_s = sum(naps_s(item)[0] for item in range(1, calls + 1))
    for ranks in (4, 8, 16):
        for workload, name in (("hands", "naps"), ("hands_keyed", "naps, keyed sum")):
            yield from _naps(bench, workload, name, calls, ranks, total_s / ranks)
    yield _waits(bench)
    yield _long(bench)


def _naps(bench: Bench, workload: str, name: str, calls: int, ranks: int, share_s: float) -> Iterator[Row]:
    pair = pairs(
        lambda: bench.run(workload, calls, ranks).elapsed_s,
        {"Pool": lambda: bench.ask("processes", calls, ranks)["seconds"]},
        bench.repeats,
    )["Pool"]
    what = f"{name}, n={ranks}"
    most = Target(OVER_SHARE[workload, ranks], at_least=False)
    yield Row("hands", what, "s", pair.ours, f"naps ÷ {ranks}", [share_s], most)
    beside = Target(OVER_POOL, at_least=False) if ranks >= 8 else None
    yield Row("hands", what, "s", pair.ours, f"multiprocessing.Pool({ranks})", pair.other, beside)


def _waits(bench: Bench) -> Row:
    """What 99 of 100 keyed tuples wait for their partition, in milliseconds."""

    def wait_ms(**settings: str) -> float:
        ways = bench.run("lent_waits", RATE, 4, **settings).ways
        return 1e3 * quantile([way[1] for way in ways], 0.99)

    pair = pairs(wait_ms, {"--lend off": lambda: wait_ms(**OFF)}, bench.repeats)["--lend off"]
    target = Target(MORE_WAIT_MS, at_least=False, of=Of.DIFFERENCE)
    return Row("hands", "keyed tuple, 99 of 100 wait", "ms", pair.ours, "--lend off", pair.other, target)


def _long(bench: Bench) -> Row:
    """Tuples of a second."""
    calls = bench.size(24, 8)

    def ours(**settings: str) -> float:
        return bench.run("long_keyed", calls, 4, **settings).elapsed_s

    pair = pairs(ours, {"--lend off": lambda: ours(**OFF)}, min(3, bench.repeats))["--lend off"]
    target = Target(1.0, at_least=False)
    return Row("hands", "tuples of 1 s, n=4", "s", pair.ours, "--lend off", pair.other, target)
