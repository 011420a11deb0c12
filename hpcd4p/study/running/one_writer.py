"""One at a time: one driver of a study, one writer of its results file.

No file locks: a small file beside it, made by a hard link, names the process. The file of a killed process of
this host is recognised and removed; for another host that cannot be known, so the message says which file to
remove. This file must never import h5py.
"""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hpcd4p.errors import RecordError
from hpcd4p.processes import stat_of

PATIENCE_S = 10.0
"""Another writer is given this long: a file of 500 rows takes well under a second."""

POLL_S = 0.05

_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
"""Errors of a file system without hard links."""


@contextmanager
def one_writer(path: Path, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Be the only writer of `path` in here.

    Raises
    ------
    RecordError
        Another process writes it and does not end, or the folder cannot be written.
    """
    lock = path.with_name(f".{path.name}.lock")
    what = f"the results file {path}"
    with only_one(lock, f"{what} is being written by", what, patience_s):
        yield


@contextmanager
def only_one(lock: Path, busy: str, what: str, patience_s: float = 0.0) -> Iterator[None]:
    """Be the only one in here that holds `lock`.

    Parameters
    ----------
    busy
        The beginning of the message when another process does, before its name.
    what
        What cannot be written when `lock` cannot.

    Raises
    ------
    RecordError
        Another process holds it and does not end, or the folder cannot be written.
    """
    mine = _claim_text()
    deadline = time.monotonic() + patience_s
    while not _claim(lock, mine, what):
        _break_if_dead(lock)
        if time.monotonic() > deadline and lock.exists():
            raise RecordError(_busy(busy, lock))
        time.sleep(POLL_S)
    try:
        yield
    finally:
        if _read(lock) == mine:  # else it was removed by hand, and another process has it now
            with suppress(OSError):
                lock.unlink()


def _claim_text() -> str:
    pid = os.getpid()
    claim = {"host": os.uname().nodename, "pid": pid, "began": _began(pid), "mark": os.urandom(6).hex()}
    return json.dumps(claim)


def _claim(lock: Path, text: str, what: str) -> bool:
    """Try to make `lock`: it appears with all its text, or not at all."""
    aside = _another_name(lock)
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(text, encoding="utf-8")
        try:
            os.link(aside, lock)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            return _claim_without_links(lock, text)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise RecordError(
            f"{what} cannot be written: {error.strerror} ({lock.parent}); choose a folder "
            "that can be written (-o of collect, --results of sweep)"
        ) from error
    return True


def _claim_without_links(lock: Path, text: str) -> bool:
    try:
        descriptor = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return True


def _another_name(lock: Path) -> Path:
    """A unique name, which `aside.sweep` recognises if this process is killed."""
    return lock.with_name(f"{lock.name}.{os.uname().nodename}-{os.getpid()}-{os.urandom(3).hex()}.part")


def _break_if_dead(lock: Path) -> None:
    """Remove the lock of a process of this host that is gone."""
    text = _read(lock)
    if not _dead(text):
        return
    # by a rename, which one process alone succeeds in; it may have got a new lock instead, made just now
    taken = _another_name(lock)
    with suppress(OSError):
        lock.rename(taken)
        if _read(taken) != text:
            os.link(taken, lock)
        taken.unlink()


def _dead(text: str) -> bool:
    claim = _claim_of(text)
    pid = claim.get("pid")
    if claim.get("host") != os.uname().nodename or not isinstance(pid, int):
        return False
    return _began(pid) != claim.get("began")


def _began(pid: int) -> str:
    """When a process began, in ticks since the host did; '' if there is none: numbers are given again."""
    try:
        stat = stat_of(pid)
    except OSError:
        return ""
    return str(stat.began_ticks) if stat.lives else ""


def _busy(busy: str, lock: Path) -> str:
    claim = _claim_of(_read(lock))
    who = f"process {claim.get('pid', '?')} on {claim.get('host', 'an unknown host')}"
    return f"{busy} {who}; wait until it is done. If that process is gone, remove {lock}"


def _read(lock: Path) -> str:
    try:
        return lock.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _claim_of(text: str) -> dict[str, Any]:
    try:
        claim = json.loads(text)
    except ValueError:
        return {}
    return claim if isinstance(claim, dict) else {}
