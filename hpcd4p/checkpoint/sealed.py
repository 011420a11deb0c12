"""A sealed file: written once, in pieces, under a keyed tag; read only when the tag is right.

Layout::

    header (`header`) | body | bytes of the body u64 | tag (32) | end (8)

The tag is a keyed BLAKE2b of all before it, so of the name and the epoch, too. A body is never wholly in
memory: a pickler writes into `SealedWriter`, and an unpickler reads from what `open_sealed` gives. Every rank
imports this.
"""

from __future__ import annotations

import io
import os
import struct
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple

from hpcd4p import descriptors
from hpcd4p.checkpoint import header
from hpcd4p.checkpoint.bodies import Body, Unzipped
from hpcd4p.checkpoint.durable import PathLike, Room, aside, create, sync_folder, write_at, writing
from hpcd4p.errors import CheckpointError, SealBroken
from hpcd4p.wire.codec import blake2b, compare_digest

PIECE_BYTES = 1 << 18
"""Smaller writes are gathered up to this: a pickler writes 64 KiB at a time, and often less."""

_TAG_BYTES = 32
_END = b"sealed\x00\n"
_FOOT = struct.Struct(f"<Q{_TAG_BYTES}s{len(_END)}s")
_ZIPPED = 1
"""Flag of the header: the body is one stream of zlib."""


class Sealed(NamedTuple):
    """What the manifest keeps of a sealed file: no other one is taken for it, also not a later one."""

    name: str
    size: int
    digest: str
    """Its tag, in hexadecimal digits."""


def _hasher(key: bytes) -> blake2b:
    return blake2b(key=key, digest_size=_TAG_BYTES, person=b"hpcd4p sealed")


