"""Threads and processes that elements have left running when all is done: waited for briefly, then ended.

Python would wait for them forever, and so would the run. Never imports what user code has not imported.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from hpcd4p.runtime.execute import at_work

if TYPE_CHECKING:
    from threading import Thread

LEAVE_S = 5.0
"""Enough for a thread that writes the rest of a file or sends a last message; a thread that polls forever
would not end anyway, and must not keep a batch job alive."""


def settle(end: Callable[[list[str]], NoReturn]) -> None:
    """Have Python wait for threads and processes now; call `end` with those that still run after `LEAVE_S`.

    Main thread. It is Python's own end, in its order, so that executors that nobody has shut down (joblib's,
    say) do that by themselves. At once if there is nothing.
    """
    if not _threads() and not _processes():
        return

    def over(number: int, frame: FrameType | None) -> None:
        end([f"{each} still runs {LEAVE_S:.0f} s after all was done; it is ended now" for each in _left()])

    signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, LEAVE_S)
    sys.modules["threading"]._shutdown()
    atexit._run_exitfuncs()
    signal.setitimer(signal.ITIMER_REAL, 0)


def _left() -> list[str]:
    left = [f"the thread {t.name!r}{_place(t)} that {_starter(t)} started" for t in _threads()]
    for process in _processes():
        left.append(f"the process {process.pid} ({process.name}) that an element started")
        process.terminate()
    return left


def _threads() -> list[Thread]:
    threading = sys.modules.get("threading")
    if threading is None:
        return []
    others = [t for t in threading.enumerate() if t is not threading.main_thread() and not t.daemon]
    return [t for t in others if t is not threading.current_thread()]


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
