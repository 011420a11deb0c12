"""The folder of a run in the shared memory of its node, for large buffers: `transport.shared_blocks`.

It bears the number of rank 0's process, so that whoever comes later can tell whether the run lives. A shell
removes it if rank 0 is killed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from hpcd4p.launch.guard_shell import GuardShell

SHARED_MEMORY = "/dev/shm"

PREFIX = "hpcd4p-blocks-"

REMOVED_S = 2.0
"""It takes milliseconds to remove what is in memory."""

_SCRIPT = """
read -r _
[ ! -e "$1" ] || rm -rf -- "$1"
"""


@contextmanager
def blocks_folder() -> Iterator[str]:
    """A new folder, 0700, for this user alone, while the block lasts; '' where there is no shared memory."""
    folder = _made()
    if not folder:
        yield ""
        return
    guard = None
    try:
        with suppress(OSError):  # then only a later run removes it after a SIGKILL
            guard = GuardShell(_SCRIPT, ["hpcd4p-blocks-guard", folder])
        yield folder
    finally:
        _remove(folder)
        if guard is not None:
            guard.release(REMOVED_S)


def _made() -> str:
    folder = f"{SHARED_MEMORY}/{PREFIX}{os.uname().nodename}-{os.getpid()}-{os.urandom(6).hex()}"
    # elsewhere than on Linux a file in a folder of that name may lie on a disk
    if not sys.platform.startswith("linux"):
        return ""
    try:
        os.mkdir(folder, 0o700)
    except OSError:
        return ""
    return folder


def _remove(folder: str) -> None:
    """Remove the folder and all that is in it; what is mapped stays readable for whoever has mapped it."""
    with suppress(OSError):
        for entry in list(os.scandir(folder)):
            with suppress(FileNotFoundError):
                os.unlink(entry.path)
        os.rmdir(folder)
