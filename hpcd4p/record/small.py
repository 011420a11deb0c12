"""A sink that keeps only small outputs, for the text at the end of a run.

It must never hold more than `MOST` rows of an output, nor more than a few failures: a run may make 10^8.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hpcd4p.record.summary import DeadLetter, FailureKind, LogLine, Summary, kind_of

MOST = 10_000
"""Rows of an output that a workflow's ``present`` may see: enough for a picture."""

FIRST_KINDS = 10
"""Failures to show, of different kinds."""


class SmallOutputs:
    """See `record.sink.OutputSink`.

    Examples
    --------
    >>> sink = SmallOutputs()
    >>> sink.outputs("top1", "output", [("the", 9)])
    >>> sink.outputs("word1", "output", list(range(20_000)))
    >>> sink.results
    {'top1.output': [('the', 9)]}
    """

    def __init__(self) -> None:
        self._letters: dict[FailureKind, DeadLetter] = {}
        self._rows: dict[str, list[Any] | None] = {}

    @property
    def letters(self) -> list[DeadLetter]:
        """The first of each kind."""
        return list(self._letters.values())

    @property
    def results(self) -> dict[str, list[Any]]:
        """Outputs by 'element.output'; those that grew too long are not among them."""
        return {name: rows for name, rows in self._rows.items() if rows is not None}

    def outputs(self, element: str, output: str, values: list[Any]) -> None:
        """Keep `values`, or drop the output if it has too many."""
        name = f"{element}.{output}"
        rows = self._rows.setdefault(name, [])
        if rows is not None:
            if len(rows) + len(values) <= MOST:
                rows.extend(values)
            else:
                self._rows[name] = None

    def dead_letters(self, rows: Sequence[DeadLetter]) -> None:
        """Keep the first of each kind."""
        for letter in rows:
            if len(self._letters) < FIRST_KINDS:
                self._letters.setdefault(kind_of(letter), letter)

    def event(self, time_s: float, kind: str, text: str) -> None:
        """Keep nothing."""

    def log(self, lines: Sequence[LogLine]) -> None:
        """Keep nothing."""

    def restart(self) -> None:
        """Forget everything."""
        self._rows.clear()
        self._letters.clear()

    def warm(self) -> None:
        """See `OutputSink.warm`: nothing to import."""

    def close(self, summary: Summary) -> Path | None:
        """Keep what there is."""
        return None

    def abandon(self) -> None:
        """Forget everything."""
        self._rows.clear()
