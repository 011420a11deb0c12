"""*waiting*: what a rank takes of a core while it has nothing to do."""

from __future__ import annotations

import time

from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Of, Row, Target
from hpcd4p.bench.processes import cpu_seconds, ranks_below
from hpcd4p.bench.trial import Launcher, TrialError
from hpcd4p.bench.workloads import SILENCE_S

SHARE = 0.01

SETTLE_S = 2.0
"""Start-up is over by then."""

RANKS = 4


def rows(bench: Bench) -> list[Row]:
    """The rank of each role that takes most, under the MPI of this Python and, if given, under MPICH."""
    return [row for launcher in bench.launchers() for row in _under(bench, launcher)]


def _under(bench: Bench, launcher: Launcher) -> list[Row]:
    shares: dict[int, float] = {}

    def look(pid: int) -> None:
        time.sleep(SETTLE_S)
        ranks = ranks_below(pid)
        before = {rank: cpu_seconds(p) for rank, p in ranks.items()}
        seconds = SILENCE_S - 2 * SETTLE_S
        time.sleep(seconds)
        shares.update({rank: (cpu_seconds(p) - before[rank]) / seconds for rank, p in ranks.items()})

    bench.say(f"waiting under {launcher.mpi.title}")
    outcome = launcher.measure("silent", 2, RANKS, look, deadline_s=6 * SILENCE_S)
    bench.check(outcome, f"silent under {launcher.mpi.title}")
    if len(shares) < RANKS:
        raise TrialError(f"only ranks {sorted(shares)} of {RANKS} were seen in /proc")
    roles = {int(f["rank"]): str(f["role"]) for f in outcome.summary["ranks_figures"]}
    worst: dict[str, float] = {}
    for rank, share in shares.items():
        role = roles.get(rank, "rank")
        worst[role] = max(share, worst.get(role, 0.0))
    return [
        Row(
            "waiting", f"{role}, {launcher.mpi.title}", "of a core", [share],
            target=Target(SHARE, at_least=False, of=Of.VALUE),
        )
        for role, share in sorted(worst.items())
    ]  # fmt: skip
