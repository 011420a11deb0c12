"""What the command line says on the standard streams, wherever they lead."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from hpcd4p.errors import UsageError
from hpcd4p.logs import quiet


def open_streams() -> None:
    """Make the standard streams such that anything can be said on them.

    One that was closed (``>&-``) leads nowhere: its number would be given to the next file that is
    opened, and Python has no object for it. A character that the terminal does not know is written as a
    number: a summary is no place to fail for a µ.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = getattr(sys, name)
        if stream is None or stream.closed:  # closed by user code, say: then the descriptor is still there
            if not _is_open(number):
                descriptor = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
                if descriptor != number:
                    os.dup2(descriptor, number)
                    os.close(descriptor)
            setattr(sys, name, open(number, "r" if number == 0 else "w", closefd=False))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):  # a stream that somebody else has put there
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def _reopen() -> None:
    """Elements may have closed the streams; what they are the ends of is still there."""
    if sys.stdout.closed or sys.stderr.closed:
        open_streams()


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def say(text: str) -> None:
    """Print `text` now; nothing happens if who read it has gone (``| head``).

    Raises
    ------
    UsageError
        It cannot be written, to a file on a full disk, say.
    """
    _reopen()
    try:
        print(text, flush=True)
    except OSError as error:
        # what could not be written would be tried again, and fail again, when Python ends
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        if not isinstance(error, BrokenPipeError):
            raise UsageError(f"the standard output cannot be written: {error.strerror}") from error


def mention(message: str) -> None:
    """Say on the standard error what is good to know, and is no error; nothing if only errors are wanted."""
    if quiet():
        return
    _reopen()
    with suppress(OSError):
        print(f"hpcd4p: {message}", file=sys.stderr, flush=True)


def complain(message: str) -> None:
    """Say on the standard error what went wrong; if that has gone, the exit status says it alone."""
    _reopen()
    with suppress(OSError):
        print(f"hpcd4p: error: {message}", file=sys.stderr, flush=True)
