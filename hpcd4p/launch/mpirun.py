"""Ranks on demand: `python -m hpcd4p run -n 8` starts itself under the MPI that is found.

`launcher_process` and `status_note` watch it, `outcome` has the errors for how it ended.
Must never be used by a process that is itself a rank: MPI programs do not nest.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from hpcd4p.errors import MpiSetupError, RankLost, SettingsError
from hpcd4p.launch.last_seconds import grace_s
from hpcd4p.launch.siblings import in_slurm_job
from hpcd4p.launch.status_note import STATUS_VARIABLE, StatusNote
from hpcd4p.logs import module_log
from hpcd4p.packages import packages_of_ranks, require

if TYPE_CHECKING:
    from hpcd4p.launch.mpi_program import Mpi
    from hpcd4p.launch.starting_again import Ended

_RANK_VARIABLES = (
    "OMPI_COMM_WORLD_SIZE",  # Open MPI, also for a single rank
    "PMI_SIZE",  # MPICH, Intel MPI, Cray, and srun --mpi=pmi2
    "PMIX_RANK",  # srun --mpi=pmix
    "PALS_RANKID",
    "JSM_NAMESPACE_SIZE",
)

AUTO, MPIRUN, SRUN = "auto", "mpirun", "srun"
LAUNCHERS = (AUTO, MPIRUN, SRUN)
"""What may start the ranks; auto: mpirun, or srun where a job of Slurm has none."""

REST_S = 15.0
"""Rank 0 waits 2 s for the others before it closes its record, which takes seconds on a full machine."""

_log = module_log(__name__)


def under_mpi(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this process is a rank already: started by mpirun, or by srun with several tasks."""
    if any(name in environ for name in _RANK_VARIABLES):
        return True
    tasks = environ.get("SLURM_STEP_NUM_TASKS", "")
    return tasks.isdigit() and int(tasks) > 1


def launch(
    n: int,
    argv: Sequence[str],
    mpi: Mpi | None = None,
    module: str = "hpcd4p",
    *,
    redis: bool = True,
    launcher: str = AUTO,
    restarts: int = 0,
    can_go_on: Callable[[str, int], None] = lambda folder, status: None,
) -> int:
    """Run ``python -m hpcd4p ARGV`` on `n` ranks and give rank 0's exit status.

    SIGINT, SIGTERM, SIGHUP and SIGUSR1 become an orderly stop of the ranks; a second one ends them. When they
    end because something died, and there is a checkpoint, they are started again.

    Parameters
    ----------
    n
        Number of ranks.
    argv
        What follows ``python -m hpcd4p``.
    mpi
        The launcher; None takes what `launcher` says.
    module
        What the ranks run; it leaves its status as the command line of hpcd4p does.
    launcher
        One of `LAUNCHERS`.
    redis
        Whether the run has a Redis. Without one, the loss of a rank on another node cannot be noticed, so the
        launcher must end the others.
    restarts
        Starts from one checkpoint; 0: none.
    can_go_on
        Called with the folder of checkpoints, and the status, if the run has ended and can go on.

    Raises
    ------
    MissingPackage, MpiSetupError
        No MPI, a rank already, or ranks that do not start.
    RankLost
        Rank 0 was killed, another rank before the run began, or one has ended its process by itself.
    Interrupted
        The ranks were ended by a signal before rank 0 could leave a status.
    """
    if under_mpi():
        raise MpiSetupError(
            f"-n {n} inside a run of MPI ranks: ranks cannot start ranks. Leave -n out, the number of "
            "ranks comes from mpirun or srun"
        )
    require(*packages_of_ranks(redis=redis))  # reported here once, instead of by every rank
    from hpcd4p.launch.srun import check_place
    from hpcd4p.launch.starting_again import StartingAgain, newest

    check_place(n)
    mpi = mpi or _choose(launcher)
    again = StartingAgain(restarts)
    words = argv
    while True:
        ended = _once(n, [sys.executable, "-m", module, *words], mpi, redis, again.variables())
        if not again.again(ended):
            break
        words = again.words(argv)
    status, error = ended.status, ended.error
    if again.variables() and isinstance(error, MpiSetupError):  # a node that has died takes no ranks
        error = RankLost(f"the run has lost ranks, and they could not be started again: {error}")
    if status is None:
        assert error is not None
        status = error.status
    if status != 0 and newest(again.folder)[0]:
        can_go_on(again.folder, status)
    if ended.status is None and error is not None:
        raise error
    return status


def _once(n: int, program: list[str], mpi: Mpi, redis: bool, variables: Mapping[str, str]) -> Ended:
    """Start the ranks once, and wait for their end."""
    from hpcd4p.launch.launcher_process import LauncherProcess
    from hpcd4p.launch.leftovers import sweep_quietly
    from hpcd4p.launch.loopback import keep_local
    from hpcd4p.launch.mpi_program import command, environment, has_several_nodes
    from hpcd4p.launch.outcome import GAVE_UP, Outcome, killed
    from hpcd4p.launch.start_watch import StartWatch
    from hpcd4p.launch.starting_again import Ended

    several = has_several_nodes(os.environ)
    environ = environment(mpi, os.environ, package_home(), several)
    environ |= variables
    with StatusNote(several) as note:
        environ[STATUS_VARIABLE] = note.path
        line = command(mpi, n, program, several, redis or not several, environ, noted=redis)
        _log.info("starting %d ranks with %s", n, mpi.title)
        _log.debug("%s", line)
        process = LauncherProcess(
            line, environ, mpi.kind, lambda: note.word() != "", lambda: grace_s(note.rest().folder != "")
        )
        watch = StartWatch(range(n), note.word, process.end)

        def begun(launcher: int) -> None:
            sweep_quietly()
            # on other nodes the ranks are no children of the launcher, and watch each other (`node_watch`)
            if not several and mpi.kind != SRUN:
                watch.begin(launcher)
                keep_local(launcher)

        ended = process.wait(begun)
        watch.close()
        # a rank ended its process, and with it all ranks: rank 0 was asked to stop, and closes its record
        left = note.head() is not None and not watch.missing and not process.asked_to_stop
        left = left and (ended == GAVE_UP or not killed(ended))
        if left:
            note.wait(REST_S)
            left = ended != GAVE_UP or note.status() is not None
        outcome = Outcome(
            n,
            f"{mpi.title} at {mpi.path}",
            ended,
            mpi.keeps_survivors or mpi.kind == SRUN,
            several,
            note.word(),
            note.head() is not None,
            tuple(watch.missing),
            process.asked_to_stop,
            left,
        )
        status = note.status()
        error = outcome.error() if status is None else None
        return Ended(status, error, process.asked_to_stop is not None, note.rest())


def _choose(launcher: str) -> Mpi:
    """Find the launcher that was asked for; `AUTO`: mpirun, or in a job of Slurm srun where there is none."""
    from hpcd4p.launch.mpi_program import find_mpi
    from hpcd4p.launch.srun import find_srun

    if launcher not in LAUNCHERS:
        raise SettingsError(f"--launcher takes {', '.join(LAUNCHERS)}; not {launcher!r}")
    if launcher == SRUN:
        return find_srun()
    try:
        return find_mpi()
    except MpiSetupError:
        if launcher != AUTO or not in_slurm_job():
            raise
        return find_srun()


def package_home() -> str | None:
    """Folder to import hpcd4p from, unless it is installed where every process finds it."""
    home = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return None if os.path.basename(home) in ("site-packages", "dist-packages") else home
