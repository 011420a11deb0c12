"""One run alone works with a folder of checkpoints.

A lock of the kernel (flock) on a file in it, so it goes with the process, however that ends. On NFS (from
version 3 with its lock service on), and on Lustre mounted with ``flock``, it holds for all nodes; with
``local_flock``, ``nolock`` or ``local_lock=flock`` for one node alone. Where a file system has no such locks,
the note in the file has to do: it says which process of which host, and that is looked for on its own host.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
from contextlib import suppress
from typing import NamedTuple

from hpcd4p import descriptors
from hpcd4p.checkpoint.durable import PRIVATE, PathLike, not_written, writing
from hpcd4p.errors import CheckpointError, CheckpointInUse
from hpcd4p.processes import made_it

_TAKEN = frozenset({errno.EWOULDBLOCK, errno.EACCES})
_NO_LOCKS = frozenset({errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK, errno.EINVAL})


class Lock:
    """The lock of a folder.

    Parameters
    ----------
    path
        The file that is locked.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._held = -1

    def take(self) -> None:
        """Have the lock, or raise; may be called again, also after an element has closed its descriptor.

        Raises
        ------
        CheckpointInUse
            Another process has it; the message says which, where, and since when.
        CheckpointNotWritten
            The file of the lock cannot be made.
        """
        if self._held >= 0 and descriptors.ours(self._held):
            return
        while not self._took_it():  # whoever had it has removed the file meanwhile
            pass

    def _took_it(self) -> bool:
        with writing(self.path):
            # to write: on NFS only such a file can be locked for one alone
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE)
        try:
            self._lock(file)
            if not _is_at(file, self.path):
                os.close(file)
                return False
        except BaseException:
            os.close(file)
            raise
        with suppress(OSError):  # no room: the lock holds without a note
            _note(file)
        self._held = descriptors.hold(file)
        return True

    def _lock(self, file: int) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            note = _noted(file)
            if error.errno in _NO_LOCKS and not _lives(note):
                return
            if error.errno in _TAKEN | _NO_LOCKS:
                raise CheckpointInUse(_in_use(self.path, note)) from None
            raise not_written(self.path, error) from error

    def release(self, *, remove: bool = False) -> None:
        """Let others have it; may be called again."""
        if self._held < 0 or not descriptors.ours(self._held):
            return
        with suppress(OSError):
            os.ftruncate(self._held, 0)
            if remove:
                os.unlink(self.path)
        descriptors.close(self._held)
        self._held = -1


class Holder(NamedTuple):
    """Who works with a folder, or has worked with it and ended without a word."""

    lives: bool
    host: str
    pid: int
    since: float
    """Seconds since the epoch; 0: not known."""


def holder(path: PathLike) -> Holder | None:
    """The holder of the lock that is at `path`; None: whoever had it has let it go.

    Only looks; but where the note in the file is of another host, the lock is taken for a moment.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CheckpointError(f"{os.fspath(path)} cannot be read: {error.strerror}") from error
    try:
        match _noted(file):
            case {"host": str(host), "pid": int(pid), "since": int() | float() as since}:
                here = host == os.uname().nodename
                return Holder(made_it(pid, since) if here else _held(file), host, pid, since)
        return Holder(True, "an unknown host", 0, 0.0) if _held(file) else None
    finally:
        os.close(file)


def _held(file: int) -> bool:
    """Whether another process has the lock; not known where a file system has none."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in _TAKEN
    return False


def _is_at(file: int, path: str) -> bool:
    """Whether an open file is the one of that name."""
    with suppress(OSError):
        return os.path.samestat(os.fstat(file), os.stat(path))
    return False


def _note(file: int) -> None:
    note = {"host": os.uname().nodename, "pid": os.getpid(), "since": time.time()}
    os.ftruncate(file, 0)
    os.pwrite(file, json.dumps(note).encode(), 0)


def _noted(file: int) -> dict[str, object]:
    try:
        note = json.loads(os.pread(file, 1 << 12, 0))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _lives(note: dict[str, object]) -> bool:
    """Whether the process of a note is there, as far as this host can know."""
    match note:
        case {"host": str(host), "pid": int(pid), "since": int() | float() as since}:
            return host == os.uname().nodename and pid != os.getpid() and made_it(pid, since)
    return False


def _in_use(path: str, note: dict[str, object]) -> str:
    since = note.get("since")
    when = ""
    if isinstance(since, int | float):
        when = time.strftime(" since %Y-%m-%d %H:%M:%S", time.localtime(since))
    who = f"process {note.get('pid', '?')} on {note.get('host', 'an unknown host')}{when}"
    return (
        f"the checkpoints in {os.path.dirname(path)} are in use by {who}: two runs cannot go on from one. "
        "Wait until it has ended, or end it"
    )
