"""What leaves a run, in its journal and in its record.

With checkpoints a run may go back, so what has come since the last one does not count yet. The journal is cut
back then; a record could not be. So the record gets what comes as long as nothing was cut back. Then it
begins again, and gets what the journal has, at the end.

An entry::

    what u8 | how many u32 | bytes of the name u16 | name | body

The name of outputs is ``["ELEMENT", "OUTPUT"]``, their body a pickle of a list. All else is JSON, which is
read without unpickling anything.
"""

from __future__ import annotations

import json
import pickle
import struct
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from hpcd4p.errors import CheckpointError, RecordError, RecordNotWritten
from hpcd4p.record.summary import INTERRUPTED, STOPPED, DeadLetter, Event, LogLine, Summary

if TYPE_CHECKING:
    from pathlib import Path

    from hpcd4p.record.sink import OutputSink

FLUSH_S = 1.0
"""What comes is in the file after so long, as long as more comes: others look while the run goes on."""

TOGETHER_BYTES = 1 << 16
"""Values of one output that follow each other are given on together, up to this: each call has a price."""

_HEAD = struct.Struct("<BIH")


class What(IntEnum):
    """What an entry holds."""

    OUTPUTS = 0
    LETTERS = 1
    EVENTS = 2
    LOG = 3


_WHATS = tuple(What)

_ROWS: dict[What, Any] = {What.LETTERS: DeadLetter, What.EVENTS: Event, What.LOG: LogLine}


class Entry(NamedTuple):
    """One entry, opened."""

    what: What
    many: int
    name: tuple[str, str]
    """Element and output; empty if it holds no outputs."""
    body: bytes

    def values(self) -> list[Any]:
        """The tuples of outputs, unpickled: only of a journal whose seals were checked."""
        values: list[Any] = pickle.loads(self.body)
        return values

    def rows(self) -> list[Any]:
        """What all other entries hold: `DeadLetter`, `Event` or `LogLine`."""
        make = _ROWS[self.what]
        return [make(*row) for row in json.loads(self.body)]


def opened(entry: bytes) -> Entry:
    """Inverse of what a `JournalSink` appends."""
    what, many, length = _HEAD.unpack_from(entry)
    at = _HEAD.size + length
    name = _name_of(entry[_HEAD.size : at]) if length else ("", "")
    return Entry(_WHATS[what], many, name, entry[at:])


@lru_cache(maxsize=1024)
def _name_of(name: bytes) -> tuple[str, str]:
    element, output = json.loads(name)
    return element, output


class Journal(Protocol):
    """See `hpcd4p.checkpoint.journal.Journal`."""

    def append(self, entry: bytes) -> None:
        """Add an entry; after an error it is kept in memory."""

    def end(self) -> int:
        """Have all that was appended in the file."""

    def entries(self) -> Iterator[bytes]:
        """All that was appended and not cut back."""


