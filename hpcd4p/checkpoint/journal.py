"""A file of bytes that is appended to, and cut back: what has left the workflow so far.

Layout: a header (`header`), then frames::

    bytes of the body and whether it is compressed u64 | tag (16) | body

A body is one or more entries, each with its size (u64) in front. The tag is a keyed BLAKE2b of the body, of
the number before it and of the place of the frame in the file, for what is in it will be unpickled. Only the
process that leads the run writes it; any process of its user may read it meanwhile.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import suppress

from hpcd4p import descriptors
from hpcd4p.checkpoint import header, place
from hpcd4p.checkpoint.durable import PathLike, create, read_at, sync_folder, write_at, writing
from hpcd4p.checkpoint.packing import Packing, unpacked
from hpcd4p.errors import CheckpointNotWritten, SealBroken
from hpcd4p.wire.codec import blake2b, compare_digest

FRAME_BYTES = 1 << 16
"""Entries are gathered up to this: a tag and a write for each of them would cost more than they do."""

LOOK_BYTES = 1 << 20
"""After so much more it is looked how much room there is."""

_TAG_BYTES = 16
_FRAME = struct.Struct(f"<Q{_TAG_BYTES}s")
_SIZE = struct.Struct("<Q")


def _tag(key: bytes, at: int, number: int, body: bytes) -> bytes:
    tag = blake2b(struct.pack("<QQ", at, number), key=key, digest_size=_TAG_BYTES, person=b"hpcd4p journal")
    tag.update(body)
    return tag.digest()


class Journal:
    """Appends to the journal of a run.

    Parameters
    ----------
    end
        None makes the file. A number opens one that is there, and cuts it back to this offset.

    Attributes
    ----------
    begins
        The offset before the first entry.
    reserve
        Bytes of its file system that are left to others: with less it is full.

    Raises
    ------
    CheckpointNotWritten
        From any method. What was appended and could not be written stays in memory, and is tried again by
        the next call: nothing is lost, and nothing twice.
    SealBroken
        The file is none of this run, or is shorter than `end`.
    """

    def __init__(self, path: PathLike, key: bytes, end: int | None = None) -> None:
        self.path = os.fspath(path)
        self._key = key
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._unsynced: CheckpointNotWritten | None = None
        self._packing = Packing()
        self.reserve = self._looked = 0
        head = header.make(header.JOURNAL, os.path.basename(self.path), key)
        self.begins = self._end = len(head)
        with writing(path):
            if end is None:
                self._held = descriptors.hold(create(path))
                write_at(self._held, head, 0)
                sync_folder(os.path.dirname(self.path) or ".")
        if end is not None:
            self._open(end)

    def _open(self, end: int) -> None:
        os.close(_opened(self.path, self._key)[0])
        with writing(self.path):
            self._held = descriptors.hold(self._reopened())
        try:
            self.cut_back(end)
        except BaseException:
            self.close()
            raise

    def _reopened(self) -> int:
        return os.open(self.path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)

    def _descriptor(self) -> int:
        """That of the file; opened anew if an element has closed it."""
        if not descriptors.ours(self._held):
            self._held = descriptors.hold(self._reopened())
        return self._held

    def append(self, entry: bytes) -> None:
        """Add one entry; small ones are written together."""
        self._waiting.append(entry)
        self._waiting_bytes += len(entry)
        if self._waiting_bytes >= FRAME_BYTES:
            self.end()

    def end(self) -> int:
        """The offset behind all that was appended; what was still in memory is written first."""
        if self._waiting:
            if self.reserve and self._end - self._looked >= LOOK_BYTES:
                self._look_for_room()
            frame = self._frame()
            with writing(self.path):
                self._end = self._written(frame)
            self._waiting = []
            self._waiting_bytes = 0
        return self._end

    def _frame(self) -> bytes:
        """What waits, as a frame at the end of the file."""
        body = b"".join(part for entry in self._waiting for part in (_SIZE.pack(len(entry)), entry))
        packed = self._packing.packed(body)
        number = len(body) << 1 if packed is None else len(packed) << 1 | 1
        body = body if packed is None else packed
        return _FRAME.pack(number, _tag(self._key, self._end, number, body)) + body

    def _look_for_room(self) -> None:
        free = place.free(os.path.dirname(self.path) or ".")
        if free < self.reserve:
            raise CheckpointNotWritten(
                f"{self.path} cannot be written: {free:,} bytes are free, and the record may need them; make "
                "room there, or choose another folder with --checkpoint-dir"
            )
        self._looked = self._end

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._end

    def _written(self, frame: bytes) -> int:
        descriptor = self._descriptor()
        try:
            return write_at(descriptor, frame, self._end)
        except BaseException:  # the next one may be shorter, and what is behind it would be no frame
            with suppress(OSError):
                os.ftruncate(descriptor, self._end)
            raise

    def sync(self) -> None:
        """Have on the disk what was written before: all up to what `end` gave.

        It may take long, and may be called in another thread while this one appends. Where it has failed
        once, it fails again: the system may have forgotten what it could not write.
        """
        if self._unsynced is not None:
            raise self._unsynced
        try:
            with writing(self.path):
                mine = os.dup(self._descriptor())  # stays open, whatever happens to the other meanwhile
                try:
                    os.fsync(mine)
                finally:
                    os.close(mine)
        except CheckpointNotWritten as error:
            self._unsynced = error
            raise

    def sign(self) -> None:
        """Leave a sign of life: the time of the file. From any thread."""
        with suppress(OSError):
            if descriptors.ours(self._held):
                os.utime(self._held)

    def cut_back(self, offset: int) -> None:
        """Forget all that was appended after `end` gave this offset."""
        self._waiting = []
        self._waiting_bytes = 0
        with writing(self.path):
            descriptor = self._descriptor()
            size = os.fstat(descriptor).st_size
            if self.begins <= offset <= size:
                os.ftruncate(descriptor, offset)
                os.fsync(descriptor)
                self._end = offset
                return
        raise header.cut_short(self.path)

    def entries(self) -> Iterator[bytes]:
        """All that was appended and not cut back, also what could not be written.

        Raises
        ------
        SealBroken
            It is not as it was written.
        """
        yield from _entries(_frames(self._descriptor(), self.path, self._key, self.begins, self._end))
        yield from list(self._waiting)

    def close(self) -> None:
        """Close the file; what waits in memory is not written."""
        descriptors.close(self._held)


def read_journal(path: PathLike, key: bytes, upto: int | None = None) -> Iterator[bytes]:
    """The entries of a journal in order; it may be written to meanwhile.

    Parameters
    ----------
    upto
        An offset that `Journal.end` gave: all before it must be whole. None: as far as there are whole
        frames. The last one of a run that was killed may be torn, and of one that is under way not there yet.

    Raises
    ------
    SealBroken
        A frame is not as it was written (with `upto` None: and it is not the last one), or the file is not
        of this run.
    """
    yield from _entries(_frames_of(path, key, upto))


def _entries(frames: Iterator[tuple[int, bytes]]) -> Iterator[bytes]:
    for _, body in frames:
        with memoryview(body) as view:
            at = 0
            while at < len(view):
                (size,) = _SIZE.unpack_from(view, at)
                at += _SIZE.size
                yield bytes(view[at : at + size])
                at += size


def check_journal(path: PathLike, key: bytes, upto: int | None = None) -> int:
    """Read all frames and check their tags; gives the offset behind the last one. See `read_journal`."""
    end = _opened_size(path, key)
    for end, _ in _frames_of(path, key, upto, unpack=False):  # noqa: B007
        pass
    return end


def _opened(path: PathLike, key: bytes) -> tuple[int, int]:
    """A descriptor, and the bytes of the header."""
    descriptor = header.open_file(path)
    try:
        return descriptor, len(header.read(descriptor, path, header.JOURNAL, key)[1])
    except BaseException:
        os.close(descriptor)
        raise


def _opened_size(path: PathLike, key: bytes) -> int:
    descriptor, size = _opened(path, key)
    os.close(descriptor)
    return size


def _frames_of(
    path: PathLike, key: bytes, upto: int | None, unpack: bool = True
) -> Iterator[tuple[int, bytes]]:
    descriptor, begins = _opened(path, key)
    try:
        yield from _frames(descriptor, path, key, begins, upto, unpack)
    finally:
        os.close(descriptor)


def _frames(
    descriptor: int, path: PathLike, key: bytes, at: int, upto: int | None, unpack: bool = True
) -> Iterator[tuple[int, bytes]]:
    """The offset behind each frame, and its body."""
    try:
        while upto is None or at < upto:
            # asked before the frame is read: meanwhile others may be appended
            size = os.fstat(descriptor).st_size if upto is None else upto
            head = os.pread(descriptor, _FRAME.size, at)
            number, tag = _FRAME.unpack(head) if len(head) == _FRAME.size else (0, b"")
            stop = at + _FRAME.size + (number >> 1)
            body = read_at(descriptor, number >> 1, at + _FRAME.size) if number and stop <= size else b""
            if not body or not compare_digest(tag, _tag(key, at, number, body)):
                # nothing follows a torn frame, but perhaps zeros, if the host has crashed
                if upto is None and (number == 0 or stop >= size):
                    return
                raise header.damaged(path)
            yield stop, unpacked(body) if unpack and number & 1 else body
            at = stop
    except OSError as error:
        raise SealBroken(f"{os.fspath(path)} cannot be read: {error.strerror}; {header.BEFORE}") from error
