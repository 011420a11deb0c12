"""Log lines of elements on their way into the record: the first, the last, and how many were left out.

However many there are, this holds a bounded amount. Pure.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

from hpcd4p.record.sink import OutputSink
from hpcd4p.record.summary import LogFigures, LogLine

FIRST_LINES = 20_000
"""Lines that are written as they come."""

FIRST_CHARS = 16 << 20
"""Characters of lines that are written as they come."""

LAST_LINES = 1000
"""Lines after those of which the last are kept for the end."""


class ElementLines:
    """Hands lines to `sink`.

    Examples
    --------
    >>> from hpcd4p.record.memory import MemorySink
    >>> lines = ElementLines(MemorySink())
    >>> lines.add([(0.1, 3, "parse1", 0, "INFO", "hello")], left_out=2)
    >>> lines.finish()
    LogFigures(kept=1, left_out=2)
    """

    def __init__(self, sink: OutputSink) -> None:
        self._sink = sink
        self._chars = 0
        self._last: deque[LogLine] = deque(maxlen=LAST_LINES)
        self._figures = LogFigures()

    def add(self, rows: Iterable[Any], left_out: int = 0) -> None:
        """Take the fields of lines; `left_out` more were left out by their rank."""
        first = []
        for row in rows:
            line = LogLine(*row)
            if self._figures.kept < FIRST_LINES and self._chars < FIRST_CHARS:
                self._figures.kept += 1
                self._chars += len(line.text)
                first.append(line)
            else:
                self._figures.left_out += len(self._last) == LAST_LINES
                self._last.append(line)
        self._figures.left_out += left_out
        if first:
            self._sink.log(first)

    def finish(self) -> LogFigures:
        """Hand over the last lines; gives how many there are in all, and how many were left out."""
        if self._last:
            self._sink.log(list(self._last))
            self._figures.kept += len(self._last)
            self._last.clear()
        return self._figures
