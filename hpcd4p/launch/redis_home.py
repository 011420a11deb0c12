"""The directory ("home") of a run's Redis server: where it is made, and how leftover ones are removed.

A home is locked (flock on the directory itself) while the owner's watchdog or the server is alive, because
they inherit the lock. One that is not locked is a leftover of a run that was killed together with its
watchdog.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from hpcd4p.errors import RedisSetupError
from hpcd4p.launch.redis_config import socket_path

LONGEST_SOCKET = 103
"""Bytes in the path of a Unix socket: 107 on Linux, 103 on others."""

STALE_S = 60.0
"""A home younger than this may belong to a run that has not locked it yet."""

_PREFIX = f"hpcd4p-{os.getuid()}-"


def make_home(scratch: Path | None) -> Path:
    """A new directory, 0700, under `scratch` or the machine's temporary folders.

    Raises
    ------
    RedisSetupError
        If `scratch` is no folder that can be written, or there is no place at all.
    """
    if scratch is not None:
        _look_at(scratch)  # a long path is passed over, and must not hide that it is wrong
    name = _PREFIX + os.urandom(6).hex()
    reasons = []
    for base in places(scratch):
        home = os.path.abspath(os.path.join(base, name))
        if len(os.fsencode(socket_path(home))) > LONGEST_SOCKET:
            reasons.append(f"{base} is too long a path for a Unix socket")
            continue
        if '"' in home or "\n" in home:
            reasons.append(f"{base!r} has a character that Redis does not take")
            continue
        try:
            os.mkdir(home, 0o700)
        except OSError as error:
            if scratch is not None and base == str(scratch):
                raise _unusable(scratch, error) from error
            reasons.append(f"{base}: {error.strerror}")
            continue
        return Path(home)
    raise RedisSetupError(
        f"no place for the Redis server's folder: {'; '.join(reasons)}. Name one with --scratch"
    )


def _look_at(scratch: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=scratch):
            pass
    except OSError as error:
        raise _unusable(scratch, error) from error


def _unusable(scratch: Path, error: OSError) -> RedisSetupError:
    return RedisSetupError(
        f"cannot make a folder in the scratch folder {scratch}: {error.strerror}. "
        "Name one on this node that you can write"
    )


def lock_home(home: Path) -> int:
    """Descriptor that holds the lock on `home`, to be inherited and closed."""
    descriptor = os.open(home, os.O_RDONLY | os.O_DIRECTORY)
    with suppress(OSError):  # a file system without locks: then no sweep can lock it either
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return descriptor


def remove_home(home: Path) -> None:
    """Remove `home` and the files in it; what cannot be removed stays."""
    with suppress(OSError):
        for entry in list(os.scandir(home)):
            os.unlink(entry.path)
        os.rmdir(home)


def sweep_homes(base: Path, remove: bool = True) -> list[Path]:
    """Remove homes in `base` that no living run of this user has locked, or only find them; gives them."""
    homes = []
    now = time.time()
    try:
        entries = [e for e in os.scandir(base) if e.name.startswith(_PREFIX)]
    except OSError:
        return []
    for entry in entries:
        try:
            status = entry.stat(follow_symlinks=False)
            if status.st_uid != os.getuid() or now - status.st_mtime < STALE_S:
                continue
            descriptor = os.open(entry.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue  # a living run holds it
        else:
            if remove:
                remove_home(Path(entry.path))
            homes.append(Path(entry.path))
        finally:
            os.close(descriptor)
    return homes


def places(scratch: Path | None) -> list[str]:
    """Folders that a home may be in, the first one first."""
    # TMPDIR as every temporary file of Python does; a job's TMPDIR is usually on the node itself
    places = [str(scratch)] if scratch is not None else []
    places += [os.environ.get("TMPDIR", ""), "/tmp", "/dev/shm", "/var/tmp"]
    return [p for p in dict.fromkeys(places) if p]
