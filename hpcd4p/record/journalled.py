"""A sink that appends all that leaves a run to its journal, and the way back."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from hpcd4p.errors import CheckpointError
from hpcd4p.record.summary import DeadLetter, LogLine, Summary

if TYPE_CHECKING:
    from pathlib import Path

    from hpcd4p.record.sink import OutputSink


class JournalSink:
    """See `record.sink.OutputSink`.

    Parameters
    ----------
    append
        Adds one entry to the journal.
    dumps
        Pickles tuples.

    Attributes
    ----------
    broken
        Empty, or why nothing is appended any more: no checkpoint can follow. What was there before is whole.
    """

    def __init__(self, append: Callable[[bytes], None], dumps: Callable[..., bytes]) -> None:
        self.broken = ""
        self._append = append
        self._dumps = dumps

    def _add(self, method: str, *args: Any) -> None:
        if self.broken:
            return
        try:
            self._append(self._dumps((method, args), protocol=5))
        except CheckpointError as error:
            self.broken = str(error)
        except Exception as error:  # noqa: BLE001  # user classes: pickling them may raise anything
            what = ".".join(args[:2]) if method == "outputs" else method
            self.broken = f"{what} cannot be pickled: {type(error).__name__}: {error}"

    def outputs(self, element: str, output: str, values: list[Any]) -> None:
        """See `OutputSink.outputs`."""
        self._add("outputs", element, output, values)

    def dead_letters(self, rows: Sequence[DeadLetter]) -> None:
        """See `OutputSink.dead_letters`."""
        self._add("dead_letters", rows)

    def event(self, time_s: float, kind: str, text: str) -> None:
        """See `OutputSink.event`."""
        self._add("event", time_s, kind, text)

    def log(self, lines: Sequence[LogLine]) -> None:
        """See `OutputSink.log`."""
        self._add("log", lines)

    def warm(self) -> None:
        """Do nothing: the journal is open."""

    def close(self, summary: Summary) -> Path | None:
        """Do nothing: the journal goes with its folder."""
        return None

    def restart(self) -> None:
        """Do nothing: the journal is cut back."""

    def abandon(self) -> None:
        """Do nothing: a run may go on from it."""


def replay(entries: Iterable[bytes], sink: OutputSink) -> None:
    """Give `sink` what a `JournalSink` has appended; only of a journal whose seals were checked."""
    for entry in entries:
        method, args = pickle.loads(entry)
        getattr(sink, method)(*args)
