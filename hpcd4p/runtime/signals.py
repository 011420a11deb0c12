"""SIGINT, SIGTERM, SIGHUP and SIGUSR1 become an orderly stop.

SIGUSR1 is what Slurm sends before a time limit, and what our launcher sends through Open MPI's
mpirun: that one kills every rank 0.3 s after a SIGTERM of its own, but passes a SIGUSR1 on.
SIGHUP is a terminal that has gone; under nohup it stays ignored.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from hpcd4p.errors import Interrupted

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)


def stopping() -> tuple[signal.Signals, ...]:
    """Give the signals that stop a run; not SIGHUP where whoever started this process had it ignored."""
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return tuple(n for n in _STOPPING if not (ignored and n is signal.SIGHUP))


class _Asked(KeyboardInterrupt):
    """What a signal raises inside user code, which may well catch every `Exception`."""


@contextmanager
def interruptible(on_signal: Callable[[str], None] | None = None) -> Iterator[None]:
    """Within it, a stopping signal calls `on_signal`, or raises `Interrupted` in the main thread.

    After one for `on_signal` this process stops anyhow: no further one is heard.

    Outside the main thread (a notebook's worker, say) nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    asked = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        name = signal.Signals(number).name
        if on_signal is None:
            raise _Asked(name)
        on_signal(name)

    before = {number: signal.signal(number, handle) for number in stopping()}
    try:
        yield
    except _Asked as stop:
        raise Interrupted(f"stopped by {stop} before the end") from None
    finally:
        # rank 0 still has its record to close, and Slurm tells a job to stop on more than one way
        over = asked and on_signal is not None
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if over else handler)
