"""(c) *cpu*: tasks of about 5 ms of pure Python, which only more cores make faster."""

from __future__ import annotations

from collections.abc import Callable

from hpcd4p.bench import peers
from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Row, Target, take_turns

SPEED_UP = 1.85
"""On two cores, of which the head takes its part."""


def rows(bench: Bench) -> list[Row]:
    """Tasks per second on 4 ranks against our sequential speed."""
    calls = bench.size(400, 100)
    measures: dict[str, Callable[[], float]] = {
        "sequential": lambda: bench.rate("cpu", calls),
        "n=4": lambda: bench.rate("cpu", calls, 4),
    }
    others = peers.tasks(bench, "cpu", calls, 4)
    samples = take_turns(measures | others, bench.repeats)
    ours = samples["n=4"]
    found = [
        Row(
            "cpu",
            "n=4",
            "tasks/s",
            ours,
            "sequential",
            samples["sequential"],
            Target(SPEED_UP, at_least=True),
        )
    ]
    return found + [
        Row("cpu", "n=4", "tasks/s", ours, name, samples[name], Target(1.0, at_least=True)) for name in others
    ]
