"""What *hops* and *keyed* have in common: tuples per second, ours against ours and against others."""

from __future__ import annotations

from collections.abc import Callable

from hpcd4p.bench import peers
from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Of, Row, Target, take_turns

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

    measures: dict[str, Callable[[], float]] = {
        SEQUENTIAL: lambda: bench.rate(workload, calls),
        OURS: ours,
    }
    if with_loop:
        measures["bare Python loop"] = lambda: bench.ask("loop", calls)["rate"]
    others = peers.throughput(bench, workload)
    samples = take_turns(measures | others, bench.repeats)
    rows = [_sequential(workload, samples, over_simple)]
    if with_loop:
        rows.append(_against(workload, SEQUENTIAL, "bare Python loop", samples, None))
    rows.append(_against(workload, OURS, SEQUENTIAL, samples, Target(1.0, at_least=True)))
    rows += [_against(workload, OURS, name, samples, Target(1.0, at_least=True)) for name in others]
    rows.append(
        Row(
            workload, "n=4, Redis server", "of a core", share,
            target=Target(REDIS_SHARE, at_least=False, of=Of.VALUE),
        )
    )  # fmt: skip
    return rows


def _sequential(workload: str, samples: dict[str, list[float]], over_simple: float) -> Row:
    if SIMPLE in samples:
        return _against(workload, SEQUENTIAL, SIMPLE, samples, Target(over_simple, at_least=True))
    note = f"target {over_simple:g} x {SIMPLE}: install the extra `bench`"
    return Row(workload, SEQUENTIAL, UNIT, samples[SEQUENTIAL], note=note)


def _against(
    workload: str, ours: str, other: str, samples: dict[str, list[float]], target: Target | None
) -> Row:
    return Row(workload, ours, UNIT, samples[ours], other, samples[other], target)
