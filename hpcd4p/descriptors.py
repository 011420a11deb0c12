"""The file descriptors that the engine holds in this process: connections, pipes, the record.

A forked child must not have them: what it sent would be taken for the parent's, and as long as it lived its
parent would seem to live. So in a child they lead nowhere. And user code can close them: whoever fails then
asks `lost`.
"""

from __future__ import annotations

import os

_held: dict[int, tuple[int, int] | None] = {}


def hold(descriptor: int) -> int:
    """Note that the engine has opened `descriptor`, and give it back."""
    _held[descriptor] = _file(descriptor)
    return descriptor


def close(descriptor: int) -> None:
    """Close a descriptor that was noted, unless somebody has: its number may be another file's by now."""
    file = _held.pop(descriptor, None)
    if file is not None and _file(descriptor) == file:
        os.close(descriptor)


def forget(descriptor: int) -> None:
    """Note that `descriptor` is about to be closed by whoever owns it."""
    _held.pop(descriptor, None)


def lost() -> bool:
    """Whether somebody else has closed a descriptor of the engine, whatever its number leads to now."""
    return any(_file(descriptor) != file for descriptor, file in _held.items())


def _file(descriptor: int) -> tuple[int, int] | None:
    try:
        found = os.fstat(descriptor)
    except OSError:
        return None
    return found.st_dev, found.st_ino


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
