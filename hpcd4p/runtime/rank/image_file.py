"""The file of a rank in a checkpoint: pickles in pieces, so that neither side holds one as a whole.

Layout: frames, each with the partition that it belongs to, what it is, and whether its pickle ends with it.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from hpcd4p.errors import SealBroken
from hpcd4p.wire.resumption import Held, Key, Pieces, State

PIECE_BYTES = 1 << 20
"""Smaller writes of a pickler are gathered up to this."""

WHOLE, FRESH, AGAIN, KEYS, LINE = range(5)
"""Kinds of pickles: an element with all its states; an element whose states follow, all of them, or those
that have changed; states of some keys; tuples in line."""

_FRAME = struct.Struct("<iiBBQ")


class Written(Protocol):
    """Takes bytes."""

    def write(self, data: Any) -> int:
        """Take them; gives how many."""


class ImageWriter:
    """Writes the frames. A pickler writes into it, between `begin` and `end`.

    Attributes
    ----------
    bytes
        Written so far, by kind.
    """

    def __init__(self, file: Written) -> None:
        self.bytes: Counter[int] = Counter()
        self._file = file
        self._key: Key = (0, 0)
        self._kind = 0
        self._gathered = bytearray()

    def begin(self, key: Key, kind: int) -> None:
        """A pickle begins."""
        self._key, self._kind = key, kind

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """See `io.RawIOBase.write`."""
        with memoryview(data) as view:
            size = view.nbytes
            if len(self._gathered) + size > PIECE_BYTES:
                self._put(self._gathered)
                self._gathered = bytearray()
            if size > PIECE_BYTES:
                self._put(view)
            else:
                self._gathered += view
        return size

    def end(self) -> None:
        """It has ended."""
        self._put(self._gathered, ends=True)
        self._gathered = bytearray()

    def _put(self, data: bytearray | memoryview, ends: bool = False) -> None:
        size = memoryview(data).nbytes
        if size or ends:
            self._file.write(_FRAME.pack(*self._key, self._kind, ends, size))
            self._file.write(data)
            self.bytes[self._kind] += size


def held_in(files: Iterable[Any], wanted: Callable[[Key], bool]) -> dict[Key, Held]:
    """What a rank holds, by the last of its files and those that it refers to, oldest first.

    Raises
    ------
    SealBroken
        One of them refers to a state that is in none before it.
    """
    held: dict[Key, Held] = {}
    for file in files:
        read = _read(file, wanted)
        held = {key: each.onto(key, held.get(key)) for key, each in read.items()}
    return held


class _Found:
    """What one file has of a partition."""

    def __init__(self) -> None:
        self.kind: int | None = None
        self.pe: Pieces = ()
        self.keys: list[Pieces] = []
        self.lines: list[bytes] = []

    def add(self, kind: int, pieces: Pieces) -> None:
        """One more pickle."""
        if kind == LINE:
            self.lines.append(b"".join(pieces))
        elif kind == KEYS:
            self.keys.append(pieces)
        else:
            self.kind, self.pe = kind, pieces

    def onto(self, key: Key, before: Held | None) -> Held:
        """What the partition holds, with what it held before."""
        lines = tuple(self.lines)
        if self.kind is None:
            return Held(None, lines)
        if self.kind == WHOLE:
            return Held(State(self.pe), lines)
        old = () if self.kind == FRESH else before and before.state and before.state.keys
        if old is None:
            raise SealBroken(f"a checkpoint has changes of partition {key} and not what they change")
        return Held(State(self.pe, (*old, *self.keys)), lines)


def _read(file: Any, wanted: Callable[[Key], bool]) -> dict[Key, _Found]:
    found: dict[Key, _Found] = {}
    for key, kind, pieces in _pickles(file, wanted):
        found.setdefault(key, _Found()).add(kind, pieces)
    return found


def _pickles(file: Any, wanted: Callable[[Key], bool]) -> Iterator[tuple[Key, int, Pieces]]:
    pieces: list[bytes] = []
    while head := file.read(_FRAME.size):
        element, partition, kind, ends, size = _FRAME.unpack(head)
        key = element, partition
        if not wanted(key):
            _skip(file, size)
            continue
        pieces.append(file.read(size))
        if ends:
            yield key, kind, tuple(pieces)
            pieces = []


def _skip(file: Any, size: int) -> None:
    while size > 0:
        size -= len(file.read(min(size, PIECE_BYTES)))
