"""(s) *simulation*: what `hpcd4p simulate` predicts, beside runs on this machine."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import NamedTuple

from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Of, Row, Target
from hpcd4p.bench.trial import TrialError
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.record.reader import read_record
from hpcd4p.simulation.arrivals import read_arrivals
from hpcd4p.simulation.head import simulate
from hpcd4p.simulation.outcome import SimulatedRun
from hpcd4p.simulation.scenario import Scenario
from hpcd4p.simulation.service import read_service

NEAR = Target(0.15, at_least=False, of=Of.NEAR)


class Case(NamedTuple):
    """A run of `bench.timetable`, and its simulation."""

    what: str
    ranks: int
    """Of the run; the pool has one less."""
    tuples: int
    service: str
    arrivals: str = "all"
    policy: str = "none"
    compute: bool = False

    def words(self, folder: str) -> list[str]:
        """The run, as it is typed after ``python``."""
        return [
            "-m", "hpcd4p", "run", "-i", str(self.tuples), "--autoscale", self.policy, "--lend", "off",
            "--results", folder,
            "hpcd4p.bench.timetable", "--service", self.service, "--arrivals", self.arrivals,
            *(["--compute"] if self.compute else []),
        ]  # fmt: skip

    def scenario(self) -> Scenario:
        """The same for the simulation."""
        return Scenario(
            ranks=self.ranks - 1,
            tuples=self.tuples,
            service=read_service(self.service),
            arrivals=read_arrivals(self.arrivals),
            cpu=float(self.compute),
            cores=len(os.sched_getaffinity(0)) if self.compute else 0,
            settings=EngineSettings(autoscale=self.policy),
        )


CASES = (
    Case("waits 50 ms", 4, 200, "constant:0.05"),
    Case("waits 50 ms", 16, 1000, "constant:0.05"),
    Case("waits 0.1 s, spread", 8, 400, "beta:2,5,0.35"),
    Case("waits 0.35 s, spread", 16, 300, "beta:2,5,1.225"),
    Case("bursts of 40", 8, 200, "constant:0.1", "burst:40,2"),
    Case("bursts of 40", 8, 200, "constant:0.1", "burst:40,2", "knee"),
    Case("source-bound", 16, 240, "constant:0.1", "steady:30"),
    Case("source-bound", 16, 240, "constant:0.1", "steady:30", "knee"),
    Case("waits 0.1 s", 16, 800, "constant:0.1", "all", "idle"),
    # these two need a machine that nobody else uses
    Case("computes 10 ms", 4, 1000, "constant:0.01", compute=True),
    Case("computes 10 ms", 16, 1000, "constant:0.01", compute=True),
    Case("computes 10 ms", 16, 1600, "constant:0.01", policy="knee", compute=True),
)

SEEDS = 5


def rows(bench: Bench) -> list[Row]:
    """Predicted and measured run time and process time of every case."""
    table = []
    for case in CASES:
        case = case._replace(tuples=bench.size(case.tuples, case.tuples // 4))
        what = f"{case.what}, n={case.ranks}, {case.policy}"
        bench.say(what)
        runs = [_measured(bench, case) for _ in range(bench.repeats)]
        simulated = [_predicted(case, seed) for seed in range(1, SEEDS + 1)]
        for name, at, predicted in (
            ("run time", 0, [each.elapsed_s for each in simulated]),
            ("process time", 1, [each.process_s for each in simulated]),
        ):
            measured = [run[at] for run in runs]
            table.append(
                Row(
                    "simulation",
                    f"{what}: {name}",
                    "s",
                    [median(predicted)] * len(measured),
                    "measured",
                    measured,
                    NEAR,
                )
            )
    return table


def _predicted(case: Case, seed: int) -> SimulatedRun:
    return simulate(replace(case.scenario(), seed=seed))


def _measured(bench: Bench, case: Case) -> tuple[float, float]:
    """(run time, process time) of one run."""
    with tempfile.TemporaryDirectory(prefix="hpcd4p-bench-") as folder:
        bench.launcher.run(case.words(folder), case.ranks)
        records = list(Path(folder).glob("*.h5"))
        if len(records) != 1:
            raise TrialError(f"{case.what} on {case.ranks} ranks left {len(records)} records")
        with read_record(records[0]) as record:
            return record.summary.elapsed_s, record.summary.process_time_s
