"""The progress line: on a terminal only, one line that is written over, gone before the summary.

Under mpirun the errors of a rank go through a pipe to the launcher; the terminal is then behind the
launcher, an ancestor of this process.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpcd4p.runtime.job import Progress

_LAUNCHERS = frozenset(
    {"mpirun", "mpiexec", "prterun", "orterun", "orted", "prted", "srun", "hydra_pmi_proxy", "mpiexec.hydra"}
)
_ERRORS = 2


def on_terminal() -> bool:
    """Whether somebody watches what this process says on stderr, through launchers too."""
    if os.isatty(_ERRORS):
        return True
    pid = os.getppid()
    for _ in range(3):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
                text = stat.read()
            # "pid (name) state ppid ...": the name may hold blanks and brackets
            name = text[text.index("(") + 1 : text.rindex(")")]
            if name not in _LAUNCHERS:
                return False
            if os.readlink(f"/proc/{pid}/fd/{_ERRORS}").startswith(("/dev/pts/", "/dev/tty")):
                return True
            pid = int(text[text.rindex(")") + 2 :].split()[1])
        except (OSError, ValueError):
            return False
    return False


class ProgressLine:
    """Draws progress; `clear` takes the line away. Call both from any one thread at a time."""

    def __init__(self) -> None:
        self._drawn = 0

    def __call__(self, progress: Progress) -> None:
        """Write over the line."""
        text = progress_text(progress)
        sys.stderr.write("\r" + text.ljust(self._drawn))
        sys.stderr.flush()
        self._drawn = len(text)

    def clear(self) -> None:
        """Take the line away."""
        if self._drawn:
            sys.stderr.write("\r" + " " * self._drawn + "\r")
            sys.stderr.flush()
            self._drawn = 0


def progress_text(progress: Progress) -> str:
    """Give one line of at most 79 characters: time, tuples done, rate, active ranks, backlog."""
    seconds = int(progress.elapsed_s)
    clock = f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    text = (
        f"{clock}  {_short(progress.done)} tuples done  {_short(progress.rate)}/s  "
        f"{progress.active}/{progress.ranks} ranks active  {_short(progress.backlog)} waiting"
    )
    return text[:79]


def _short(number: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if number >= size:
            unit = 1e3 if letter == "k" else size
            return f"{number / unit:.3g}{letter}" if number / unit < 100 else f"{number / unit:.0f}{letter}"
    return f"{number:.0f}"
