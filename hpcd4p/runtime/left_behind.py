"""Threads and processes that elements have left running when all is done: awaited for a moment, then left.

Python waits for them without an end, and so would the job. Never imports what user code has not imported.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any

from hpcd4p.runtime import at_work

if TYPE_CHECKING:
    from threading import Thread

LEAVE_S = 5.0
"""A thread that writes the rest of a file, or sends a last message, is done by then; a thread that polls
without end is not, and a batch job should not be kept for it."""


def wait() -> list[str]:
    """What is still there after `LEAVE_S`, in words; at once if there is nothing."""
    end = time.monotonic() + LEAVE_S
    left: list[str] = []
    for thread in _threads():
        thread.join(max(0.0, end - time.monotonic()))
        if thread.is_alive():
            left.append(f"the thread {thread.name!r}{_place(thread)} that {_starter(thread)} started")
    for process in _processes():
        process.join(max(0.0, end - time.monotonic()))
        if process.is_alive():
            left.append(f"the process {process.pid} ({process.name}) that an element started")
            process.terminate()
    return [f"{each} still runs {LEAVE_S:.0f} s after all was done; it is ended now" for each in left]


def _threads() -> list[Thread]:
    threading = sys.modules.get("threading")
    if threading is None:
        return []
    found = [t for t in threading.enumerate() if t is not threading.main_thread() and not t.daemon]
    return [t for t in found if t is not threading.current_thread()]


def _processes() -> list[Any]:
    multiprocessing = sys.modules.get("multiprocessing")
    if multiprocessing is None:
        return []
    return [p for p in multiprocessing.active_children() if not p.daemon]


def _starter(thread: Thread) -> str:
    return at_work.starters.get(thread.ident or 0) or "an element"


def _place(thread: Thread) -> str:
    """Where it is: the frame nearest to it that is not of Python's library."""
    frame = sys._current_frames().get(thread.ident or 0)
    library = os.path.dirname(os.__file__)
    while frame is not None and frame.f_code.co_filename.startswith((library, "<")):
        frame = frame.f_back
    if frame is None:
        return ""
    return f" (in {frame.f_code.co_name}, {os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno})"
