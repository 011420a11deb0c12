"""The key of a run: 32 bytes that seal all its checkpoints, in a file that its user alone may read."""

from __future__ import annotations

import os
from contextlib import suppress

from hpcd4p.checkpoint.durable import PathLike, create, read_at, sync_folder, write_at, writing
from hpcd4p.checkpoint.header import open_file
from hpcd4p.checkpoint.place import KEY
from hpcd4p.errors import CheckpointError, SealBroken

KEY_BYTES = 32
_OTHERS = 0o077


def make_key(path: PathLike, key: bytes = b"") -> bytes:
    """A new key, or `key`, kept at `path`; one that is there is replaced.

    Raises
    ------
    CheckpointError
        The file system cannot keep a file from others (FAT, some mounts of Windows shares).
    """
    key = key or os.urandom(KEY_BYTES)
    with writing(path):
        if os.path.lexists(path):
            os.unlink(path)
        descriptor = create(path)
        try:
            _check_mode(descriptor, path, "choose another folder with --checkpoint-dir")
            write_at(descriptor, key, 0)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        sync_folder(os.path.dirname(os.fspath(path)) or ".")
    return key


def read_key(path: PathLike) -> bytes:
    """The key at `path`.

    Raises
    ------
    CheckpointError
        It is not there, or others may read it: then anybody could have written what would be unpickled.
    """
    descriptor = open_file(path)
    try:
        _check_mode(
            descriptor, path, f"look who may have changed the folder, then: chmod 600 {os.fspath(path)}"
        )
        key = read_at(descriptor, KEY_BYTES + 1, 0)
    finally:
        os.close(descriptor)
    if len(key) != KEY_BYTES:
        raise SealBroken(f"{os.fspath(path)} is not the key of a run: it has not {KEY_BYTES} bytes")
    return key


def look_for(folder: PathLike, key: bytes) -> None:
    """Make sure that a rank that writes into a folder sees what rank 0 has put there: the key of the run.

    Raises
    ------
    CheckpointError
        It sees another one, or none.
    """
    with suppress(CheckpointError):  # there is none, or it is not ours
        if read_key(os.path.join(folder, KEY)) == key:
            return
    raise CheckpointError(
        f"the checkpoints of rank 0 in {os.fspath(folder)} are not seen from {os.uname().nodename}: it is "
        "another one there. Choose one on a file system of all nodes with --checkpoint-dir"
    )


def _check_mode(descriptor: int, path: PathLike, advice: str) -> None:
    facts = os.fstat(descriptor)
    if facts.st_uid != os.geteuid():
        raise CheckpointError(
            f"{os.fspath(path)} belongs to another user (number {facts.st_uid}): only the user of a run "
            "resumes it, for what it has kept is unpickled"
        )
    if facts.st_mode & _OTHERS:
        raise CheckpointError(
            f"{os.fspath(path)} may be read or written by others (mode {facts.st_mode & 0o777:o}): {advice}"
        )
