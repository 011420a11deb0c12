"""``hpcd4p submit --until-done``: follows a job to its end, and submits the rest as another one."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hpcd4p.backoff import Backoff
from hpcd4p.cli.checkpoints import restarts
from hpcd4p.cli.job import STOPPED, left_by, progress
from hpcd4p.cli.words import say
from hpcd4p.errors import RunStopped, SettingsError
from hpcd4p.slurm_job import read_job, show, value

if TYPE_CHECKING:
    from hpcd4p.cli.settings import Resolved

LOOK_S = (0.5, 15.0)
"""Between two questions about a job: at first, and at most. Slurm remembers for minutes how it has ended."""

SILENT_S = 900.0
"""After so long without an answer of Slurm nobody knows how the job has ended."""

_ENDED = frozenset(
    {
        "COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "PREEMPTED", "OUT_OF_MEMORY",
        "BOOT_FAIL", "DEADLINE",
    }
)  # fmt: skip

_KILLED = 128
"""A shell gives more than this for what a signal has ended."""


class UntilDone:
    """One run, in as many jobs as it takes.

    Parameters
    ----------
    submit
        Submits a job for these words of `run`; gives its number.
    words
        Those of the run.
    """

    def __init__(
        self, submit: Callable[[Sequence[str]], str], words: Sequence[str], settings: Resolved
    ) -> None:
        if settings.values["checkpoint"] == "off":
            raise SettingsError(
                "--until-done goes on from checkpoints: give --checkpoint auto, or a number of seconds"
            )
        self._submit = submit
        self._words = list(words)
        self._settings = settings
        self._most = restarts(settings)
        self._folder: Path | None = None
        self._done = 0
        self._tries = 0

    def follow(self, number: str) -> int:
        """Give the exit status of the run, whose first job has this number."""
        while True:
            try:
                state, status = ended(number)
            except KeyboardInterrupt:
                say(
                    f"hpcd4p: job {number} goes on, and nobody follows it; stop it in order: scancel {number}"
                )
                return STOPPED
            if state == "CANCELLED" or (
                state in ("COMPLETED", "FAILED") and status not in (STOPPED, _KILLED)
            ):
                return self._over(number, state, status)
            words = self._again(number, state)
            if words is None:
                return STOPPED
            number = self._submit(words)
            say(f"hpcd4p: job {number} goes on with it")

    def _over(self, number: str, state: str, status: int) -> int:
        say(f"hpcd4p: job {number}: {state}, status {status}")
        if state != "CANCELLED":
            return status
        self._look(number)
        self._say_how()
        return STOPPED

    def _again(self, number: str, state: str) -> list[str] | None:
        """The words of the next job; None: there is none."""
        epoch, done = self._look(number)
        self._tries = 0 if done > self._done else self._tries + 1
        self._done = max(done, self._done)
        told = f"job {number} ended before the work was done ({state})"
        if self._tries > self._most:
            say(
                f"hpcd4p: {told}; it was start {self._tries} from checkpoint {epoch} with nothing done, and "
                "the last (--restarts)"
            )
            self._say_how()
            return None
        if self._folder is None:
            say(f"hpcd4p: {told}, and before its first checkpoint")
            return self._words
        say(f"hpcd4p: {told}; it goes on from checkpoint {epoch}")
        return ["--resume", str(self._folder), *self._words]

    def _look(self, number: str) -> tuple[int, int]:
        """Find the newest checkpoint: its number, and how much was done."""
        named, results = self._settings.values["checkpoint_dir"], self._settings.values["results"]
        folders = [Path(named)] if named else list(Path(results).glob("*.checkpoints"))
        found = [self._folder] if self._folder else [f.resolve() for f in folders if left_by(f, number)]
        newest = max(((progress(f), f) for f in found), default=((0, 0), None))
        self._folder = newest[1] if newest[0][0] else self._folder
        return newest[0]

    def _say_how(self) -> None:
        if self._folder is not None:
            say(f"Go on from the last checkpoint:  hpcd4p resume {shlex.quote(str(self._folder))}")


def ended(number: str) -> tuple[str, int]:
    """Wait for the end of a job, however often it comes back by itself; gives its state, and the status.

    Raises
    ------
    RunStopped
        Slurm gives no answer any more.
    """
    pause, silent_since = Backoff(*LOOK_S, by=1.5), time.monotonic()
    while True:
        said = show("job", number)
        job = read_job(said)
        if job is not None:
            silent_since = time.monotonic()
            if job.state in _ENDED:
                status, _, by_signal = value(said, "ExitCode").partition(":")
                killed = by_signal not in ("", "0") or int(status or 0) > _KILLED
                return job.state, _KILLED if killed else int(status or 0)
        elif time.monotonic() - silent_since > SILENT_S:
            raise RunStopped(
                f"Slurm says nothing of job {number} any more; look at what it has printed, and go on with "
                "hpcd4p resume"
            )
        time.sleep(pause.next())
