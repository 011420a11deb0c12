"""The process beside a rank that lends itself."""

from __future__ import annotations

import pytest

from hpcd4p.runtime.rank.process_beside import ProcessBeside
from hpcd4p.wire.reports import Doubted


class Link:
    rank = 3

    def listen(self, ear):
        pass


class Cell:
    """Says once what has changed; whoever is told to leave hears nothing more."""

    ear = pid = look_s = None

    def __init__(self):
        self.left = False

    def run(self, element, body, tuples, lent):
        return iter(())

    def changes(self):
        if self.left:
            raise ValueError("I/O operation on closed file")
        yield None
        yield 7, "self.seen"

    def wait(self, seconds):
        pass

    def dismiss(self):
        self.left = True

    def close(self, patience_s):
        pass


class Task:
    element, tuples, attempts = 7, 1, 0


@pytest.fixture
def beside():
    beside = ProcessBeside(Link(), Cell)
    beside.run(Task, memoryview(b""))
    return beside


def test_it_tells_what_has_changed_in_it_when_it_leaves(beside):
    assert beside.dismiss() == [Doubted(3, 7, "self.seen")]


def test_it_is_told_to_leave_once_even_if_the_run_stops_at_its_very_end(beside):
    beside.dismiss()
    assert beside.dismiss() == []


def test_where_there_is_none_nobody_leaves():
    assert ProcessBeside(Link(), Cell).dismiss() == []
