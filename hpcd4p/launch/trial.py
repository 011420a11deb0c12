"""Runs a program with a deadline: its output and how it ended. Nothing of it is left running."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from typing import NamedTuple

_SOFT_S = 2.0
"""mpirun needs a moment to end its ranks; after this it is killed."""


class Trial(NamedTuple):
    """How the program ended."""

    status: int | None
    """Exit status; None if it could not be started or was out of time."""
    text: str
    """Output and errors together."""

    @property
    def fine(self) -> bool:
        """Whether it ended well."""
        return self.status == 0

    @property
    def last_line(self) -> str:
        """Last line that is not empty: the result, or the message of a traceback."""
        lines = [line.strip() for line in self.text.splitlines() if line.strip()]
        return lines[-1] if lines else ""


def attempt(line: Sequence[str], deadline_s: float, environ: Mapping[str, str] | None = None) -> Trial:
    """Run `line` for at most `deadline_s` seconds. Never raises for what the program does."""
    try:
        process = subprocess.Popen(
            line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=environ, start_new_session=True, text=True, errors="replace",
        )  # fmt: skip
    except OSError as error:
        return Trial(None, f"{line[0]}: {error.strerror}")
    try:
        text, _ = process.communicate(timeout=deadline_s)
        return Trial(process.returncode, text)
    except subprocess.TimeoutExpired:
        return Trial(None, _end(process) + f"\n{line[0]} did not end within {deadline_s:.0f} s")
    except BaseException:
        _end(process)
        raise


def _end(process: subprocess.Popen[str]) -> str:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=_SOFT_S)[0]
    return ""
