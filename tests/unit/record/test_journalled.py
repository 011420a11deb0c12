"""What leaves a run goes into its journal and its record; when it goes back, from there into the record."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from hpcd4p.errors import CheckpointNotWritten, RecordError, RecordNotWritten, SealBroken
from hpcd4p.record.journalled import TOGETHER_BYTES, JournalSink, What, opened
from hpcd4p.record.memory import MemorySink
from hpcd4p.record.summary import DeadLetter, Event, LogLine, Summary

LETTER = DeadLetter("a", "input", "\ud800'7'", "ValueError: 7", "Traceback", 3, 1.5, "ValueError", "w.py:3")
LINE = LogLine(0.5, 2, "a", 0, "INFO", "héllo")


class ListJournal:
    """A journal in memory that is full after so many entries; what does not fit it keeps, as the real one."""

    def __init__(self, room: int = 1000) -> None:
        self.kept: list[bytes] = []
        self.room = room
        self.damaged = False

    def append(self, entry: bytes) -> None:
        self.kept.append(entry)
        self.end()

    def end(self) -> int:
        if len(self.kept) > self.room:
            raise CheckpointNotWritten("no room")
        return len(self.kept)

    def entries(self) -> Iterator[bytes]:
        yield from self.kept
        if self.damaged:
            raise SealBroken("it has changed since it was written")


def sink_on(journal: ListJournal, goes_on: bool = False) -> tuple[JournalSink, MemorySink]:
    sink, onward = JournalSink(journal, pickle.dumps, goes_on), MemorySink()
    sink.onward = onward
    return sink, onward


def fill(sink: JournalSink) -> None:
    sink.event(0.0, "start", "4 ranks")
    sink.outputs("a", "out", [1, 2])
    sink.dead_letters([LETTER])
    sink.outputs("b.c", "d", [("x", 1)])
    sink.log([LINE])
    sink.outputs("a", "out", [3])


def assert_all(onward: MemorySink) -> None:
    assert onward.results == {"a.out": [1, 2, 3], "b.c.d": [("x", 1)]}
    assert onward.letters == [LETTER]
    assert onward.events == [Event(0.0, "start", "4 ranks")]
    assert onward.lines == [LINE]


def test_what_comes_is_given_on_at_once() -> None:
    sink, onward = sink_on(journal := ListJournal())
    fill(sink)
    assert_all(onward)
    assert len(journal.kept) == 6
    summary = Summary("w")
    sink.close(summary)
    assert_all(onward)
    assert onward.summary is summary
    sink.close(summary)
    assert_all(onward)


def test_a_run_that_goes_on_gives_nothing_on_before_the_end_and_then_everything_in_order() -> None:
    journal = ListJournal()
    fill(JournalSink(journal, pickle.dumps))
    sink, onward = sink_on(journal, goes_on=True)
    sink.outputs("z", "out", [9])
    assert onward.results == {}
    sink.close(Summary("w"))
    assert onward.results.pop("z.out") == [9]
    assert_all(onward)
    sink.close(Summary("w"))
    assert onward.results["a.out"] == [1, 2, 3]


def test_what_was_cut_back_is_not_given_on() -> None:
    journal = ListJournal()
    sink, onward = sink_on(journal)
    fill(sink)
    sink.outputs("a", "out", [4, 5])
    sink.dead_letters([LETTER])
    del journal.kept[-2:]
    sink.restart()
    assert (onward.results, onward.letters, onward.events) == ({}, [], [])
    sink.outputs("z", "out", [9])
    sink.close(Summary("w"))
    assert onward.results.pop("z.out") == [9]
    assert_all(onward)


@pytest.mark.parametrize("goes_on", [False, True])
@pytest.mark.parametrize("room", range(7))
def test_a_journal_that_is_full_loses_nothing_and_gives_nothing_twice(room: int, goes_on: bool) -> None:
    sink, onward = sink_on(ListJournal(room), goes_on)
    fill(sink)
    assert bool(sink.broken) == (room < 6)
    sink.close(Summary("w"))
    assert_all(onward)


@pytest.mark.parametrize("goes_on", [False, True])
def test_tuples_that_cannot_be_pickled_end_the_journal_and_not_the_run(goes_on: bool) -> None:
    sink, onward = sink_on(ListJournal(), goes_on)
    odd: Any = (each for each in "")
    sink.outputs("a", "out", [1])
    sink.outputs("a", "out", [odd])
    assert sink.broken.startswith("a.out cannot be pickled: TypeError")
    sink.outputs("a", "out", [2])
    sink.event(1.0, "end", "")
    sink.close(Summary("w"))
    assert onward.results == {"a.out": [1, odd, 2]}
    assert onward.events == [Event(1.0, "end", "")]


def test_a_journal_that_is_damaged_gives_no_record() -> None:
    journal = ListJournal()
    sink, _ = sink_on(journal, goes_on=True)
    fill(sink)
    journal.damaged = True
    with pytest.raises(RecordError, match="cannot be read back, so there is no record: it has changed"):
        sink.close(Summary("w"))


def test_all_but_the_values_of_outputs_is_read_without_unpickling(monkeypatch: pytest.MonkeyPatch) -> None:
    journal = ListJournal()
    sink, _ = sink_on(journal)
    fill(sink)

    def never(*args: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(pickle, "loads", never)
    entries = list(map(opened, journal.kept))
    assert [entry.what for entry in entries] == [
        What.EVENTS, What.OUTPUTS, What.LETTERS, What.OUTPUTS, What.LOG, What.OUTPUTS,
    ]  # fmt: skip
    assert [(entry.name, entry.many) for entry in entries if entry.what is What.OUTPUTS] == [
        (("a", "out"), 2),
        (("b.c", "d"), 1),
        (("a", "out"), 1),
    ]
    assert entries[2].rows() == [LETTER]


def test_small_ones_are_given_on_together_and_large_ones_are_not_piled_up() -> None:
    class Calls(MemorySink):
        def outputs(self, element: str, output: str, values: list[Any]) -> None:
            calls.append((element, len(values)))
            super().outputs(element, output, values)

    calls: list[tuple[str, int]] = []
    sink, onward = JournalSink(ListJournal(), pickle.dumps, goes_on=True), Calls()
    sink.onward = onward
    for number in range(500):
        sink.outputs("small", "out", [number])
    for _ in range(5):
        sink.outputs("large", "out", [bytes(TOGETHER_BYTES)])
    sink.close(Summary("w"))
    assert calls[0] == ("small", 500)
    assert calls[1:] == [("large", 1)] * 5
    assert onward.results["small.out"] == list(range(500))


@pytest.mark.parametrize("state", ["stopped", "interrupted", "completed", "failed tuples"])
def test_a_run_that_can_go_on_gets_its_record_later_if_that_takes_long(state: str) -> None:
    sink, onward = sink_on(ListJournal())
    sink.later = lambda: "not yet"
    fill(sink)
    summary = Summary("w", state=state)
    sink.close(summary)
    later = state in ("stopped", "interrupted")
    assert (onward.results == {}, onward.summary is None, summary.notes == ["not yet"]) == (later,) * 3
    if not later:
        assert_all(onward)
        assert summary.notes == []


class FullSink(MemorySink):
    """A record that cannot be written: from the first output on, or when it is closed."""

    def __init__(self, early: bool) -> None:
        super().__init__()
        self.early = early

    def _fail(self) -> None:
        raise RecordNotWritten("r.h5 could not be written", "3 tuples are lost", " (0 MB are free)")

    def outputs(self, element: str, output: str, values: list[Any]) -> None:
        if self.early:
            self._fail()

    def close(self, summary: Summary) -> None:
        self._fail()


@pytest.mark.parametrize("goes_on", [False, True])
def test_when_the_journal_takes_no_more_it_is_said_once_nobody_needs_it(goes_on: bool) -> None:
    sink, onward = sink_on(ListJournal(room=3), goes_on)
    had = []
    sink.on_broken = lambda: had.append({n: [*v] for n, v in onward.results.items()})
    fill(sink)
    assert had == [{"a.out": [1, 2]} if not goes_on else {"a.out": [1, 2], "b.c.d": [("x", 1)]}]


@pytest.mark.parametrize("goes_on", [False, True])
@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize("kept", ["", "the run can go on"])
def test_outputs_that_are_kept_are_not_called_lost(kept: str, early: bool, goes_on: bool) -> None:
    sink = JournalSink(ListJournal(), pickle.dumps, goes_on)
    sink.onward = FullSink(early)
    sink.kept = lambda: kept
    try:
        fill(sink)
        sink.close(Summary("w"))
    except RecordError as error:
        told = str(error)
    begin, _, advice = told.partition("Make room there, or choose another folder with --results")
    assert begin == f"r.h5 could not be written; {kept or '3 tuples are lost'} (0 MB are free). "
    assert advice == ("" if kept else ", and run again")


def test_a_sink_that_nobody_waits_for_keeps_what_comes() -> None:
    journal = ListJournal()
    sink = JournalSink(journal, pickle.dumps)
    fill(sink)
    sink.warm()
    assert sink.close(Summary("w")) is None
    sink.abandon()
    assert len(journal.kept) == 6
