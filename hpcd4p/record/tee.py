"""A sink that hands everything to several others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hpcd4p.record.sink import OutputSink
from hpcd4p.record.summary import DeadLetter, LogLine, Summary


class Tee:
    """See `record.sink.OutputSink`; each call goes to every one of `sinks`, in their order."""

    def __init__(self, *sinks: OutputSink) -> None:
        self._sinks = sinks

    def outputs(self, element: str, output: str, values: list[Any]) -> None:
        """See `OutputSink.outputs`."""
        for sink in self._sinks:
            sink.outputs(element, output, values)

    def dead_letters(self, rows: Sequence[DeadLetter]) -> None:
        """See `OutputSink.dead_letters`."""
        for sink in self._sinks:
            sink.dead_letters(rows)

    def event(self, time_s: float, kind: str, text: str) -> None:
        """See `OutputSink.event`."""
        for sink in self._sinks:
            sink.event(time_s, kind, text)

    def log(self, lines: Sequence[LogLine]) -> None:
        """See `OutputSink.log`."""
        for sink in self._sinks:
            sink.log(lines)

    def restart(self) -> None:
        """See `OutputSink.restart`."""
        for sink in self._sinks:
            sink.restart()

    def warm(self) -> None:
        """See `OutputSink.warm`."""
        for sink in self._sinks:
            sink.warm()

    def close(self, summary: Summary) -> Path | None:
        """Close them all; gives the path of the one that has a file."""
        paths = [sink.close(summary) for sink in self._sinks]
        return next((p for p in paths if p is not None), None)

    def abandon(self) -> None:
        """See `OutputSink.abandon`."""
        for sink in self._sinks:
            sink.abandon()
