"""The failures of a run by kind: how many, exactly, and some examples for the record.

Whatever fails, and however often, this holds a bounded amount: kinds are counted, and the record gets the
first letters of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from hpcd4p.record.sink import OutputSink
from hpcd4p.record.summary import DeadLetter, FailureFigures, FailureKind, kind_of

MOST_EXAMPLES = 100
"""Dead letters of a kind in the record."""

MOST_KINDS = 1000
"""More kinds than this are counted as one for each element."""

MOST_CHARS = 32 << 20
"""Text of all dead letters in the record; then only the first of a kind is added."""

MOST_SAID = 300
"""Characters of the latest message of a kind, for who looks at the run while it goes on."""


class Failures:
    """Counts failures, and hands examples to `sink`.

    Examples
    --------
    >>> from hpcd4p.record.memory import MemorySink
    >>> failures = Failures(MemorySink())
    >>> failures.add(FailureKind("parse1", "ValueError", "w.py:3 in parse"), 7, None)
    >>> failures.figures()[0].tuples
    7
    """

    def __init__(self, sink: OutputSink) -> None:
        self._sink = sink
        self._kinds: dict[FailureKind, FailureFigures] = {}
        self._said: dict[FailureKind, str] = {}
        self._chars = 0

    def add(self, kind: FailureKind, tuples: int, letter: DeadLetter | None) -> None:
        """Count `tuples` that failed alike; `letter` is the dead letter of one of them, if there is one."""
        if kind not in self._kinds and len(self._kinds) >= MOST_KINDS:
            kind = FailureKind(kind.element, "other errors", "")
        figures = self._kinds.setdefault(kind, FailureFigures(*kind))
        figures.tuples += tuples
        if letter is not None:
            self._said[kind] = letter.error[:MOST_SAID]
        if letter is None or figures.examples >= MOST_EXAMPLES:
            return
        if self._chars < MOST_CHARS or not figures.examples:
            figures.examples += 1
            self._chars += len(letter.value_text) + len(letter.error) + len(letter.traceback)
            self._sink.dead_letters([letter])

    def dead_letters(self, letters: Sequence[DeadLetter]) -> None:
        """Add letters of one tuple each."""
        for letter in letters:
            self.add(kind_of(letter), 1, letter)

    def restore(self, figures: Iterable[FailureFigures]) -> None:
        """Go on counting from these, whose examples are in the record."""
        self._kinds |= {FailureKind(f.element, f.error, f.place): replace(f) for f in figures}

    def said(self, element: str, error: str, place: str) -> str:
        """Type and message of the latest letter of a kind, shortened; empty: this start has had none."""
        return self._said.get(FailureKind(element, error, place), "")

    def figures(self) -> list[FailureFigures]:
        """All kinds, the most frequent first."""
        return sorted(self._kinds.values(), key=lambda f: -f.tuples)
