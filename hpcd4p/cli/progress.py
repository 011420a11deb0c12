"""The progress of a run: on a terminal one line that is overwritten; else a line a minute.

Nothing stays on a terminal, and a log file gets no control characters.
"""

from __future__ import annotations

import time
from math import ceil, isinf
from typing import TYPE_CHECKING

from hpcd4p.cli.terminal import Terminal, find_terminal
from hpcd4p.cli.words import mention
from hpcd4p.logs import quiet

if TYPE_CHECKING:
    from hpcd4p.runtime.head.progress import Progress

EVERY_S = 60.0
"""A log gets a line as often as this."""

_DAY_S = 86_400.0


class ProgressLine:
    """Draws progress on a terminal; `clear` takes the line away. Call both from any one thread at a time."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._drawn = 0

    @property
    def columns(self) -> int:
        """Width of the line, so that other output can overwrite it; 0: there is no line."""
        return self._terminal.columns - 1

    def __call__(self, progress: Progress) -> None:
        """Overwrite the line."""
        text = progress_text(progress, self._terminal.columns - 1)
        self._terminal.write("\r" + text.ljust(self._drawn))
        self._drawn = len(text)

    def clear(self) -> None:
        """Remove the line."""
        if self._drawn:
            self._terminal.write("\r" + " " * self._drawn + "\r")
            self._drawn = 0
        self._terminal.close()


class ProgressLog:
    """Says progress in whole lines on the standard error, once in `EVERY_S`; a short run says nothing."""

    columns = 0
    """See `ProgressLine.columns`."""

    def __init__(self) -> None:
        self._due_s = EVERY_S

    def __call__(self, progress: Progress) -> None:
        """Say a line if it is time."""
        if progress.elapsed_s >= self._due_s:
            self._due_s = progress.elapsed_s - progress.elapsed_s % EVERY_S + EVERY_S
            mention(progress_sentence(progress, time.time()))

    def clear(self) -> None:
        """See `ProgressLine.clear`; lines stay."""


def progress_watch() -> ProgressLine | ProgressLog:
    """The progress that suits the standard error of this process; none if only errors are wanted."""
    terminal = None if quiet() else find_terminal()
    return ProgressLog() if terminal is None else ProgressLine(terminal)


def progress_text(progress: Progress, columns: int) -> str:
    """Give one line of at most `columns` characters; what matters least is left out first."""
    rate = progress.done / progress.elapsed_s if progress.elapsed_s else 0.0
    parts = [
        (0, _clock(progress.elapsed_s)),
        (1, f"{progress.calls}/{progress.of_calls} inputs" if progress.of_calls else ""),
        (3, f"{_short(progress.done)} tuples done"),
        (4, f"{_short(rate)}/s"),
        (1, f"{_short(progress.failed)} failed" if progress.failed else ""),
        (5, f"{progress.busy}/{progress.pool} ranks busy" if progress.pool else ""),
        (6, f"{_short(progress.waiting)} tasks wait" if progress.pool else ""),
        (3, _checkpoint(progress.checkpoint_s)),
        (2, f"{_clock(ceil(progress.left_s))} left" if progress.left_s is not None else ""),
        (4, progress.awaits),
    ]
    for most in range(6, -1, -1):
        text = "  ".join(part for weight, part in parts if part and weight <= most)
        if len(text) <= columns:
            return text
    return ""


def progress_sentence(progress: Progress, now: float) -> str:
    """Give a line for a log; `now` is the time of day, in seconds since the epoch."""
    rate = progress.done / progress.elapsed_s if progress.elapsed_s else 0.0
    parts = [
        f"{progress.calls:,} of {progress.of_calls:,} inputs" if progress.of_calls else "",
        f"{progress.done:,} tuples done ({_short(rate)}/s)",
        f"{progress.failed:,} failed",
        f"{progress.busy} of {progress.pool} ranks of the pool busy" if progress.pool else "",
        f"{progress.waiting:,} tasks wait" if progress.pool else "",
        _checkpoint(progress.checkpoint_s),
        progress.awaits,
        _end(progress.left_s, now) if progress.left_s is not None else "",
    ]
    return f"after {_clock(progress.elapsed_s)}: " + ", ".join(part for part in parts if part)


def _checkpoint(age_s: float | None) -> str:
    if age_s is None:
        return ""
    return "no checkpoint yet" if isinf(age_s) else f"checkpoint {_clock(age_s)} ago"


def _end(left_s: float, now: float) -> str:
    form = "%H:%M" if left_s < _DAY_S else "%Y-%m-%d %H:%M"
    moment = time.strftime(form, time.localtime(now + left_s))
    return f"the end is expected at {moment}, in {_clock(ceil(left_s))}"


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _short(number: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if number >= size:
            unit = 1e3 if letter == "k" else size
            return f"{number / unit:.3g}{letter}" if number / unit < 100 else f"{number / unit:.0f}{letter}"
    return f"{number:.0f}"
