"""Keeps the checkpoints of a run in files. What takes long is done by a thread, in order.

The head's own file is written when the cut is fixed, while the other ranks write theirs; the manifest comes
last. See `hpcd4p.checkpoint` for the files.
"""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from hpcd4p.checkpoint.sealed import Sealed, SealedWriter
from hpcd4p.control.cutting import likely_bytes
from hpcd4p.errors import CheckpointError, NoRoom
from hpcd4p.runtime.head.keeper import Kept
from hpcd4p.runtime.rank.forked_saver import file_name

if TYPE_CHECKING:
    from pathlib import Path

    from hpcd4p.checkpoint.folder import Folder
    from hpcd4p.checkpoint.journal import Journal
    from hpcd4p.record.survival import CheckpointRow
    from hpcd4p.wire.cut_reports import Saved
    from hpcd4p.wire.resumption import Fixed

SIGN_S = 2.0
"""Between two signs of life; whoever goes on tells from them how much is done again."""

HEAD = "head"
"""Name of the file with what the head holds."""


class FileKeeper:
    """See `runtime.head.keeper.Keeper`.

    Parameters
    ----------
    journal
        Gets all that leaves the workflow.
    broken
        Empty, or why the journal is not complete any more.
    facts
        Gives what the manifest says besides, of a checkpoint.
    dumps
        Pickles what the head holds.
    size
        Bytes that the next checkpoint is likely to have; 0: nobody knows.
    """

    def __init__(
        self,
        folder: Folder,
        journal: Journal,
        broken: Callable[[], str],
        facts: Callable[[CheckpointRow], dict[str, Any]],
        dumps: Callable[[Any], bytes],
        size: int = 0,
    ) -> None:
        self._folder = folder
        self._journal = journal
        self._broken = broken
        self._facts = facts
        self._dumps = dumps
        self._likely = size
        self._no_room = ""
        self._free = 0
        """When the last one was begun."""
        self.epoch = 0
        """The last one that was begun."""
        self._part: Path | None = None
        self._end = self._work_done = self._tuples = 0
        self._elapsed_s = self._cut_at = 0.0
        self._mine: Sealed | None = None
        self._failed: CheckpointError | None = None
        self._files: dict[int, dict[str, tuple[int, str]]] = {}
        """Of each complete epoch of this run to which a later one may refer."""
        self._to_do: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._done: SimpleQueue[Kept] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="checkpoints", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while (job := self._next_job()) is not None:
            try:
                job()
            except CheckpointError as error:
                self._failed = error

    def _next_job(self) -> Callable[[], None] | None:
        while True:
            try:
                return self._to_do.get(timeout=SIGN_S)
            except Empty:
                self._journal.sign()

    def begin(self, epoch: int) -> None:
        """See `Keeper.begin`."""
        if self._broken():
            raise CheckpointError(self._broken())
        self._look_for_room()
        self.epoch = epoch
        self._part = self._folder.begin(epoch)
        self._mine = self._failed = None

    def _look_for_room(self) -> None:
        """Raise `CheckpointError`, each time with the same text, if the next one is likely not to fit."""
        free = self._free = self._folder.free()
        if self._likely <= free:
            self._no_room = ""
            return
        self._no_room = self._no_room or (
            f"{self._folder.path} has {free:,} bytes free, and to go by those before, the next one takes "
            f"{self._likely:,} or more: make room, or choose another place with --checkpoint-dir"
        )
        raise CheckpointError(self._no_room)

    def fix(self, epoch: int, fixed: Fixed) -> None:
        """See `Keeper.fix`."""
        body = self._dumps(fixed)
        stats = fixed.snapshot.stats
        self._end, self._work_done, self._tuples = self._journal.end(), stats.done, stats.tuples
        self._elapsed_s, self._cut_at = fixed.elapsed_s, time.time()
        if self._broken():
            raise CheckpointError(self._broken())
        self._to_do.put(lambda: self._write(epoch, body))

    def _write(self, epoch: int, body: bytes) -> None:
        assert self._part is not None
        with SealedWriter(self._part / HEAD, self._folder.key, epoch) as file:
            file.write(body)
        self._journal.sync()
        self._mine = file.sealed

    def complete(self, epoch: int, saved: Sequence[Saved], row: CheckpointRow) -> None:
        """See `Keeper.complete`."""
        self._to_do.put(lambda: self._complete(epoch, saved, row))

    def _complete(self, epoch: int, saved: Sequence[Saved], row: CheckpointRow) -> None:
        error = self._failed
        try:
            if error is None and self._mine is not None:
                files = {file_name(each.rank): (each.size, each.digest) for each in saved}
                files[HEAD] = self._mine.size, self._mine.digest
                older = {
                    file_name(each.rank): [(e, *self._files[e][file_name(each.rank)]) for e in each.needs]
                    for each in saved
                    if each.needs
                }
                size = sum(size for size, _ in files.values())
                facts = {
                    "files": files, "older": older, "journal": self._end, "done": self._work_done,
                    "tuples": self._tuples, "elapsed_s": self._elapsed_s, "cut_at": self._cut_at,
                    **self._facts(row._replace(size=size)),
                }  # fmt: skip
                self._folder.complete(epoch, facts)
                self._remember(epoch, files, [e for each in saved for e in each.needs])
                self._likely = self._mine.size + sum(
                    likely_bytes([*(size for _, size, _ in older.get(file_name(each.rank), ())), each.size])
                    for each in saved
                )
                self._done.put(Kept(epoch, size))
                return
        except CheckpointError as raised:
            error = raised
        if isinstance(error, NoRoom):
            self._was_too_large()
        self._done.put(Kept(epoch, 0, str(error)))

    def _remember(self, epoch: int, files: dict[str, tuple[int, str]], needed: list[int]) -> None:
        oldest = min(
            [*needed, max(self._files, default=epoch)]
        )  # the one before may be the base of a late one
        self._files = {e: each for e, each in self._files.items() if e >= oldest}
        self._files[epoch] = files

    def ended(self) -> list[Kept]:
        """See `Keeper.ended`."""
        found = []
        while not self._done.empty():
            found.append(self._done.get())
        return found

    def give_up(self, epoch: int, no_room: bool = False) -> None:
        """See `Keeper.give_up`: its folder goes when the next one begins."""
        if no_room:
            self._was_too_large()

    def _was_too_large(self) -> None:
        self._likely = max(self._likely, self._free + 1)

    def close(self) -> None:
        """Finish what has begun, and end the thread."""
        self._to_do.put(None)
        self._thread.join()


def loads_fixed(body: bytes) -> Fixed:
    """Inverse of what `FileKeeper` has pickled; only of a file whose seal was checked."""
    fixed: Fixed = pickle.loads(body)
    return fixed
