"""The first bytes of each file of a checkpoint: what it is, of which version, and whose.

Layout::

    magic (8) | version u16 | kind u8 | flags u8 | epoch u64 | key (8) | name: length u16 | name | sum (8)

`key` tells which key has sealed the file, without telling the key: so a file of another run can be told from
one that is damaged. The sum is for the same purpose. Neither proves anything: the tags of what follows do,
and they cover these bytes. Every rank imports this.
"""

from __future__ import annotations

import os
import stat
import struct

from hpcd4p.checkpoint.durable import PathLike
from hpcd4p.errors import CheckpointError, NotSealed, OtherVersion, SealBroken, SealForeign
from hpcd4p.wire.codec import blake2b, compare_digest

MAGIC = b"hpcd4p\x00\x0e"
VERSION = 4
"""Of all files of a checkpoint."""

SEALED, JOURNAL = 1, 2
"""Kinds of files."""

_FIXED = struct.Struct("<8sHBBQ8sH")
_VERSION = struct.Struct("<8sH")
_SUM_BYTES = 8

BEFORE = "`hpcd4p resume` goes on from the checkpoint before it, if that is whole"


def key_mark(key: bytes) -> bytes:
    """What tells a key from others."""
    return blake2b(b"which key", key=key, digest_size=8, person=b"hpcd4p key").digest()


def make(kind: int, name: str, key: bytes, epoch: int = 0, flags: int = 0) -> bytes:
    """The header of a file."""
    encoded = os.fsencode(name)
    head = _FIXED.pack(MAGIC, VERSION, kind, flags, epoch, key_mark(key), len(encoded)) + encoded
    return head + _sum(head)


def _sum(head: bytes) -> bytes:
    return blake2b(head, digest_size=_SUM_BYTES).digest()


def open_file(path: PathLike) -> int:
    """A descriptor to read a file of a checkpoint with.

    Raises
    ------
    CheckpointError
        It is not there, is no regular file, or may not be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise CheckpointError(f"{os.fspath(path)} cannot be read: {error.strerror}; {BEFORE}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotSealed(f"{os.fspath(path)} is no file; {BEFORE}")
    return descriptor


def read(descriptor: int, path: PathLike, kind: int, key: bytes, epoch: int = 0) -> tuple[int, bytes]:
    """Flags and bytes of the header of a file, which is the one that `path`, `kind` and `epoch` say.

    Raises
    ------
    SealBroken
        It is not; the class says why.
    """
    name = os.path.basename(os.fspath(path))
    fixed = os.pread(descriptor, _FIXED.size, 0)
    _check_version(fixed, path)
    if len(fixed) < _FIXED.size:
        raise cut_short(path)
    _, _, found_kind, flags, found_epoch, mark, length = _FIXED.unpack(fixed)
    rest = os.pread(descriptor, length + _SUM_BYTES, _FIXED.size)
    if len(rest) < length + _SUM_BYTES:
        raise cut_short(path)
    head, found = fixed + rest[:length], rest[length:]
    if found != _sum(head):
        raise damaged(path)
    if not compare_digest(mark, key_mark(key)):
        raise SealForeign(
            f"{os.fspath(path)} was written by another run (with another key); take it away, or bring back "
            f"the file `key` that was in the folder when it was written; {BEFORE}"
        )
    if (found_kind, found_epoch, rest[:length]) != (kind, epoch, os.fsencode(name)):
        was = f"{os.fsdecode(rest[:length])} of epoch {found_epoch}"
        raise SealForeign(f"{os.fspath(path)} is another file, {was}: it has been moved; {BEFORE}")
    return flags, head + found


def _check_version(fixed: bytes, path: PathLike) -> None:
    if fixed[: len(MAGIC)] != MAGIC[: len(fixed)]:
        raise NotSealed(f"{os.fspath(path)} is not a file of a checkpoint; {BEFORE}")
    if len(fixed) < _VERSION.size:
        raise cut_short(path)
    _, version = _VERSION.unpack_from(fixed)
    if version != VERSION:
        raise OtherVersion(
            f"{os.fspath(path)} has version {version} of the format of checkpoints, and this hpcd4p reads "
            f"version {VERSION}; resume with the hpcd4p that wrote it (run.json in its folder says which)"
        )


def cut_short(path: PathLike) -> SealBroken:
    """What to raise of a file that ends too early, or otherwise than it was written."""
    return SealBroken(f"{os.fspath(path)} is cut short: it was not written to its end; {BEFORE}")


def damaged(path: PathLike) -> SealBroken:
    """What to raise of a file that has changed since it was written."""
    return SealBroken(f"{os.fspath(path)} has changed since it was written; {BEFORE}")
