"""*live*: what it costs to tell the status of a run, and how soon `hpcd4p status` answers."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from hpcd4p.bench.answers import WORKLOADS
from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Of, Row, Target, pairs
from hpcd4p.launch.run_to_end import live_run
from hpcd4p.live.facts import Cores, RunFacts
from hpcd4p.live.ranks import RankStates, Sight
from hpcd4p.live.run import Resident
from hpcd4p.plan.inputs import resolve_inputs
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.head.node_calls import NodeCalls
from hpcd4p.runtime.head.progress import progress
from hpcd4p.runtime.head.telling import Seen, Telling
from hpcd4p.runtime.run_spec import RunSpec
from hpcd4p.wire.statistics import Statistics

CALLS = {
    ("hops", 0): 20_000_000,
    ("hops", 4): 20_000_000,
    ("keyed", 0): 16_000_000,
    ("keyed", 4): 16_000_000,
}
"""By workload and ranks (0: in process). A run takes several seconds: there is no status in the first one."""

QUICK_CALLS = 100_000

SLOWER = 1.01
"""Most times the run time without."""

MANY_RANKS = 1000

SHARE = 0.005
"""Most of a core that rank 0 may spend on it."""

STATUSES = 50

ANSWER_S = 0.3


def rows(bench: Bench) -> Iterator[Row]:
    """Run times beside each other; rank 0's share of a core with many ranks; the answer of the command."""
    for (workload, ranks), calls in CALLS.items():
        size = bench.size(calls, QUICK_CALLS)
        yield _cost(bench, workload, ranks, partial(_elapsed_s, bench, workload, size, ranks))
    with tempfile.TemporaryDirectory(prefix="hpcd4p-bench-") as folder:
        told = _Told(Path(folder, "results", "run.h5"))
        share = [told.share() for _ in range(bench.repeats)]
        target = Target(SHARE, at_least=False, of=Of.VALUE)
        yield Row("live", f"a status a second, {MANY_RANKS:,} ranks", "of a core", share, target=target)
        answers = [_answer_s(bench, folder) for _ in range(bench.repeats)]
    target = Target(ANSWER_S, at_least=False, of=Of.VALUE)
    yield Row("live", f"the answer of status, {MANY_RANKS:,} ranks", "s", answers, target=target)


def _cost(bench: Bench, workload: str, ranks: int, elapsed_s: Callable[[str], float]) -> Row:
    pair = pairs(partial(elapsed_s, "on"), {"off": partial(elapsed_s, "off")}, bench.repeats)["off"]
    where = f"n={ranks}" if ranks else "one process"
    target = Target(SLOWER, at_least=False)
    return Row("live", f"{workload}, {where}", "s", pair.ours, "--no-live", pair.other, target)


def _elapsed_s(bench: Bench, workload: str, calls: int, ranks: int, live: str) -> float:
    return bench.run(workload, calls, ranks, live=live).elapsed_s


def _answer_s(bench: Bench, folder: str) -> float:
    words = ["-m", "hpcd4p", "status", "--results", str(Path(folder, "results")), "run"]
    return bench.launcher.run(words).wall_s


class _Told:
    """The status of a run on many ranks, of which the half changes its state from look to look."""

    def __init__(self, record: Path) -> None:
        workload = WORKLOADS["keyed"]
        plan, elements = make_plan(workload.build(), MANY_RANKS, EngineSettings())
        self._spec = RunSpec(plan, elements, resolve_inputs(plan, elements, workload.given(1000)))
        self._live = live_run(self._spec, record)
        self._live.hosts = [f"node{rank // 32:03}" for rank in range(MANY_RANKS)]
        here = dict.fromkeys(range(32), os.getpid())
        self._live.resident = lambda: Resident(dict.fromkeys(here, 1 << 25), 1 << 24, 1 << 28, here)
        self._calls = NodeCalls(plan)
        self._telling = Telling(plan, self._live, Clock(), 0.0)
        self._looks = 0

    def share(self) -> float:
        """Seconds of a core that one takes, so the part of a core that one a second takes."""
        began = time.process_time()
        for _ in range(STATUSES):
            self._tell()
        return (time.process_time() - began) / STATUSES

    def _tell(self) -> None:
        self._looks += 1
        spec, at = self._spec, self._looks
        elements = range(len(spec.plan.elements))
        stats = Statistics({f"{letter}:{e}": at * 1000 for e in elements for letter in "nuo"})
        pending = dict.fromkeys(elements, 100)
        idle = frozenset(rank for rank in range(1, MANY_RANKS) if (rank + at) % 2)
        nobody: frozenset[int] = frozenset()
        committed = {rank: at for rank in range(MANY_RANKS) if (rank + at) % 3}
        sight = Sight(idle, nobody, nobody, nobody, committed, nobody)
        seen = Seen(stats, pending, sight, facts=partial(self._facts, pending))
        self._telling.tell(progress(spec.plan, spec.inputs, stats, float(at), pending), seen)

    def _facts(self, pending: dict[int, int], states: RankStates, resident: Resident, now: float) -> RunFacts:
        """With what the kernel says of ranks on the node of rank 0; the rest is known without a look."""
        in_call, kernel = self._calls.look(
            states.at_work(now), resident.processes, pending, lambda rank: set(), now
        )
        return RunFacts(Cores(32, 32, 1.0), in_call=in_call, kernel=kernel)
