"""Which elements have worked in this process, for the message when one of them has broken the engine.

An element can use up the descriptors of its process, close those of the engine, or set an alarm. Then the
engine fails, somewhere else; `blame` names the element.
"""

from __future__ import annotations

import _thread
import errno
import os
import sys

from hpcd4p import descriptors
from hpcd4p.errors import ElementFailed
from hpcd4p.runtime.execute.signals import Alarmed

since: dict[str, None] = {}
"""Names of elements that have worked since `well` was called, in order."""

_ever: dict[str, None] = {}

starters: dict[int, str] = {}
"""Who was at work when a thread was first seen."""

threads = 0
"""How many threads there were then, as `_thread._count` says."""

MOST_NAMES = 10
"""Names in a message, the latest."""

_FULL = frozenset({errno.EMFILE, errno.ENFILE})


def well() -> None:
    """Note that the connections of this process work: no element so far has closed them."""
    _ever.update(since)
    since.clear()


def see_threads(element: str) -> None:
    """Note that new threads were started by `element`."""
    global threads
    threads = _thread._count()
    threading = sys.modules.get("threading")
    if threading is not None:
        for thread in threading.enumerate():
            if thread.ident is not None:
                starters.setdefault(thread.ident, element)


def blame(error: BaseException, rank: int) -> ElementFailed | None:
    """The failure of the element that caused the engine to raise `error`; None if no element did."""
    recent, ever = _either(since or _ever), _either(_ever | since)
    if isinstance(error, Alarmed):
        text = (
            f"{error} came while {error.element or ever} worked, and nothing handles it: without the engine "
            "it would have ended the process. Give an alarm (signal.alarm, signal.setitimer) a handler with "
            "signal.signal, and cancel it before the call ends"
        )
    elif descriptors.lost():
        text = (
            f"a file descriptor of the engine was closed while {recent} worked: does it call os.closerange, "
            "or os.close with a number that it did not open?"
        )
    elif any(_is_full(each) for each in (error, error.__cause__, error.__context__)):
        text = (
            f"no file can be opened any more: as many are open as may be. Does {ever} open files, sockets or "
            "pipes and not close them? Else raise the limit (ulimit -n)"
        )
    else:
        return None
    return ElementFailed(f"{text} (rank {rank}, host {os.uname().nodename})")


def _either(names: dict[str, None]) -> str:
    first = list(names)[-MOST_NAMES:]
    return " or ".join(first + (["another"] if len(names) > len(first) else [])) or "an element"


def _is_full(error: BaseException | None) -> bool:
    return isinstance(error, OSError) and error.errno in _FULL
