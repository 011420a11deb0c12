"""What leaves a run is held in memory until its journal has a file; nothing is lost on the way there."""

from __future__ import annotations

import pytest

from hpcd4p.errors import CheckpointError, CheckpointNotWritten
from hpcd4p.record.held_journal import MOST_BYTES, HeldJournal
from tests.unit.record.test_journalled import ListJournal


def never() -> None:
    raise AssertionError


def test_it_is_held_and_moved_in_order() -> None:
    held = HeldJournal(never)
    held.append(b"a")
    held.append(b"b")
    assert (held.end(), list(held.entries())) == (0, [b"a", b"b"])
    file = ListJournal()
    held.move_to(file)
    held.append(b"c")
    assert file.kept == list(held.entries()) == [b"a", b"b", b"c"]
    assert held.end() == 3


def test_much_is_moved_at_once() -> None:
    file = ListJournal()
    held = HeldJournal(lambda: held.move_to(file))
    held.append(bytes(MOST_BYTES))
    assert file.kept == []
    held.append(b"b")
    assert file.kept == [bytes(MOST_BYTES), b"b"]


def test_a_file_that_cannot_be_made_is_told_once_and_all_stays() -> None:
    calls = []

    def move() -> None:
        calls.append(1)
        raise CheckpointNotWritten("no room")

    held = HeldJournal(move)
    with pytest.raises(CheckpointError):
        held.append(bytes(MOST_BYTES + 1))
    held.append(b"b")
    assert len(calls) == 1
    assert [len(each) for each in held.entries()] == [MOST_BYTES + 1, 1]


def test_what_a_full_file_does_not_take_is_not_lost() -> None:
    held = HeldJournal(never)
    for each in (b"a", b"b", b"c"):
        held.append(each)
    file = ListJournal(room=1)
    with pytest.raises(CheckpointNotWritten):
        held.move_to(file)
    assert list(held.entries()) == [b"a", b"b", b"c"]
