"""A sink that keeps everything in lists, for `hpcd4p.run` in a notebook and for tests.

It must never write a file. It is the twin of `writer.RecordWriter`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hpcd4p.record.summary import DeadLetter, Event, LogLine, Summary

if TYPE_CHECKING:
    from pathlib import Path


class MemorySink:
    """Outputs by 'element.output', dead letters, events and lines of elements, in the order they came in.

    Examples
    --------
    >>> sink = MemorySink()
    >>> sink.outputs("count1", "output", [("a", 2)])
    >>> sink.results
    {'count1.output': [('a', 2)]}
    """

    def __init__(self) -> None:
        self.results: dict[str, list[Any]] = {}
        self.letters: list[DeadLetter] = []
        self.events: list[Event] = []
        self.lines: list[LogLine] = []
        self.summary: Summary | None = None

    def outputs(self, element: str, output: str, values: list[Any]) -> None:
        """Keep `values` at the end of the list of this output."""
        self.results.setdefault(f"{element}.{output}", []).extend(values)

    def dead_letters(self, rows: Sequence[DeadLetter]) -> None:
        """Keep the tuples that failed."""
        self.letters.extend(rows)

    def event(self, time_s: float, kind: str, text: str) -> None:
        """Keep one line of the story."""
        self.events.append(Event(time_s, kind, text))

    def log(self, lines: Sequence[LogLine]) -> None:
        """Keep log lines of elements."""
        self.lines.extend(lines)

    def restart(self) -> None:
        """Forget everything."""
        self.abandon()

    def warm(self) -> None:
        """Do nothing: there is nothing to import."""

    def close(self, summary: Summary) -> Path | None:
        """Keep the summary; there is no file, so None."""
        self.summary = summary
        return None

    def abandon(self) -> None:
        """Forget everything."""
        self.results.clear()
        self.letters.clear()
        self.events.clear()
        self.lines.clear()
        self.summary = None
