"""Folder and journal of the checkpoints of a run: made at once, or when that is worth it. Rank 0 only."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcd4p.errors import CheckpointError
from hpcd4p.logs import module_log
from hpcd4p.record.held_journal import HeldJournal

if TYPE_CHECKING:
    from hpcd4p.checkpoint.epochs import Checkpoint
    from hpcd4p.checkpoint.folder import Folder
    from hpcd4p.checkpoint.journal import Journal

RECORD_BYTES = 32 << 20
"""Left to the record where it lies beside the checkpoints: it has what comes a little later."""

_log = module_log(__name__)


class CheckpointFiles:
    """Of one run.

    Parameters
    ----------
    path
        Of the folder.
    identity
        What the run is.
    folder
        It is there, and locked; None: `set_up` makes it.
    end
        Of what its journal has; None: that is made, too.

    Attributes
    ----------
    secret
        Of the run: all that is kept is sealed with it, so the run that goes on has the same.
    held
        Takes what leaves the workflow, until there is a journal; then it goes there.
    on_set_up
        Called when the folder is there.
    """

    def __init__(
        self, path: Path, identity: dict[str, Any], folder: Folder | None = None, end: int | None = None
    ) -> None:
        self.path = path
        self.secret = os.urandom(32) if folder is None else folder.key
        self.held = HeldJournal(self.set_up)
        self.on_set_up: Callable[[], object] = bool
        self._identity = identity
        self._folder = folder
        self._journal: Journal | None = None
        self._reserve = 0
        if folder is not None:
            self._journal = self._open_journal(folder, end)
            self.held.move_to(self._journal)

    def _open_journal(self, folder: Folder, end: int | None = None) -> Journal:
        from hpcd4p.checkpoint.journal import Journal

        journal = Journal(folder.journal, self.secret, end)
        journal.reserve = self._reserve
        return journal

    def lie_beside_the_record(self) -> None:
        """The record is on the same file system, and counts more."""
        self._reserve = RECORD_BYTES
        if self._journal is not None:
            self._journal.reserve = RECORD_BYTES

    def give_room(self) -> None:
        """The journal takes no more, and the record has what it has: it is of use for a checkpoint only."""
        if self._journal is not None and not self.epochs:
            with suppress(CheckpointError):
                self._journal.cut_back(self._journal.begins)

    def set_up(self) -> None:
        """Make the folder, if it is not there yet; raises `CheckpointError`."""
        if self._folder is not None:
            return
        from hpcd4p.checkpoint.folder import Folder

        folder = Folder.create(self.path, self._identity, self.secret)
        try:
            journal = self._open_journal(folder)
        except CheckpointError:
            with suppress(CheckpointError):
                folder.remove()
            raise
        self._folder, self._journal = folder, journal
        self.on_set_up()
        self.held.move_to(journal)

    @property
    def are_there(self) -> bool:
        """Whether they are made."""
        return self._folder is not None

    @property
    def folder(self) -> Folder:
        """The folder, which is there from now on; raises `CheckpointError`."""
        self.set_up()
        assert self._folder is not None
        return self._folder

    @property
    def journal(self) -> Journal:
        """The journal, which is there from now on; raises `CheckpointError`."""
        self.set_up()
        assert self._journal is not None
        return self._journal

    @property
    def epochs(self) -> list[int]:
        """The complete checkpoints, newest first; none if somebody has removed the folder."""
        if self._folder is not None:
            with suppress(CheckpointError):
                return self._folder.epochs()
        return []

    def end(self, remove: bool) -> None:
        """The run has ended; `remove`: what is kept is of no use any more."""
        if self._folder is None or self._journal is None:
            return
        self._journal.close()
        if remove:
            self._folder.remove()
        else:
            self._folder.unlock()


def files_to_go_on(
    path: Path, identity: dict[str, Any], anyway: bool
) -> tuple[CheckpointFiles, Checkpoint, float]:
    """Those of a run that goes on, its checkpoint, and when it has left its last sign of life.

    Parameters
    ----------
    anyway
        Go on even if something has changed.

    Raises
    ------
    CheckpointError
        There is nothing to go on from, another run uses it, or it belongs to something else.
    """
    from hpcd4p.checkpoint.folder import Folder
    from hpcd4p.checkpoint.identity import differences
    from hpcd4p.checkpoint.place import last_sign

    folder = Folder.open(path)
    died_at = last_sign(path)
    folder.lock()
    differs = differences(folder.identity, identity)
    if differs and not anyway:
        raise CheckpointError(
            f"the run of {path} cannot go on, for this is not the same run: {'; '.join(differs)}. "
            "Undo that; or go on all the same with --anyway, if you know that it does not matter"
        )
    found = folder.latest()
    if found is None:
        raise CheckpointError(
            f"{path} has no checkpoint yet: the run ended before the first; remove the folder, and start "
            "it again"
        )
    for reason in found.refused:
        _log.info("%s; going on from the one before", reason)
    folder.back_to(found.epoch)
    return CheckpointFiles(path, identity, folder, end_of(found)), found, died_at


def end_of(found: Checkpoint) -> int:
    """Where the outputs of a checkpoint end in the journal."""
    end: int = found.manifest["journal"]
    return end
