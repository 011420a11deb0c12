"""Where the engine puts the outputs of a run: the protocol of the record and of the memory sink.

All calls come from one thread of rank 0. This file must never import h5py or numpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from hpcd4p.record.summary import DeadLetter, LogLine, Summary

if TYPE_CHECKING:
    from pathlib import Path


class OutputSink(Protocol):
    """Receives outputs, dead letters and events while the run goes on, and the summary at its end.

    After `close` or `abandon` nothing more is taken; both may be called again and then do nothing.
    """

    def outputs(self, element: str, output: str, values: list[Any]) -> None:
        """Take tuples of one unconnected output; `values` must not be changed afterwards."""

    def dead_letters(self, rows: Sequence[DeadLetter]) -> None:
        """Take tuples that failed."""

    def event(self, time_s: float, kind: str, text: str) -> None:
        """Take one line of the story; `time_s` counts from the start of the run."""

    def log(self, lines: Sequence[LogLine]) -> None:
        """Take log lines of elements."""

    def restart(self) -> None:
        """Forget all that was taken: the run begins again, or goes back."""

    def warm(self) -> None:
        """Open what writing will need; called once, while the ranks come up."""

    def close(self, summary: Summary) -> Path | None:
        """Finish with `summary`; gives where the record is, None if there is no file.

        Raises
        ------
        RecordError
            If the record could not be written completely (disk full, say).
        """

    def abandon(self) -> None:
        """Throw away everything and leave no file behind."""
