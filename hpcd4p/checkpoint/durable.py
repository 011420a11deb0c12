"""Bytes on the disk, so that they are still there after a crash; one error for all that prevents it.

Every rank imports this.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from hpcd4p.errors import CheckpointNotWritten, NoRoom

PathLike = str | os.PathLike[str]

PRIVATE = 0o600
"""Mode of every file of a checkpoint: it holds data of the user."""

_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EBADF})
"""What file systems answer that cannot sync a folder; the files in it are safe."""

LOOK_BYTES = 4 << 20
"""After so much more it is looked how much room there is."""

LEFT_BYTES = 64 << 20
"""Left free: twice what is left to the record, so the journal beside a large file is not the first to end."""

LEFT_PART = 32
"""... and of a small disk only one of so many parts."""


def not_written(path: PathLike, error: OSError) -> CheckpointNotWritten:
    """What to raise of a file of a checkpoint that could not be written."""
    if error.errno in _ROOM:
        advice = "make room there, or choose another folder with --checkpoint-dir"
    else:
        advice = "choose a folder that every node may write with --checkpoint-dir"
    # of a quota, and of a limit for files, what the disk has free says nothing
    kind = NoRoom if error.errno == errno.ENOSPC else CheckpointNotWritten
    return kind(
        f"{os.fspath(path)} cannot be written: {error.strerror or error}; {advice}, "
        "or run without checkpoints (--checkpoint off)"
    )


@contextmanager
def writing(path: PathLike) -> Iterator[None]:
    """Within it, any `OSError` comes out as `CheckpointNotWritten`."""
    try:
        yield
    except OSError as error:
        raise not_written(path, error) from error


class Room:
    """What a file leaves on its disk.

    Parameters
    ----------
    path
        Of the file.
    """

    def __init__(self, path: PathLike) -> None:
        self._path = os.fspath(path)
        self._looked = 0

    def look(self, size: int, more: int) -> None:
        """Raise `NoRoom` if the disk would be nearly full with `more` bytes behind the `size` so far."""
        if size + more - self._looked < LOOK_BYTES:
            return
        self._looked = size
        facts = os.statvfs(os.path.dirname(self._path) or ".")
        free = facts.f_bavail * facts.f_frsize
        if free - more < min(LEFT_BYTES, facts.f_blocks * facts.f_frsize // LEFT_PART):
            raise NoRoom(
                f"{self._path} would fill its disk: after {size:,} bytes of it {free:,} are free; make room "
                "there, or choose another folder with --checkpoint-dir, or run without checkpoints "
                "(--checkpoint off)"
            )


def create(path: PathLike) -> int:
    """A descriptor of a new file that its user alone may read."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE)


def write_at(descriptor: int, data: bytes | bytearray | memoryview, at: int) -> int:
    """Write all of `data`, and give the offset behind it."""
    with memoryview(data) as whole, whole.cast("B") as view:
        done = 0
        while done < len(view):
            done += os.pwrite(descriptor, view[done:], at + done)
        return at + done


def read_at(descriptor: int, size: int, at: int) -> bytes:
    """So many bytes, or as many as there are; one call of the system gives 2 GiB at most."""
    parts = []
    while size > 0 and (part := os.pread(descriptor, size, at)):
        parts.append(part)
        size -= len(part)
        at += len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def part_name(epoch: int) -> str:
    """Name of the folder of a checkpoint that is being written, or removed."""
    return f"epoch-{epoch:06}.part"


def sync_folder(path: PathLike) -> None:
    """Have the names in a folder on the disk, where the file system can do that."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(descriptor)


def aside(path: PathLike) -> str:
    """A name in the same folder that nobody else has, for a file that is not complete."""
    folder, name = os.path.split(os.fspath(path))
    return os.path.join(folder, f".{name}.{os.getpid()}-{os.urandom(4).hex()}.part")


def write_whole(path: PathLike, data: bytes) -> None:
    """Write a small file, which is there as a whole or not at all.

    Raises
    ------
    CheckpointNotWritten
        It could not be written; what was there before is still there.
    """
    part = aside(path)
    with writing(path):
        try:
            descriptor = create(part)
            try:
                write_at(descriptor, data, 0)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            os.rename(part, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(part)
            raise
        sync_folder(os.path.dirname(os.fspath(path)) or ".")