class SealedWriter:
    """Writes a sealed file: aside, until `close` gives it its name.

    A context manager: left in order it closes the file, left by an exception it abandons it.

    Parameters
    ----------
    path
        Its name is part of what is sealed. What is there is replaced.
    key
        32 bytes that the run alone knows.
    epoch
        The checkpoint that the file belongs to.
    zipped
        Compress, quickly.

    Raises
    ------
    CheckpointNotWritten
        From any method: there is no room, say. Nothing of the file is left then (where only its folder could
        not be synced, it may be there, as a whole).

    Attributes
    ----------
    sealed
        What `close` has given, or None.
    """

    def __init__(self, path: PathLike, key: bytes, epoch: int, *, zipped: bool = False) -> None:
        self.path = os.fspath(path)
        self._aside = aside(path)
        self.sealed: Sealed | None = None
        self._tag = _hasher(key)
        self._zip = None
        self._gathered = bytearray()
        self._at = 0
        self._room = Room(self.path)
        if zipped:
            import zlib  # a library of its own to load: only where it is asked for

            self._zip = zlib.compressobj(1)
        with writing(path):
            self._held = descriptors.hold(create(self._aside))
        head = header.make(header.SEALED, os.path.basename(self.path), key, epoch, _ZIPPED if zipped else 0)
        self._gathered += head
        self._head_bytes = len(head)

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Write one piece of the body; a file object for a pickler has this method."""
        with memoryview(data) as view:
            size = view.nbytes
            self._take(view if self._zip is None else self._zip.compress(view))
        return size

    def _take(self, data: bytes | memoryview) -> None:
        size = data.nbytes if isinstance(data, memoryview) else len(data)
        if len(self._gathered) + size > PIECE_BYTES:
            self._put(self._gathered)
            self._gathered = bytearray()
        if size > PIECE_BYTES:
            self._put(data)
        else:
            self._gathered += data

    def _put(self, data: bytes | bytearray | memoryview) -> None:
        self._tag.update(data)
        self._store(data)

    def _store(self, data: bytes | bytearray | memoryview) -> None:
        try:
            with writing(self.path):
                self._room.look(self._at, memoryview(data).nbytes)
                self._at = write_at(self._descriptor(), data, self._at)
        except BaseException:
            self.abandon()
            raise

    def _descriptor(self) -> int:
        """That of the file; opened anew if an element has closed it while it was pickled."""
        if not descriptors.ours(self._held):
            self._held = descriptors.hold(os.open(self._aside, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC))
        return self._held

    def close(self) -> Sealed:
        """Have the file on the disk, and under its name."""
        if self._zip is not None:
            self._take(self._zip.flush())
        self._put(self._gathered)
        size = struct.pack("<Q", self._at - self._head_bytes)
        self._tag.update(size)
        tag = self._tag.digest()
        self._store(size + tag + _END)
        try:
            with writing(self.path):
                os.fsync(self._descriptor())
                os.rename(self._aside, self.path)
                sync_folder(os.path.dirname(self.path) or ".")
        except BaseException:
            self.abandon()
            raise
        descriptors.close(self._held)
        self.sealed = Sealed(os.path.basename(self.path), self._at, tag.hex())
        return self.sealed

    def abandon(self) -> None:
        """Leave nothing of the file; may be called again."""
        with suppress(OSError):
            os.unlink(self._aside)
        with suppress(OSError):
            descriptors.close(self._held)

    def __enter__(self) -> SealedWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.abandon()
        elif self.sealed is None:
            self.close()


def stamp(path: PathLike) -> Sealed | None:
    """What a file says that it is, at once: only its size and its last bytes are read. None: it is none."""
    try:
        # opened, for on NFS that asks the server, and a question for its size may not
        descriptor = header.open_file(path)
        try:
            end = os.fstat(descriptor).st_size - _FOOT.size
            _, tag, _ = _foot(descriptor, path, end)
        finally:
            os.close(descriptor)
    except (OSError, CheckpointError):
        return None
    return Sealed(os.path.basename(os.fspath(path)), end + _FOOT.size, tag.hex())


def verify_sealed(path: PathLike, key: bytes, epoch: int, digest: str | None = None) -> Sealed:
    """Read all of a sealed file and check its tag.

    Parameters
    ----------
    digest
        The tag that it must have, from the manifest.

    Raises
    ------
    SealBroken
        It is cut short, damaged, of another version, of another run, or another file; the message says which.
    CheckpointError
        It is not there, or cannot be read.
    """
    descriptor = header.open_file(path)
    try:
        return _verified(descriptor, path, key, epoch, digest)[0]
    finally:
        os.close(descriptor)


def open_sealed(path: PathLike, key: bytes, epoch: int, digest: str | None = None) -> io.BufferedReader:
    """The body of a sealed file, to be read in pieces. All of it has been read once, and its tag was right.

    It is the same open file that was verified. Raises as `verify_sealed` does.
    """
    descriptor = header.open_file(path)
    try:
        _, flags, begin, end = _verified(descriptor, path, key, epoch, digest)
    except BaseException:
        os.close(descriptor)
        raise
    body = Body(descriptor, begin, end)
    return io.BufferedReader(Unzipped(body) if flags & _ZIPPED else body, PIECE_BYTES)


def _verified(
    descriptor: int, path: PathLike, key: bytes, epoch: int, digest: str | None
) -> tuple[Sealed, int, int, int]:
    """What the file is, its flags, and where its body begins and ends."""
    try:
        flags, head = header.read(descriptor, path, header.SEALED, key, epoch)
        end = os.fstat(descriptor).st_size - _FOOT.size
        size, tag, mark = _foot(descriptor, path, end)
        if end - len(head) < size or mark != _END:
            raise header.cut_short(path)
        if end - len(head) != size or not compare_digest(tag, _tag_of(descriptor, key, end)):
            raise header.damaged(path)
    except OSError as error:
        raise SealBroken(f"{os.fspath(path)} cannot be read: {error.strerror}; {header.BEFORE}") from error
    sealed = Sealed(os.path.basename(os.fspath(path)), end + _FOOT.size, tag.hex())
    if digest is not None and digest != sealed.digest:
        raise SealBroken(f"{os.fspath(path)} is not the file that its manifest names; {header.BEFORE}")
    return sealed, flags, len(head), end


def _foot(descriptor: int, path: PathLike, end: int) -> tuple[int, bytes, bytes]:
    data = os.pread(descriptor, _FOOT.size, end) if end > 0 else b""
    if len(data) < _FOOT.size:
        raise header.cut_short(path)
    size, tag, mark = _FOOT.unpack(data)
    return size, tag, mark


def _tag_of(descriptor: int, key: bytes, end: int) -> bytes:
    """The tag of all before `end`, and of the number behind it."""
    tag = _hasher(key)
    at, stop = 0, end + 8
    while at < stop:
        data = os.pread(descriptor, min(PIECE_BYTES, stop - at), at)
        if not data:
            break
        tag.update(data)
        at += len(data)
    return tag.digest()
