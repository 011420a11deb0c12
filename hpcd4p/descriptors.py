"""The file descriptors that the engine holds in this process: connections, pipes, the record.

A forked child must not have them: what it sent would be taken for the parent's, and as long as it lived its
parent would seem to live. So in a child they lead nowhere. User code can close them: whoever fails then asks
`lost`. And user code can use up all that the process may have: a few are kept for the end (`reserve`), so
that whatever must then be read, written or said can use it (`unreserved`).
"""

from __future__ import annotations

import os
from _thread import RLock  # `threading` takes a module more, on every rank
from collections.abc import Iterator
from contextlib import contextmanager, suppress

RESERVED_PIPES = 4
"""Eight descriptors: a module that is imported takes two, a connection one, a program that starts four."""

_reserved: list[int] = []
_copying: list[bool] = []
_held: dict[int, tuple[int, int] | None] = {}


def hold(descriptor: int) -> int:
    """Note that the engine has opened `descriptor`, and give it back."""
    _held[descriptor] = _file(descriptor)
    return descriptor


def ours(descriptor: int) -> bool:
    """Whether `descriptor` was noted, and is still what it was: not closed, and not another file."""
    return descriptor in _held and _file(descriptor) == _held[descriptor]


def forget(descriptor: int) -> bool:
    """Whether `descriptor` is still `ours`; it is not any more."""
    mine = ours(descriptor)
    if mine:
        del _held[descriptor]
    return mine


def close(descriptor: int) -> None:
    """Close a descriptor that was noted, unless somebody else has."""
    if forget(descriptor):
        os.close(descriptor)


def lost() -> bool:
    """Whether somebody else has closed a descriptor of the engine, whatever its number leads to now."""
    return any(_file(descriptor) != file for descriptor, file in _held.items())


def reserve() -> None:
    """Keep a few descriptors, as far as there are any, for `unreserved`."""
    with suppress(OSError):
        while len(_reserved) < 2 * RESERVED_PIPES:
            _reserved.extend(map(hold, os.pipe()))


@contextmanager
def unreserved() -> Iterator[None]:
    """Within it the reserve may be used, by whatever this process does."""
    before = bool(_reserved)
    while _reserved:
        close(_reserved.pop())
    try:
        yield
    finally:
        if before:
            reserve()


@contextmanager
def copying() -> Iterator[None]:
    """Within it, forks make copies of this process that run nothing of the user's, and close nothing."""
    _copying.append(True)
    try:
        yield
    finally:
        _copying.pop()


def end_of_copy() -> tuple[int, int] | None:
    """Before a fork: a pipe whose first end tells the end of the copy that has the second; see `ended`.

    None if it is no copy, or there is no pipe to be had.
    """
    if not _copying:
        return None
    try:
        ends, kept = os.pipe()
    except OSError:
        return None
    os.set_blocking(ends, False)
    return hold(ends), kept


def ended(ends: int) -> bool:
    """Whether nobody has the second end of a pipe any more; then the first is closed."""
    try:
        over = not os.read(ends, 1)
    except OSError:  # not yet; or user code has closed it, and nobody will ever know
        return False
    if over:
        close(ends)
    return over


class Waker:
    """A pipe by which another thread, or the handler of a signal, wakes one that polls `end`."""

    def __init__(self) -> None:
        self.end, self._far = map(hold, os.pipe())
        os.set_blocking(self._far, False)
        self._closed = False
        self._lock = RLock()  # a handler may come while its own thread has it

    def wake(self) -> None:
        """Wake it. After `close` nothing: the number may be another file's, of ours, too."""
        with self._lock:
            # if user code has closed it, the one that polls notices by itself
            if not self._closed and ours(self._far):
                with suppress(BlockingIOError):  # the pipe is full: it will wake
                    os.write(self._far, b"!")

    def empty(self) -> None:
        """Take what has come."""
        os.read(self.end, 4096)

    def close(self) -> None:
        """Wake nobody any more."""
        with self._lock:
            self._closed = True
            for each in (self.end, self._far):
                close(each)


def _file(descriptor: int) -> tuple[int, int] | None:
    try:
        stat = os.fstat(descriptor)
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


def _lead_nowhere() -> None:
    """In a child: keep the numbers, for objects that own them are still there, but not what they led to."""
    held = [descriptor for descriptor, file in _held.items() if _file(descriptor) == file]
    _held.clear()
    if not held:
        return
    try:
        nowhere = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    except OSError:  # as many are open as may be
        for descriptor in held:
            os.close(descriptor)
        return
    for descriptor in held:
        os.dup2(nowhere, descriptor, inheritable=False)
    os.close(nowhere)


os.register_at_fork(after_in_child=_lead_nowhere)
