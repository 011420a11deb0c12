"""Starts attempts with submitit. The only file that imports it.

submitit's own way of following jobs is not used: it asks sacct, once for each job, and on a cluster without
accounting it waits forever for a job that died. We look for our own markers and ask squeue, and sacct only
about jobs that squeue has forgotten.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

from hpcd4p.errors import SettingsError
from hpcd4p.packages import lack_of
from hpcd4p.processes import stat_of
from hpcd4p.study.definition.points import Point
from hpcd4p.study.definition.study import Study
from hpcd4p.study.running import sacct, squeue
from hpcd4p.study.running.arrays import shapes_of, shares, slurm_parameters
from hpcd4p.study.running.attempt import Attempt
from hpcd4p.study.running.squeue import JobState
from hpcd4p.study.running.states import RUNNING

LOGS = "jobs"
"""Folder of submitit's own files, in that of the study."""


class PlannedAttempt(NamedTuple):
    """An attempt that is to be made, and what it needs."""

    attempt: Attempt
    ranks: int
    nodes: int


OnSubmitted = Callable[[Sequence[PlannedAttempt], Sequence[str]], None]
"""Called with attempts that were submitted, and the job of each."""


class Lane:
    """Runs attempts one after the other in one process, so that its start is paid once."""

    def __init__(self, attempts: Sequence[Attempt]) -> None:
        self.attempts = list(attempts)

    def __call__(self) -> list[str]:
        """Run them and give their states; a signal to stop ends the rest, too."""
        states: list[str] = []
        for attempt in self.attempts:
            states.append(attempt())
            if attempt.asked:
                break
        return states


def load_submitit() -> Any:
    """Give the module submitit.

    Raises
    ------
    MissingPackage
        It is not there, or broken.
    """
    try:
        import submitit
    except Exception as error:
        raise lack_of("submitit", error) from error
    return submitit


class LocalLauncher:
    """`at_once` lanes on this machine."""

    def __init__(self, study: Study, folder: Path) -> None:
        self._study = study
        self._folder = folder / LOGS
        self._jobs: list[Any] = []

    def start(self, planned: Sequence[PlannedAttempt], submitted: OnSubmitted) -> None:
        """Start them, and tell the job of each as soon as it is known."""
        submitit = load_submitit()
        executor = submitit.LocalExecutor(self._folder)
        lanes = min(self._study.launch.at_once, len(planned))
        # its limit for a whole lane is never reached: each attempt has its own
        executor.update_parameters(timeout_min=60 * 24 * 365, setup=list(self._study.launch.setup))
        for lane in range(lanes):
            mine = planned[lane::lanes]
            job = _deaf_to_ctrl_c(executor.submit, Lane([p.attempt for p in mine]))
            self._jobs.append(job)
            submitted(mine, [f"local-{os.uname().nodename}-{job.job_id}"] * len(mine))

    def look(self) -> dict[str, JobState]:
        """Give the state of those jobs that are there."""
        return _LocalJobs()

    def ended(self, jobs: Sequence[str]) -> dict[str, JobState]:
        """Nobody knows more."""
        return {}

    def cancel(self) -> None:
        """Ask all to stop; each leaves its marker."""
        for job in self._jobs:
            job._process.send_signal(signal.SIGTERM)
        end = time.monotonic() + 60
        while any(j._process.poll() is None for j in self._jobs) and time.monotonic() < end:
            time.sleep(0.05)


class _LocalJobs(dict[str, JobState]):
    """Local jobs are not listed anywhere: whether one lives is asked when its number is looked up."""

    def get(self, job: str, default: Any = None) -> Any:
        host, _, pid = job.removeprefix("local-").rpartition("-")
        if host != os.uname().nodename:
            return JobState(RUNNING, False, f"on {host}")  # cannot be known on this host
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
            lives = stat_of(pid).lives
        except OSError:
            return default
        return JobState(RUNNING, False, "") if b"submitit" in words and lives else default

    def __contains__(self, job: object) -> bool:
        return self.get(str(job)) is not None


class DebugLauncher:
    """In this process, one after the other."""

    def __init__(self, study: Study, folder: Path) -> None:
        self._folder = folder / LOGS

    def start(self, planned: Sequence[PlannedAttempt], submitted: OnSubmitted) -> None:
        """Run them."""
        submitted(planned, ["debug"] * len(planned))
        executor = load_submitit().DebugExecutor(self._folder)
        for each in planned:
            executor.submit(each.attempt).result()
            if each.attempt.asked:
                raise KeyboardInterrupt

    def look(self) -> dict[str, JobState]:
        """Give the state of those jobs that are there."""
        return {}

    def ended(self, jobs: Sequence[str]) -> dict[str, JobState]:
        """Nobody knows more."""
        return {}

    def cancel(self) -> None:
        """Nothing runs any more."""


