"""The terminal behind the standard error of this process, also where a launcher stands between.

Under mpirun the errors of a rank go through a pipe to the launcher, which may keep what does not end a
line until the end of the run. So the terminal is opened itself, by the descriptor of the launcher, an
ancestor of this process.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress

from hpcd4p.processes import stat_of

_LAUNCHERS = frozenset(
    {"mpirun", "mpiexec", "prterun", "orterun", "orted", "prted", "srun", "hydra_pmi_proxy", "mpiexec.hydra"}
)
OUTPUT, ERRORS = 1, 2
"""The standard streams."""

COLUMNS = 80
"""Of a terminal that does not say how wide it is."""


class Terminal:
    """A terminal that one can write to, and never has to wait for. `descriptor` is closed by `close`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @property
    def columns(self) -> int:
        """How wide it is now."""
        with suppress(OSError):
            return os.get_terminal_size(self._descriptor).columns or COLUMNS
        return COLUMNS

    def write(self, text: str) -> None:
        """Write as much as it takes; a terminal that was stopped (Ctrl-S) takes nothing."""
        # the ranks of a launcher are a job in the background: they must not be stopped for what they write
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
        try:
            with suppress(OSError):
                os.write(self._descriptor, text.encode("ascii", "replace"))
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def close(self) -> None:
        """Leave it."""
        os.close(self._descriptor)


def find_terminal() -> Terminal | None:
    """The terminal on which somebody sees the errors of this process, through launchers too; or None."""
    process = _holder(ERRORS)
    return None if process is None else _opened(process)


def on_terminal(descriptor: int) -> bool:
    """Whether what is written to `descriptor`, `OUTPUT` or `ERRORS`, is seen on a terminal."""
    return _holder(descriptor) is not None


def _holder(descriptor: int) -> str | None:
    """Whose `descriptor` is the terminal, this process or a launcher above it; None if there is none."""
    if os.isatty(descriptor):
        return "self"
    pid = os.getppid()
    for _ in range(3):
        try:
            stat = stat_of(pid)
            if stat.name not in _LAUNCHERS:
                return None
            if os.readlink(f"/proc/{pid}/fd/{descriptor}").startswith(("/dev/pts/", "/dev/tty")):
                return str(pid)
            pid = stat.parent
        except (OSError, ValueError):
            return None
    return None


def _opened(process: str) -> Terminal | None:
    """The terminal that is the standard error of `process`; None if it may not be opened (after su)."""
    flags = os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(f"/proc/{process}/fd/{ERRORS}", flags)
    except OSError:
        return None
    if os.isatty(descriptor):
        return Terminal(descriptor)
    os.close(descriptor)
    return None
