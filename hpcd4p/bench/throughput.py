"""What *hops* and *keyed* have in common: tuples per second, ours against ours and against others."""

from __future__ import annotations

from hpcd4p.bench import peers
from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Of, Pairs, Row, Target, pairs
from hpcd4p.bench.peers import Measures

RANKS = 4
"""The targets are for this many, on two cores."""

OURS = "n=4"
SEQUENTIAL = "sequential"
SIMPLE = "stream-d4py simple"

REDIS_SHARE = 0.10
"""More than this of a core, and Redis would be the limit of a large run."""

UNIT = "tuples/s"


def throughput(bench: Bench, workload: str, calls: int, over_simple: float, with_loop: bool) -> list[Row]:
    """Rows of a workload.

    Parameters
    ----------
    calls
        How many tuples the source writes.
    over_simple
        Target of our sequential rate over that of dispel4py's `simple`.
    with_loop
        Measure the bare Python loop over the same elements, too.
    """
    calls = bench.size(calls, 200_000)
    share: list[float] = []

    def ours() -> float:
        outcome = bench.run(workload, calls, RANKS)
        share.append(outcome.redis_cpu_s / outcome.elapsed_s)
        return calls / outcome.elapsed_s

    def sequential() -> float:
        return bench.rate(workload, calls)

    others = peers.throughput(bench, workload)
    beside: Measures = {"bare Python loop": lambda: bench.ask("loop", calls)["rate"]} if with_loop else {}
    if SIMPLE in others:
        beside[SIMPLE] = others[SIMPLE]
    alone = pairs(sequential, beside, bench.repeats)
    spread = pairs(ours, {SEQUENTIAL: sequential, **others}, bench.repeats)
    rows = [
        _against(
            workload, SEQUENTIAL, name, pair, Target(over_simple, at_least=True) if name == SIMPLE else None
        )
        for name, pair in alone.items()
    ]
    if SIMPLE not in others:
        note = f"target {over_simple:g} x {SIMPLE}: install the extra `bench`"
        rows.append(Row(workload, SEQUENTIAL, UNIT, spread[SEQUENTIAL].other, note=note))
    rows += [
        _against(workload, OURS, name, each, Target(1.0, at_least=True)) for name, each in spread.items()
    ]
    rows.append(
        Row(
            workload, "n=4, Redis server", "of a core", share,
            target=Target(REDIS_SHARE, at_least=False, of=Of.VALUE),
        )
    )  # fmt: skip
    return rows


def _against(workload: str, ours: str, other: str, pair: Pairs[float, float], target: Target | None) -> Row:
    return Row(workload, ours, UNIT, pair.ours, other, pair.other, target)
