"""The folder of a run's checkpoints: what is complete, what is kept, what is removed.

::

    run.json          what the run is (`identity`)
    key               seals all files; its user alone may read it (`secret`)
    lock              held by the run that works with the folder (`lock`)
    outputs.journal   what has left the workflow (`journal`)
    epoch-000007/     a complete checkpoint
    epoch-000008.part/    one that is being written, or whose writing or removal was cut short
        rank-3        sealed (`sealed`)
        manifest      sealed: the names, sizes and tags of all files, and facts of the head
    epoch-000004.base/    of an older one those files to which the ones that are kept refer

A checkpoint is complete when its folder has its name, and that is the last step: so nothing half-written
looks complete. What is removed loses its name first.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from hpcd4p.checkpoint import epochs, place, removing
from hpcd4p.checkpoint.durable import sync_folder, write_whole, writing
from hpcd4p.checkpoint.epochs import Checkpoint
from hpcd4p.checkpoint.header import VERSION
from hpcd4p.checkpoint.lock import Lock
from hpcd4p.checkpoint.sealed import SealedWriter, stamp
from hpcd4p.checkpoint.secret import make_key, read_key
from hpcd4p.errors import CheckpointError, CheckpointNotWritten

KEPT = 2
"""Complete checkpoints that are kept: the one before is there if the newest is damaged."""


class Folder:
    """The checkpoints of one run. Made by `create` or `open`.

    Attributes
    ----------
    key
        The run's secret.
    identity
        What the run is.
    """

    def __init__(self, path: Path, key: bytes, identity: dict[str, Any]) -> None:
        self.path = path
        self.key = key
        self.identity = identity
        self._lock = Lock(str(path / place.LOCK))

    @property
    def journal(self) -> Path:
        """Where the journal of outputs is."""
        return self.path / place.JOURNAL

    # ---- a run begins, or goes on

    @classmethod
    def create(cls, path: Path, identity: dict[str, Any], key: bytes = b"") -> Folder:
        """Make the folder of a new run, and lock it.

        Parameters
        ----------
        key
            The run's secret; without it one is made.

        Raises
        ------
        CheckpointError
            There is something else, or a run that can be resumed.
        CheckpointInUse
            A run works with it.
        CheckpointNotWritten
            It cannot be made.
        """
        folder = cls(path, b"", identity)
        with writing(path):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.check_new(path)
        folder.lock()
        try:
            place.check_new(path)  # it was not locked before
        except BaseException:
            folder.unlock()
            raise
        try:
            folder._fill(key)
        except BaseException:
            with suppress(CheckpointNotWritten):
                folder.remove()
            raise
        return folder

    def _fill(self, key: bytes) -> None:
        with writing(self.path):
            self.path.chmod(0o700)
        self._clear()
        self.key = make_key(self.path / place.KEY, key)
        # last: without it nothing is here
        text = json.dumps({"version": VERSION, **self.identity}, indent=1)
        write_whole(self.path / place.RUN, text.encode())

    @classmethod
    def open(cls, path: Path) -> Folder:
        """The folder of a run that is there; not locked.

        Raises
        ------
        CheckpointError
            There is none, or it is not this user's.
        OtherVersion
            It was written by an hpcd4p that writes other files.
        """
        identity = place.identity_in(path)
        return cls(path, read_key(path / place.KEY), identity)

    def lock(self) -> None:
        """Be the only run that works with the folder; see `lock` for file systems where that is not sure.

        Raises
        ------
        CheckpointInUse
            Another one does: its host, process, and since when.
        NotSealed
            One has finished, and removed the checkpoints meanwhile.
        """
        self._lock.take()
        if self.key and not (self.path / place.RUN).exists():
            self._lock.release(remove=True)
            raise place.nothing(self.path)

    def unlock(self) -> None:
        """Let another run have it."""
        self._lock.release()

    # ---- an epoch is written

    def begin(self, epoch: int) -> Path:
        """Make the folder into which the files of an epoch are written; one epoch at a time.

        Whatever was begun before and is not complete is removed.

        Raises
        ------
        CheckpointNotWritten
            It cannot be made.
        CheckpointInUse
            An element has closed the descriptor of the lock, and another run has come.
        """
        self._lock.take()
        try:
            newest = max(self.epochs(), default=-1)
        except CheckpointError as error:
            raise CheckpointNotWritten(str(error)) from error
        assert epoch > newest, f"epoch {epoch} is not newer than {newest}"
        removing.remove_parts(self.path)
        part = epochs.part(self.path, epoch)
        with writing(part):
            part.mkdir(mode=0o700)
            sync_folder(self.path)
        return part

    def complete(self, epoch: int, manifest: dict[str, Any]) -> Path:
        """Write the manifest, and make the epoch visible; older ones than the last two are removed.

        Parameters
        ----------
        manifest
            JSON. Its ``files`` are all files of the epoch, name → (size, digest), as `SealedWriter.close` and
            its like on other ranks gave them; ``older``, if there is any, those of earlier epochs to which
            they refer, name → a list of (epoch, size, digest), oldest first; ``journal`` is the offset of the
            journal that belongs to it, if there is one. The journal must have been synced up to there.

        Raises
        ------
        CheckpointNotWritten
            A file is not there or not whole, or this could not be written. The epoch is not visible then.
        """
        part, path = epochs.part(self.path, epoch), epochs.path(self.path, epoch)
        for name, (size, digest) in manifest["files"].items():
            if stamp(part / name) != (name, size, digest):
                raise CheckpointNotWritten(
                    f"{part / name} has been written, and rank 0 does not find it: is the folder the same on "
                    "all nodes? Choose one on a shared file system with --checkpoint-dir"
                )
        for older in epochs.older_in(self.path, manifest).values():
            for each in older:
                if not each.is_there:
                    raise CheckpointNotWritten(f"{each.path} is gone, and {path} needs it")
        text = json.dumps({"version": VERSION, "epoch": epoch, **manifest})
        with SealedWriter(part / epochs.MANIFEST, self.key, epoch) as file:
            file.write(text.encode())
        with writing(path):
            sync_folder(part)
            part.rename(path)
            try:
                sync_folder(self.path)
            except OSError:
                removing.remove(self.path, epoch)
                raise
        removing.remove_old(self.path, self.key, KEPT)
        return path

    def abandon(self) -> None:
        """Remove the epoch that was begun."""
        removing.remove_parts(self.path)

    # ---- what is there

    def epochs(self) -> list[int]:
        """The complete ones, newest first."""
        return epochs.complete(self.path)

    def latest(self, *, whole: bool = True) -> Checkpoint | None:
        """The newest one that is as it was written; None if none was ever complete.

        Parameters
        ----------
        whole
            Read all its files, and the journal. Otherwise only the manifest, and that the others are there
            with their sizes: whoever opens them checks them anyway.

        Raises
        ------
        SealBroken
            There are some, and all are damaged; the message has the reason of each.
        """
        return epochs.latest(self.path, self.key, whole=whole)

    def back_to(self, epoch: int) -> None:
        """Go on from this epoch: newer ones, which could not be used, are removed."""
        for newer in self.epochs():
            if newer > epoch:
                removing.remove(self.path, newer)

    def size(self) -> int:
        """Bytes that the folder takes on the disk."""
        return place.size(self.path)

    def free(self) -> int:
        """Bytes that its file system has left for this user; quotas are not known."""
        return place.free(self.path)

    # ---- what goes

    def remove(self) -> None:
        """Remove all checkpoints, when a run has finished; what else is in the folder stays.

        Raises
        ------
        CheckpointNotWritten
            They cannot be removed, and none is: the run could still be resumed, so its user should know.
        """
        with writing(self.path / place.RUN):
            (self.path / place.RUN).unlink(missing_ok=True)  # first: from now on nothing is here
        with suppress(OSError):
            sync_folder(self.path)
        self._clear()
        self._lock.release(remove=True)
        with suppress(OSError):
            self.path.rmdir()

    def _clear(self) -> None:
        """Remove all but `run.json` and the lock."""
        removing.remove_all(self.path)
        for name in (place.JOURNAL, place.KEY):
            with suppress(OSError):
                (self.path / name).unlink(missing_ok=True)
        for left in self.path.glob(".*.part"):
            with suppress(OSError):
                left.unlink()
