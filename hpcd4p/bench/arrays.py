"""(e) *arrays*: 1 MiB of float64 at a time, from rank to rank and to the pool, against a bare buffer send."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hpcd4p.bench.bare import ON_THE_WAY
from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Row, Target, pairs

LOOKED_AT, WORKED_ON = 0.8, 0.6
"""Targets: part of the bytes per second of the bare ranks, that have as many arrays on their way, or one."""

POOL_TIMES = 2.0
"""Target: of the bytes per second of the way through Redis."""

REDIS_SHARE = 0.05
"""Target: part of the bytes that Redis is sent otherwise."""

_GIB = 1 << 30


def rows(bench: Bench) -> Iterator[Row]:
    """The transport of the arrays alone, and with arithmetic that the bare ranks do as well."""
    yield from _rows(bench, "arrays", "n=4, looked at", "mpi4py Send", add=0)
    yield from _rows(bench, "stack", "n=4, scaled and added", "the same with mpi4py", add=1)
    yield from _pool_rows(bench)


def _pool_rows(bench: Bench) -> Iterator[Row]:
    """Arrays that are tasks, beside the same with all of them in Redis."""
    calls = bench.size(2000, 100)
    sent: dict[str, list[float]] = {"65536": [], "0": []}

    def rate(shared_bytes: str) -> float:
        outcome = bench.run("pooled", calls, 4, shared_bytes=shared_bytes)
        sent[shared_bytes].append(outcome.redis_read_bytes / calls)
        return calls / outcome.elapsed_s * (1 << 20) / _GIB

    others = {"through Redis": lambda: rate("0")}
    for name, pair in pairs(lambda: rate("65536"), others, bench.repeats).items():
        target = Target(POOL_TIMES, at_least=True)
        yield Row("arrays", "n=4, to the pool", "GiB/s", pair.ours, name, pair.other, target)
    yield Row(
        "arrays", "n=4, to the pool: sent to Redis for each", "bytes",
        sent["65536"], "through Redis", sent["0"], Target(REDIS_SHARE, at_least=False),
    )  # fmt: skip


def _rows(bench: Bench, workload: str, what: str, bare: str, add: int) -> Iterator[Row]:
    # importing numpy on three ranks, 0.15 s, is in the time
    calls = bench.size(16_000, 1000)
    memory: list[float] = []

    def ours() -> float:
        outcome = bench.run(workload, calls, 4)
        memory.append(max(f["peak_rss_bytes"] for f in outcome.summary["ranks_figures"]) / 1e6)
        return calls / outcome.elapsed_s * (1 << 20) / _GIB

    others: dict[str, Callable[[], float]] = {
        bare: lambda: bench.ask("send", calls, add, ranks=2)["rate"] / _GIB,
    }
    if not add:
        stream = f"mpi4py, {ON_THE_WAY} on their way"
        others[stream] = lambda: bench.ask("stream", calls, ranks=2)["rate"] / _GIB
    for name, pair in pairs(ours, others, bench.repeats).items():
        # where they are looked at, a single array on its way is no measure: it stays in the cache
        counts = add or name != bare
        target = Target(WORKED_ON if add else LOOKED_AT, at_least=True) if counts else None
        yield Row("arrays", what, "GiB/s", pair.ours, name, pair.other, target)
    yield Row("arrays", f"{what}: memory of the largest rank", "MB", memory)
