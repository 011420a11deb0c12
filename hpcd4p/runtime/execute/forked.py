"""A process that an element forks (multiprocessing, os.fork) gets nothing of the engine.

Its signals work as without the engine, its copies of the engine's descriptors lead nowhere
(`hpcd4p.descriptors`), Python's garbage collector and thread switching work as usual, and when the call of
the element ends in the child, the child ends: it must never go on as a second rank of the same number.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

from hpcd4p.runtime.execute import at_work, garbage, signals

SWITCH_S = 0.005
"""Python's own switch interval."""

_exit = os._exit

depth = 0
"""How many forks lie between this process and the first that had the engine."""


def _begin() -> None:
    """Run in a child, before anything else happens there."""
    global depth
    depth += 1
    garbage.let_go()
    sys.setswitchinterval(SWITCH_S)
    _drain(sys._getframe())
    signals.give_back()
    os._exit = _exit


def _drain(frame: FrameType | None) -> None:
    """Empty the loops of the calls below: their remaining tuples are the parent's."""
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith("hpcd4p.runtime."):
            values = frame.f_locals.get("values")
            if values is not None and iter(values) is values:
                deque(values, maxlen=0)
        frame = frame.f_back


def end(element: str, error: BaseException | None = None) -> NoReturn:
    """End this child: its call of `element` has returned, or has raised `error`."""
    status = 0
    with suppress(Exception):  # its streams may be closed
        if error is None:
            sys.stderr.write(
                f"hpcd4p: a process that {element} forked came back from its call and was ended there: let "
                "it leave by os._exit() when it has done its work\n"
            )
        elif isinstance(error, SystemExit):
            status = _status(error)
        else:
            status = 1
            sys.excepthook(type(error), error, error.__traceback__)
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    _exit(status)


def _status(leave: SystemExit) -> int:
    if leave.code is None or isinstance(leave.code, int):
        return (leave.code or 0) & 0xFF
    sys.stderr.write(f"{leave.code}\n")
    return 1


@contextmanager
def staying() -> Iterator[None]:
    """Within it, ``os._exit`` in an element is a failure of it, as ``sys.exit`` is; a child it does end.

    For processes that hold the record: otherwise the run would end without a message, with status 0.
    """
    os._exit = _refuse
    try:
        yield
    finally:
        os._exit = _exit


def _refuse(status: int) -> NoReturn:
    raise RuntimeError(f"os._exit({status}) would end the run: an element should raise an exception instead")


_OURS = ("hpcd4p.runtime.", "hpcd4p.launch.")
"""Modules that end a rank by ``os._exit``."""


def tell_of_exits(rank: int) -> None:
    """Have ``os._exit`` in an element print which one ends this rank: the launcher may end the others."""

    def exit_(status: int) -> NoReturn:
        if not sys._getframe(1).f_globals.get("__name__", "").startswith(_OURS):
            name = next(reversed(at_work.since), "an element")
            with suppress(OSError):
                os.write(2, f"hpcd4p: rank {rank}: {name} ended its process by os._exit({status})\n".encode())
        _exit(status)

    os._exit = exit_


def _flush() -> None:
    """Before a fork: both processes would write what waits in a buffer."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):  # closed, or something of the user's
            stream.flush()


os.register_at_fork(before=_flush)
os.register_at_fork(before=signals.block, after_in_parent=signals.unblock, after_in_child=_begin)
