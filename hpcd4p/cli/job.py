"""The batch job of Slurm that a run is in: what an earlier start has left, and whether it comes back."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcd4p.checkpoint.place import RUN
from hpcd4p.cli.words import say
from hpcd4p.errors import CheckpointError
from hpcd4p.launch.status_note import STATUS_VARIABLE
from hpcd4p.record.point import POINT_VARIABLE
from hpcd4p.slurm_job import BY_SLURM, number_of, put_back

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

STOPPED = 3
"""Status of a run that ended before its work was done."""

COUNT = "SLURM_RESTART_COUNT"


class Job:
    """Of this command.

    Attributes
    ----------
    number
        Of the job.
    """

    def __init__(self, number: str, restarts: int) -> None:
        self.number = number
        self._restarts = restarts
        self._done = 0

    def earlier(self, folders: Sequence[Path], words: Sequence[str]) -> str | None:
        """Give the folder of checkpoints that an earlier start of this job has left; None without one."""
        found = [each for each in folders if left_by(each, self.number, words)] if self._restarts else []
        for folder in sorted(found, key=lambda each: (each / RUN).stat().st_mtime, reverse=True):
            epoch, self._done = progress(folder)
            if epoch:
                self._say(f"it goes on from checkpoint {epoch}")
                return str(folder)
            with suppress(OSError):
                (folder / RUN).unlink()  # there is nothing to go on from
        if self._restarts:
            self._say("it starts again")
        return None

    def resumed(self, folder: str) -> None:
        """The run goes on from a folder that its words name."""
        _, self._done = progress(Path(folder))

    def _say(self, text: str) -> None:
        say(f"hpcd4p: Slurm has started job {self.number} again (restart {self._restarts}): {text}")

    def comes_back(self, folder: Path) -> bool:
        """Put the job back into the queue, or say why not."""
        epoch, done = progress(folder)
        sys.stdout.flush()
        why = put_back(self.number, done > self._done, time.time())
        if not why or why == BY_SLURM:
            say(
                f"hpcd4p: the job is put back into the queue, and will go on from checkpoint {epoch} "
                "(sbatch --no-requeue: it is not)"
            )
            return True
        say(f"hpcd4p: job {self.number} is not put back into the queue: {why}")
        return False


def job_here(environ: Mapping[str, str] = os.environ) -> Job | None:
    """Give the job, unless another process follows this run: one that has launched its ranks, or a study."""
    number = number_of(environ)
    if not number or STATUS_VARIABLE in environ or POINT_VARIABLE in environ:
        return None
    count = environ.get(COUNT, "")
    return Job(number, int(count) if count.isdigit() else 0)


def left_by(folder: Path, number: str, words: Sequence[str] | None = None) -> bool:
    """Whether this job has begun the run of a folder of checkpoints; with these words, if they are given."""
    try:
        identity = json.loads((folder / RUN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    same = isinstance(identity, dict) and identity.get("job") == number
    return same and (words is None or identity.get("words") == list(words))


def progress(folder: Path) -> tuple[int, int]:
    """Give the number of the newest complete checkpoint, and how much was done by then; zeros without one."""
    from hpcd4p.checkpoint.epochs import latest
    from hpcd4p.checkpoint.folder import Folder

    with suppress(CheckpointError, OSError):
        found = latest(folder, Folder.open(folder).key, whole=False)
        if found is not None:
            return found.epoch, _whole(found.manifest.get("done"))
    return 0, 0


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0
