"""What a rank has printed reaches its launcher before that is ended."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable

LOOK_S = 0.01

FORWARD_S = 0.1
"""A launcher passes on what it has read through a second process."""


def until_read(descriptors: Iterable[int], seconds: float) -> bool:
    """Wait until nobody has to read what was written to these pipes; other files need nobody.

    Returns
    -------
    bool
        False: after `seconds` there is still something to read.
    """
    pipes = [each for each in descriptors if _is_pipe(each)]
    end = time.monotonic() + seconds
    while any(map(_holds, pipes)):
        if time.monotonic() > end:
            return False
        time.sleep(LOOK_S)
    if pipes:
        time.sleep(FORWARD_S)
    return True


def _is_pipe(descriptor: int) -> bool:
    try:
        return stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    except OSError:  # an element has closed it
        return False


def _holds(pipe: int) -> bool:
    from fcntl import ioctl
    from termios import FIONREAD

    try:
        return any(ioctl(pipe, FIONREAD, bytes(4)))
    except OSError:
        return False
