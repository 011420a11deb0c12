"""(c) *cpu*: tasks of about 5 ms of pure Python, which only more cores make faster."""

from __future__ import annotations

from hpcd4p.bench import peers
from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Row, Target, pairs

SPEED_UP = 1.85
"""On two cores, of which the head takes its part."""


def rows(bench: Bench) -> list[Row]:
    """Tasks per second on 4 ranks against our sequential speed."""
    calls = bench.size(400, 100)
    others = {"sequential": lambda: bench.rate("cpu", calls), **peers.tasks(bench, "cpu", calls, 4)}
    speeds = pairs(lambda: bench.rate("cpu", calls, 4), others, bench.repeats)
    return [
        Row(
            "cpu", "n=4", "tasks/s", each.ours, name, each.other,
            Target(SPEED_UP if name == "sequential" else 1.0, at_least=True),
        )
        for name, each in speeds.items()
    ]  # fmt: skip