class SlurmLauncher:
    """Arrays of jobs, one array for each number of nodes and ranks."""

    def __init__(self, study: Study, folder: Path) -> None:
        self._study = study
        self._folder = folder / LOGS

    def start(self, planned: Sequence[PlannedAttempt], submitted: OnSubmitted) -> None:
        """Submit them, and tell the job of each as soon as it is known.

        Raises
        ------
        SettingsError
            There is no Slurm, or it refuses.
        """
        submitit = load_submitit()
        if not _on_path("sbatch") or not _on_path("srun"):
            raise SettingsError(
                "cluster = 'slurm', but there is no sbatch on PATH: log in to a node of the cluster, or run "
                "the study here with --cluster local"
            )
        shapes = shapes_of(planned)
        limits = shares(self._study.launch.at_once, [len(i) for i in shapes.values()])
        first: list[str] = []
        for (shape, indices), limit in zip(shapes.items(), limits, strict=True):
            executor = submitit.SlurmExecutor(self._folder)
            parameters = slurm_parameters(self._study, *shape)
            # more shapes than may run at once: this array waits for an earlier one
            if len(first) >= self._study.launch.at_once:
                before = first[len(first) - self._study.launch.at_once]
                parameters["additional_parameters"]["dependency"] = f"afterany:{before}"
            executor.update_parameters(**parameters, array_parallelism=limit)
            with redirect_stderr(StringIO()):
                made = _submit(executor, [planned[i].attempt for i in indices])
            first.append(made[0].partition("_")[0])
            submitted([planned[i] for i in indices], made)

    def look(self) -> dict[str, JobState] | None:
        """Give the state of each job of this user; None when Slurm gives no answer."""
        return squeue.ask()

    def ended(self, jobs: Sequence[str]) -> dict[str, JobState]:
        """Give how jobs ended that squeue has forgotten, where Slurm keeps accounts."""
        return sacct.ask(jobs)

    def cancel(self) -> None:
        """Do nothing: jobs that were submitted go on without the driver."""


def _deaf_to_ctrl_c(call: Callable[..., Any], *arguments: Any) -> Any:
    """Processes that are started meanwhile do not hear it: the driver tells them, and they stop in order."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return call(*arguments)
    finally:
        signal.signal(signal.SIGINT, before)


Launcher = LocalLauncher | DebugLauncher | SlurmLauncher


def launcher_of(study: Study, folder: Path) -> Launcher:
    """Give the launcher that the study names; `auto` has been resolved."""
    if study.launch.cluster == "slurm":
        return SlurmLauncher(study, folder)
    return LocalLauncher(study, folder) if study.launch.cluster == "local" else DebugLauncher(study, folder)


def _submit(executor: Any, attempts: list[Attempt]) -> list[str]:
    try:
        if len(attempts) == 1:
            return [executor.submit(attempts[0]).job_id]
        return [job.job_id for job in executor.map_array(_call, attempts)]
    except Exception as error:
        said = str(getattr(error, "stderr", "") or error).strip() or type(error).__name__
        lines = [line for line in said.splitlines() if "error" in line.lower()] or said.splitlines()
        raise SettingsError(
            f"Slurm does not take the jobs: {lines[-1].strip()[:300]}. sinfo shows what there is; without a "
            "cluster, run the study here with --cluster local"
        ) from error


def _call(attempt: Attempt) -> str:
    return attempt()


def batch_texts(study: Study, points: Sequence[Point]) -> list[str]:
    """Give the batch text of each array, as submitit makes it."""
    shapes = shapes_of(points)
    limits = shares(study.launch.at_once, [len(i) for i in shapes.values()])
    return [
        _batch_text(study, *shape, len(indices), limit)
        for (shape, indices), limit in zip(shapes.items(), limits, strict=True)
    ]


def _batch_text(study: Study, ranks: int, nodes: int, points: int, limit: int) -> str:
    load_submitit()
    from submitit.slurm import slurm

    return str(
        slurm._make_sbatch_string(
            command=f"{sys.executable} -u -m submitit.core._submit JOBS",
            folder="JOBS",
            map_count=points,
            array_parallelism=limit,
            **slurm_parameters(study, ranks, nodes),
        )
    )


def cluster_here() -> str:
    """Give what ``cluster = "auto"`` means on this machine."""
    return "slurm" if _on_path("sbatch") else "local"


def _on_path(name: str) -> bool:
    from shutil import which

    return which(name) is not None
