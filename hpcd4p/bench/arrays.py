"""(e) *arrays*: 1 MiB of float64 at a time, against a bare buffer send between two ranks."""

from __future__ import annotations

from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Row, Target, take_turns

SHARE = 0.5
"""Of the bytes per second of the bare send."""

_GIB = 1 << 30


def rows(bench: Bench) -> list[Row]:
    """The way of the arrays alone, and with arithmetic that the bare ranks do as well."""
    calls = bench.size(4000, 1000)

    def rate(workload: str) -> float:
        return bench.rate(workload, calls, 4) * (1 << 20) / _GIB

    samples = take_turns(
        {
            "send": lambda: bench.ask("send", calls, 0, ranks=2)["rate"] / _GIB,
            "arrays": lambda: rate("arrays"),
            "send and add": lambda: bench.ask("send", calls, 1, ranks=2)["rate"] / _GIB,
            "stack": lambda: rate("stack"),
        },
        bench.repeats,
    )
    target = Target(SHARE, at_least=True)
    return [
        Row("arrays", "n=4, looked at", "GiB/s", samples["arrays"], "mpi4py Send", samples["send"], target),
        Row(
            "arrays", "n=4, scaled and added", "GiB/s", samples["stack"], "the same with mpi4py",
            samples["send and add"], target,
        ),
    ]  # fmt: skip
