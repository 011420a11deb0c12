"""SIGINT, SIGTERM, SIGHUP and SIGUSR1 become an orderly stop.

SIGUSR1 is what Slurm sends before a time limit, and what our launcher sends through Open MPI's
mpirun: that one kills every rank 0.3 s after a SIGTERM of its own, but passes a SIGUSR1 on.
SIGHUP is a terminal that has gone; under nohup it stays ignored.

What an element starts must inherit nothing of this. A program would inherit a signal that is ignored, so none
is: it gets a handler that does nothing. A forked child gets back what there was before (`give_back`).
"""

from __future__ import annotations

import signal
from _thread import get_ident
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from hpcd4p.errors import Interrupted

_ALARMS = (signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF)
"""Signals that a process sends itself (signal.alarm, signal.setitimer), and that end it without a handler."""

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)

_ours: dict[int, tuple[Any, Any]] = {}
"""Signals that the engine handles in this process: its handler, and the one before."""

_masks: dict[int, set[int | signal.Signals]] = {}
"""Threads in the middle of a fork, and what they had blocked before."""


def stopping() -> tuple[signal.Signals, ...]:
    """Give the signals that stop a run; without SIGHUP if this process was started with it ignored."""
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return tuple(n for n in _STOPPING if not (ignored and n is signal.SIGHUP))


class Asked(KeyboardInterrupt):
    """What a signal raises inside user code; no `Exception`, for user code may catch all of those."""


class Alarmed(BaseException):
    """An alarm that nobody handles, raised where it came; without the engine it would end the process."""

    element = ""
    """The element that was in a call."""


def hear_alarms() -> None:
    """Raise `Alarmed` for an alarm of user code that has no handler of its own."""
    for number in _ALARMS:
        if signal.getsignal(number) is signal.SIG_DFL:
            hear(number, _alarm)


def _alarm(number: int, frame: FrameType | None) -> None:
    raise Alarmed(signal.Signals(number).name)


def deafen(numbers: Iterable[signal.Signals]) -> None:
    """Make these signals do nothing in this process; in processes that it starts they work as before."""
    for number in numbers:
        hear(number, _nothing)
        signal.siginterrupt(number, False)


def hear(number: signal.Signals, handler: Callable[[int, FrameType | None], Any]) -> Any:
    """Call `handler` for a signal; gives the handler before."""
    before = signal.signal(number, handler)
    _ours[number] = (handler, _ours[number][1] if number in _ours else before)
    return before


def _unhear(number: signal.Signals, before: Any) -> None:
    """Undo `hear`; with nested ones, the outer handler works again."""
    signal.signal(number, before)
    first = _ours.pop(number)[1]
    if before is not first:
        _ours[number] = (before, first)


def _nothing(number: int, frame: FrameType | None) -> None:
    """Do nothing: somebody else answers this signal."""


@contextmanager
def interruptible(on_signal: Callable[[str], None] | None = None) -> Iterator[None]:
    """Within it, a stopping signal calls `on_signal`, or raises `Interrupted` in the main thread.

    After `on_signal` was called the process stops in any case, so further signals are ignored.

    Outside the main thread (a notebook's worker, say) nothing is changed.
    """
    import threading  # other ranks do not need it

    if threading.current_thread() is not threading.main_thread():
        yield
        return

    asked = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        name = signal.Signals(number).name
        if on_signal is None:
            raise Asked(name)
        on_signal(name)

    before = {number: hear(number, handle) for number in stopping()}
    hear_alarms()
    try:
        yield
    except Asked as stop:
        raise Interrupted(f"stopped by {stop} before the end") from None
    finally:
        # rank 0 still has to close its record, and Slurm asks a job to stop in more than one way
        if asked and on_signal is not None:
            deafen(before)
        else:
            for number, handler in before.items():
                _unhear(number, handler)
        for number in _ALARMS:
            if signal.getsignal(number) is _alarm:
                _unhear(number, signal.SIG_DFL)


# ---- forks


def block() -> None:
    """Before a fork: signals for the child wait until it is ready, and do not reach our handlers in it."""
    _masks[get_ident()] = signal.pthread_sigmask(signal.SIG_BLOCK, _ours)


def unblock() -> None:
    """Undo `block`."""
    signal.pthread_sigmask(signal.SIG_SETMASK, _masks.pop(get_ident()))


def give_back() -> None:
    """In a child: signals do what they would do without the engine, unless user code has changed that."""
    for number, (handler, before) in _ours.items():
        if signal.getsignal(number) is handler:
            signal.signal(number, before)
    _ours.clear()
    unblock()