class JournalSink:
    """See `record.sink.OutputSink`.

    Parameters
    ----------
    dumps
        Pickles tuples.
    goes_on
        Whether the journal has something already.

    Attributes
    ----------
    broken
        Empty, or why nothing is appended any more: no checkpoint can follow.
    onward
        Gets everything: as it comes, or, when the run has gone back, at the end.
    later
        Gives why a run that has not finished has no record now, for people; empty: it has.
    on_broken
        Called when nothing is appended any more, and `onward` does not need what was.
    kept
        Gives what remains of the outputs if the record cannot be written, for people; empty: nothing.
    """

    def __init__(self, journal: Journal, dumps: Callable[..., bytes], goes_on: bool = False) -> None:
        self.broken = ""
        self.onward: OutputSink | None = None
        self.later: Callable[[], str] = str
        self.kept: Callable[[], str] = str
        self.on_broken: Callable[[], object] = bool
        self._journal = journal
        self._dumps = dumps
        self._names: dict[tuple[str, str], bytes] = {}
        self._flushed = 0.0
        self._passes = not goes_on
        """Whether `onward` has all that the journal has."""

    def restart(self) -> None:
        """The journal was cut back: what `onward` has is not right any more."""
        self._passes = False
        if self.onward is not None:
            self.onward.restart()

    # ---- what comes

    def outputs(self, element: str, output: str, values: list[Any]) -> None:
        """See `OutputSink.outputs`."""
        if self.broken or self._append_outputs(element, output, values):
            self._pass(lambda sink: sink.outputs(element, output, values))

    def dead_letters(self, rows: Sequence[DeadLetter]) -> None:
        """See `OutputSink.dead_letters`."""
        if self._append_rows(What.LETTERS, rows):
            self._pass(lambda sink: sink.dead_letters(rows))

    def event(self, time_s: float, kind: str, text: str) -> None:
        """See `OutputSink.event`."""
        if self._append_rows(What.EVENTS, [Event(time_s, kind, text)]):
            self._pass(lambda sink: sink.event(time_s, kind, text))

    def log(self, lines: Sequence[LogLine]) -> None:
        """See `OutputSink.log`."""
        if self._append_rows(What.LOG, lines):
            self._pass(lambda sink: sink.log(lines))

    def _pass(self, give_to: Callable[[OutputSink], None]) -> None:
        if self.onward is not None:
            with self._told():
                give_to(self.onward)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Within it, of a record that cannot be written it is said what remains of the outputs."""
        try:
            yield
        except RecordNotWritten as error:
            kept = self.kept()
            if kept:
                raise RecordError(error.but(kept)) from error
            raise

    def _append_outputs(self, element: str, output: str, values: list[Any]) -> bool:
        """Whether `onward` is to have them now."""
        name = self._names.get((element, output))
        if name is None:
            name = self._names[element, output] = json.dumps([element, output]).encode()
        head = _HEAD.pack(What.OUTPUTS, len(values), len(name))
        try:
            entry = b"".join((head, name, self._dumps(values, protocol=5)))
        except Exception as error:  # noqa: BLE001  # user classes: pickling them may raise anything
            self._break(f"{element}.{output} cannot be pickled: {type(error).__name__}: {error}")
            return True
        return self._append(entry)

    def _append_rows(self, what: What, rows: Sequence[Any]) -> bool:
        return bool(self.broken) or self._append(_HEAD.pack(what, len(rows), 0) + json.dumps(rows).encode())

    def _append(self, entry: bytes) -> bool:
        passes = self._passes
        try:
            self._journal.append(entry)
            now = time.monotonic()
            if now - self._flushed > FLUSH_S:
                self._flushed = now
                self._journal.end()
        except CheckpointError as error:
            self._break(str(error))  # it has what could not be written, too
        return passes

    def _break(self, why: str) -> None:
        """The journal takes no more: the record gets what was there, and then what comes."""
        self.broken = why
        self._settle()
        if self.onward is not None:
            self.on_broken()

    # ---- the end

    def _settle(self) -> None:
        if self._passes or self.onward is None:
            return
        self._passes = True
        try:
            with self._told():
                give(self._journal.entries(), self.onward)
        except CheckpointError as error:
            raise RecordError(
                f"what the run has given cannot be read back, so there is no record: {error}"
            ) from error

    def warm(self) -> None:
        """See `OutputSink.warm`."""
        if self.onward is not None:
            self.onward.warm()

    def close(self, summary: Summary) -> Path | None:
        """See `OutputSink.close`; the journal goes with its folder."""
        why = self.later() if summary.state in (STOPPED, INTERRUPTED) else ""
        if why:
            summary.notes.append(why)
            self.abandon()
            return None
        self._settle()
        if self.onward is None:
            return None
        with self._told():
            return self.onward.close(summary)

    def abandon(self) -> None:
        """See `OutputSink.abandon`; a run may go on from the journal."""
        if self.onward is not None:
            self.onward.abandon()


def give(entries: Iterable[bytes], sink: OutputSink) -> None:
    """Give `sink` what a `JournalSink` has appended, in its order; see `Entry.values`."""
    name, values, size = ("", ""), list[Any](), 0
    for entry in map(opened, entries):
        outputs = entry.what is What.OUTPUTS
        if values and (not outputs or entry.name != name or size >= TOGETHER_BYTES):
            sink.outputs(*name, values)
            values, size = [], 0
        if outputs:
            name = entry.name
            size += len(entry.body)
            values += entry.values()
        elif entry.what is What.LETTERS:
            sink.dead_letters(entry.rows())
        elif entry.what is What.LOG:
            sink.log(entry.rows())
        else:
            for event in entry.rows():
                sink.event(*event)
    if values:
        sink.outputs(*name, values)
