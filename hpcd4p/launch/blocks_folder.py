"""The folder of a run in the shared memory of its node, for large buffers: `transport.shared_blocks`.

It bears the number of rank 0's process, so that whoever comes later can tell whether the run lives.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from hpcd4p.control.placing import Placing
from hpcd4p.transport.lent_blocks import LentBlocks
from hpcd4p.transport.own_blocks import OwnBlocks
from hpcd4p.transport.shared_blocks import SharedBlocks

SHARED_MEMORY = "/dev/shm"

PREFIX = "hpcd4p-blocks-"


def of_process(pid: int) -> str:
    """How the path of the folder begins if process `pid` has made it."""
    return f"{SHARED_MEMORY}/{PREFIX}{os.uname().nodename}-{pid}-"


def make_folder() -> str:
    """A new folder, 0700, for this user alone; '' where there is no shared memory."""
    folder = of_process(os.getpid()) + os.urandom(6).hex()
    # elsewhere than on Linux a file in a folder of that name may lie on a disk
    if not sys.platform.startswith("linux"):
        return ""
    try:
        os.mkdir(folder, 0o700)
    except OSError:
        return ""
    return folder


def remove_folder(folder: str) -> None:
    """Remove the folder and all that is in it; what is mapped stays readable for whoever has mapped it."""
    with suppress(OSError):
        for entry in list(os.scandir(folder)):
            with suppress(FileNotFoundError):
                os.unlink(entry.path)
        os.rmdir(folder)


def blocks_in(
    folder: str, rank: int, ranks: int, least: int
) -> tuple[SharedBlocks, LentBlocks] | tuple[None, None]:
    """The blocks of one of so many ranks, for its tasks and its messages; None where they have no folder.

    `least`: see `Placing`.
    """
    if not folder:
        return None, None
    own = OwnBlocks(folder, rank, Placing(ranks, least))
    return SharedBlocks(own), LentBlocks(own)
