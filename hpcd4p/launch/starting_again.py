"""A run that died comes back by itself: the process that launched its ranks starts them again.

Not if somebody has asked it to end, or an element has failed it, or there is no checkpoint to go on from.
"""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from hpcd4p.control.restarts import Restarts
from hpcd4p.errors import CheckpointError, CheckpointInUse, Hpcd4pError, RankLost
from hpcd4p.launch.status_note import RESTARTED_VARIABLE, Rest

STATUS = 3
"""Of runs that ended before their work was done."""

LOCK_S = 10.0
"""A process that was saving for the run that died holds the lock of its checkpoints until it is through."""

LOOK_S = 0.05


class Ended(NamedTuple):
    """How a run has ended, for the process that launched it."""

    status: int | None
    """What rank 0 left, or None."""
    error: Hpcd4pError | None
    """What to raise if it left none."""
    asked_to_stop: bool
    rest: Rest


class StartingAgain:
    """Of one run.

    Parameters
    ----------
    most
        See `control.restarts.Restarts`.

    Attributes
    ----------
    folder
        Of the checkpoints.
    """

    def __init__(self, most: int) -> None:
        self._restarts = Restarts(most)
        self._told: list[tuple[str, float]] = []
        self.folder = ""

    def again(self, ended: Ended) -> bool:
        """Whether the run is to be started again; says so, or why not any more."""
        if ended.rest.folder or ended.status is not None:  # else rank 0 has died before it could say it
            self.folder = ended.rest.folder
        if ended.asked_to_stop or not ended.rest.died or not _died(ended):
            return False
        epoch, age_s = newest(self.folder)
        if not epoch and ended.status is None and has_outputs(self.folder):  # else rank 0 has said it
            where = shlex.quote(self.folder)
            _say(f"the run had no checkpoint yet; `hpcd4p show {where}` has what came out so far")
        if not epoch or not self._restarts.most:
            return False
        why = ended.rest.why or str(ended.error or "the run ended before its work was done")
        what = _first(why)
        if not self._restarts.again(epoch):
            _say(
                f"{what}; that was start {self._restarts.tries} from checkpoint {epoch} without a newer one, "
                "and the last (--restarts)"
            )
            return False
        said = f"{what}; it goes on from checkpoint {epoch}, and {age_s:.1f} s are lost"
        self._told.append((said, age_s))
        _say(f"{said} (start {self._restarts.tries} of {self._restarts.most} from there)")
        _await_lock(self.folder)
        return True

    def words(self, argv: Sequence[str]) -> list[str]:
        """The words for the ranks that go on, from those of the run."""
        if "--resume" in argv:
            return list(argv)
        return [argv[0], "--resume", self.folder, *argv[1:]]

    def variables(self) -> dict[str, str]:
        """What the ranks are told of it."""
        return {RESTARTED_VARIABLE: json.dumps(self._told)} if self._told else {}


def newest(folder: str) -> tuple[int, float]:
    """The newest complete checkpoint in a folder, 0 if there is none, and its age in seconds."""
    from hpcd4p.checkpoint import epochs

    with suppress(CheckpointError, OSError):
        for epoch in epochs.complete(Path(folder)) if folder else ():
            made = (epochs.path(Path(folder), epoch) / epochs.MANIFEST).stat().st_mtime
            return epoch, max(0.0, time.time() - made)
    return 0, 0.0


def has_outputs(folder: str) -> bool:
    """Whether `hpcd4p show` finds something there of a run without a checkpoint."""
    from hpcd4p.checkpoint.place import JOURNAL

    return bool(folder) and Path(folder, JOURNAL).is_file()


def _died(ended: Ended) -> bool:
    if ended.status is None:
        return isinstance(ended.error, RankLost)
    return ended.status == STATUS


def _first(why: str) -> str:
    """What has died, without the advice that follows."""
    for end in ("; ", ": ", ". "):
        why = why.partition(end)[0]
    return why


def _await_lock(folder: str) -> None:
    """Wait until nobody works with the checkpoints any more; the ranks report it if somebody does."""
    from hpcd4p.checkpoint.folder import Folder

    end = time.monotonic() + LOCK_S
    while time.monotonic() < end:
        try:
            found = Folder.open(Path(folder))
            found.lock()
        except CheckpointInUse:
            time.sleep(LOOK_S)
        except CheckpointError:
            return
        else:
            found.unlock()
            return


def _say(text: str) -> None:
    with suppress(OSError):
        sys.stderr.write(f"\rhpcd4p: {text}\n")  # over the progress line
        sys.stderr.flush()
