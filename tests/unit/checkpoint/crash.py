"""What can happen to a process at any step that changes the disk: it is killed, or the step fails."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

STEPS = ("open", "mkdir", "pwrite", "fsync", "rename", "unlink", "rmdir", "ftruncate", "chmod")


@contextmanager
def before_step(number: int, happens: Callable[[], Any]) -> Iterator[list[str]]:
    """Within it, `happens` is called before the step of that number; gives the names of the steps so far."""
    real = {name: getattr(os, name) for name in STEPS}
    seen: list[str] = []

    def wrapped(name: str) -> Callable[..., Any]:
        def step(*args: Any, **named: Any) -> Any:
            seen.append(name)
            if len(seen) - 1 == number:
                happens()
            return real[name](*args, **named)

        return step

    for name in STEPS:
        setattr(os, name, wrapped(name))
    try:
        yield seen
    finally:
        for name, function in real.items():
            setattr(os, name, function)


def killed_at(number: int, work: Callable[[], Any]) -> bool:
    """Whether a child that does `work` was killed (SIGKILL) before that step; else it has done it."""
    child = os.fork()
    if not child:
        try:
            with before_step(number, lambda: os.kill(os.getpid(), signal.SIGKILL)):
                work()
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def full_disk() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def read_only() -> None:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))
