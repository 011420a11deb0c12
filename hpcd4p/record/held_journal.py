"""The journal of a run that has just begun: in memory, until there is a file for it.

Most runs are over before their first checkpoint; they need no file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from hpcd4p.errors import CheckpointError

if TYPE_CHECKING:
    from hpcd4p.record.journalled import Journal

MOST_BYTES = 64 << 20
"""What has more is moved to its file."""


class HeldJournal:
    """See `journalled.Journal`.

    Parameters
    ----------
    move
        Calls `move_to`, or raises `CheckpointError`. Called once, when there is too much.
    """

    def __init__(self, move: Callable[[], object]) -> None:
        self._move = move
        self._file: Journal | None = None
        self._entries: list[bytes] = []
        self._bytes = 0
        self._full = False

    def append(self, entry: bytes) -> None:
        """See `Journal.append`."""
        if self._file is not None:
            self._file.append(entry)
            return
        self._entries.append(entry)
        self._bytes += len(entry)
        if self._bytes > MOST_BYTES and not self._full:
            self._full = True
            self._move()

    def end(self) -> int:
        """See `Journal.end`."""
        return 0 if self._file is None else self._file.end()

    def entries(self) -> Iterator[bytes]:
        """See `Journal.entries`."""
        return iter(self._entries) if self._file is None else self._file.entries()

    def move_to(self, file: Journal) -> None:
        """Have all in `file` from now on; it keeps what it cannot write, and then this raises."""
        self._file = file
        entries, self._entries = self._entries, []
        failed: CheckpointError | None = None
        for entry in entries:
            try:
                file.append(entry)
            except CheckpointError as error:
                failed = error
        if failed is not None:
            raise failed
