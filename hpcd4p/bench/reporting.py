"""(r) *reporting*: `hpcd4p report` of a study of 500 runs, as a user starts it."""

from __future__ import annotations

import random
import tempfile
from itertools import product
from pathlib import Path

from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Of, Row, Target
from hpcd4p.bench.used import used
from hpcd4p.study.results.facts import AttemptFacts
from hpcd4p.study.results.writer import write_results
from hpcd4p.study.running.states import COMPLETED

MOST_S = 20.0

MOST_GIB = 1.0

AXES: dict[str, list[object]] = {
    "ranks": [2**i for i in range(10)],
    "autoscale": ["none", "knee", "idle", "queue", "fixed:4"],
    "mapping": ["dynamic", "static"],
}

REPEATS = 5


def rows(bench: Bench) -> list[Row]:
    """Wall time and memory of the whole command, figures as PNG and SVG."""
    repeats = bench.size(REPEATS, 1)
    runs = repeats * len(list(product(*AXES.values())))
    walls, peaks = [], []
    with tempfile.TemporaryDirectory(prefix="hpcd4p-bench-") as folder:
        file = Path(folder, "made-up.h5")
        study = {"name": "made-up", "axes": AXES, "repeats": repeats, "baseline": {"autoscale": "none"}}
        write_results(file, study, _attempts(repeats), {})
        for _ in range(bench.repeats):
            bench.say(f"report of {runs} runs")
            wall_s, peak_bytes = used("report", str(file))
            walls.append(wall_s)
            peaks.append(peak_bytes / 2**30)
    what = f"report of {runs} runs"
    return [
        Row("reporting", f"{what}: wall time", "s", walls, target=Target(MOST_S, False, Of.VALUE)),
        Row("reporting", f"{what}: memory", "GiB", peaks, target=Target(MOST_GIB, False, Of.VALUE)),
    ]


def _attempts(repeats: int) -> list[AttemptFacts]:
    dice = random.Random(1)
    attempts = []
    for values in product(*AXES.values()):
        axes = dict(zip(AXES, values, strict=True))
        n = int(str(axes["ranks"]))
        for repeat in range(1, repeats + 1):
            key = ",".join([*(f"{name}={value}" for name, value in axes.items()), f"repeat={repeat}"])
            elapsed_s = dice.lognormvariate(0, 0.03) * 60 * (1 + 0.02 * (n - 1) + 1e-4 * n * (n - 1)) / n
            attempts.append(
                AttemptFacts(
                    "made-up", key, 1, COMPLETED, repeat, axes, 0, ranks=n, nodes=1, elapsed_s=elapsed_s,
                    process_time_s=n * elapsed_s, tuples=10_000, host="n1",
                )
            )  # fmt: skip
    return attempts
