"""*sweeping*: what the driver of a study takes for each point, beside the same runs started by hand."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Of, Row, Target
from hpcd4p.bench.trial import TrialError

MOST_S = 0.3

POINTS = 20

WORKFLOW = "hpcd4p.bench.one"

STUDY = f"""
[study]
name = "s"
workflow = "{WORKFLOW}"
repeats = {POINTS}

[axes]
ranks = [1]

[launch]
cluster = "local"
at_once = 1
"""


def rows(bench: Bench) -> list[Row]:
    """Seconds for each point: the start and the end of the driver, and its look at the workflow, included."""
    ours, by_hand = [], []
    for _ in range(bench.repeats):
        with tempfile.TemporaryDirectory(prefix="hpcd4p-bench-") as folder:
            study = Path(folder, "s.toml")
            study.write_text(STUDY, encoding="utf-8")
            results = ["--results", folder]
            bench.say("a study of small runs")
            swept = bench.launcher.run(["-m", "hpcd4p", "sweep", os.fspath(study), *results])
            if f"{POINTS} completed" not in swept.text:
                raise TrialError(f"the study did not end well:\n{swept.text[-2000:]}")
            alone = sum(
                bench.launcher.run(["-m", "hpcd4p", "run", *results, WORKFLOW]).wall_s for _ in range(POINTS)
            )
        ours.append((swept.wall_s - alone) / POINTS)
        by_hand.append(alone / POINTS)
    target = Target(MOST_S, at_least=False, of=Of.VALUE)
    what = f"of the driver for each of {POINTS} points"
    return [Row("sweeping", what, "s", ours, "the run itself", by_hand, target)]
