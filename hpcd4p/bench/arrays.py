"""(e) *arrays*: 1 MiB of float64 at a time, against a bare buffer send between two ranks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hpcd4p.bench.bare import ON_THE_WAY
from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Row, Target, pairs

SHARE = 0.5
"""Target: part of the bytes per second of the bare send."""

_GIB = 1 << 30


def rows(bench: Bench) -> Iterator[Row]:
    """The transport of the arrays alone, and with arithmetic that the bare ranks do as well."""
    yield from _rows(bench, "arrays", "n=4, looked at", "mpi4py Send", add=0)
    yield from _rows(bench, "stack", "n=4, scaled and added", "the same with mpi4py", add=1)


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
        target = Target(SHARE, at_least=True) if name == bare else None
        yield Row("arrays", what, "GiB/s", pair.ours, name, pair.other, target)
    yield Row("arrays", f"{what}: memory of the largest rank", "MB", memory)
