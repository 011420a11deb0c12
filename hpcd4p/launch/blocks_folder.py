"""The folder of a run in the shared memory of its node, for large buffers: `transport.shared_blocks`.

It bears the number of rank 0's process, so that whoever comes later can tell whether the run lives. A shell
removes it if rank 0 is killed: the watchdog of the Redis server (`launch.watchdog`), or one of its own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpcd4p.launch.guard_shell import GuardShell

SHARED_MEMORY = "/dev/shm"

PREFIX = "hpcd4p-blocks-"

REMOVED_S = 2.0
"""It takes milliseconds to remove what is in memory."""


def folder_name() -> str:
    """The path of a folder that no other run makes; '' where there is no shared memory."""
    # elsewhere than on Linux a file in a folder of that name may lie on a disk
    if not sys.platform.startswith("linux"):
        return ""
    return f"{SHARED_MEMORY}/{PREFIX}{os.uname().nodename}-{os.getpid()}-{os.urandom(6).hex()}"


def folder_there(folder: str, node: int, incarnation: int) -> str:
    """The path of the folder of another node for the run whose folder on the node of the head is `folder`.

    No process of that node has made the run, so there is none in its name.
    """
    mark = folder.rpartition("-")[2]
    return f"{SHARED_MEMORY}/{PREFIX}{os.uname().nodename}-0-{mark}-{incarnation}-{node}"


@contextmanager
def blocks_folder(folder: str, guarded: bool = False, also: Iterable[str] = ()) -> Iterator[str]:
    """The folder, 0700, for this user alone, while the block lasts; '' where it cannot be made.

    Parameters
    ----------
    folder
        See `folder_name`.
    guarded
        Whether somebody else removes it if this process is killed.
    also
        Folders that may still be there, and go with it.
    """
    going = [*filter(None, also)]
    guard = None
    try:
        os.mkdir(folder, 0o700)
    except OSError:  # also of no name
        made = ""
    else:
        made = folder
        going.insert(0, folder)
    try:
        if made and not guarded:
            guard = _guard(*going)
        yield made
    finally:
        for each in going:
            _remove(each)
        if guard is not None:
            guard.release(REMOVED_S)


def _guard(*folders: str) -> GuardShell | None:
    from hpcd4p.launch.guard_shell import REMOVE, GuardShell

    script = f"""{REMOVE}
read -r _
remove "$@"
"""
    with suppress(OSError):  # then only a later run removes it after a SIGKILL
        return GuardShell(script, ["hpcd4p-blocks-guard", *folders])
    return None


def _remove(folder: str) -> None:
    """Remove the folder and all that is in it; what is mapped stays readable for whoever has mapped it."""
    with suppress(OSError):
        for entry in list(os.scandir(folder)):
            with suppress(FileNotFoundError):
                os.unlink(entry.path)
        os.rmdir(folder)
