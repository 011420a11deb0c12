"""*parking*: what a parked rank takes of a core and of memory, and how soon it works when it is woken."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Of, Row, Target
from hpcd4p.bench.paper import shipped
from hpcd4p.bench.processes import memory_bytes, ranks_below, run_seconds
from hpcd4p.bench.trial import Launcher, TrialError
from hpcd4p.bench.wakes import PARKED_S, SETTLE_S, WAKES

SHARE = 0.005
WAKE_MS = 20.0

RANKS = 8
MEASURED_S = 10.0

WORKFLOW = "hpcd4p.bench.wakes"


@dataclass
class _Look:
    """What /proc showed of the ranks of a run."""

    pids: dict[int, int] = field(default_factory=dict)  # process → rank
    at: list[tuple[float, dict[int, float]]] = field(default_factory=list)
    """Instants (CLOCK_MONOTONIC), and seconds that each rank had used of a core."""
    memory: dict[int, int] = field(default_factory=dict)

    def __call__(self, pid: int) -> None:
        ranks: dict[int, int] = {}
        deadline = time.monotonic() + 60
        while len(ranks) < RANKS and time.monotonic() < deadline:
            time.sleep(0.5)
            ranks = ranks_below(pid)
        self.pids = {process: rank for rank, process in ranks.items()}
        end = time.monotonic() + SETTLE_S + PARKED_S
        while time.monotonic() < end:
            self.at.append((time.monotonic(), {rank: run_seconds(p) for rank, p in ranks.items()}))
            time.sleep(0.25)
        self.memory = {rank: memory_bytes(p) for rank, p in ranks.items()}

    def shares(self, begin: float) -> dict[int, float]:
        """Rank → part of a core that it used for `MEASURED_S` seconds from `begin` on."""
        inside = [sample for sample in self.at if begin <= sample[0] <= begin + MEASURED_S + 0.5]
        if not inside:
            raise TrialError("the ranks were not seen while they were parked")
        (first, before), (last, after) = inside[0], inside[-1]
        if last - first < MEASURED_S - 0.5:
            raise TrialError(f"ranks were parked for {last - first:.1f} s of {MEASURED_S} s only")
        return {rank: (after[rank] - before[rank]) / (last - first) for rank in after}


def rows(bench: Bench) -> list[Row]:
    """Under the MPI of this Python and, if given, under MPICH."""
    return [row for launcher in bench.launchers() for row in _under(bench, launcher)]


def _under(bench: Bench, launcher: Launcher) -> list[Row]:
    look = _Look()
    words = ["--autoscale", f"{WORKFLOW}:Wakes"]
    run = shipped.run(bench, WORKFLOW, RANKS, words, look, launcher)
    began: dict[int, list[float]] = {}
    for process, instant in run.rows("output"):
        began.setdefault(look.pids[int(process)], []).append(float(instant))
    # a change says in its reason when it was decided, by the clock of the machine
    changes = [(float(change.reason.split()[1]), change.after > change.before) for change in run.changes]
    parks = [instant for instant, woke in changes if not woke]
    wakes = [instant for instant, woke in changes if woke]
    if len(wakes) < WAKES:
        raise TrialError(f"woken {len(wakes)} times, not {WAKES}")
    still = parks[0] + 0.5  # tasks in hand have ended
    shares = look.shares(still)
    asleep = [
        rank for rank in began
        if not any(still <= instant <= still + MEASURED_S for instant in began[rank])
    ]  # fmt: skip
    if len(asleep) != len(began) - 1:
        raise TrialError(f"{len(asleep)} of {len(began)} ranks of the pool were parked")
    firsts = [
        min(instant for instant in began[rank] if instant >= wake) - wake for wake in wakes for rank in asleep
    ]
    title = launcher.mpi.title
    few, soon = (Target(bound, at_least=False, of=Of.VALUE) for bound in (SHARE, WAKE_MS))
    in_ms = sorted(1e3 * first for first in firsts)
    return [
        Row("parking", f"parked rank, worst of {len(asleep)}, {title}", "of a core",
            [max(shares[rank] for rank in asleep)], target=few),
        Row("parking", f"the rank that works beside them, {title}", "of a core",
            [shares[rank] for rank in began if rank not in asleep], note="a check of the measurement"),
        Row("parking", f"memory that it holds, {title}", "MB", [max(look.memory[r] for r in asleep) / 1e6]),
        Row("parking", f"from wake to first task, {title}", "ms", in_ms, target=soon),
        Row("parking", f"... 9 of 10 within, {title}", "ms", [in_ms[int(0.9 * len(in_ms))]],
            note=f"{len(in_ms)} wakes of a rank"),
    ]  # fmt: skip
