"""The checkpoints of a run in one process, without its files; whole runs with them are in tests/sim."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from hpcd4p.control.cutting import SLOW_S
from hpcd4p.record.survival import Survival
from hpcd4p.runtime.head.keeper import Kept
from hpcd4p.runtime.sequential_cutter import SequentialCutter
from hpcd4p.wire.cut_reports import Saved


class World:
    """A run in one process, whose copy and disk are played."""

    def __init__(self):
        self.now = 0.0
        self.given_up, self.events, self.saved, self.kept = [], [], [], []
        keeper = SimpleNamespace(
            begin=lambda epoch: None,
            fix=lambda epoch, fixed: None,
            complete=lambda epoch, saved, row: None,
            ended=lambda: [self.kept.pop() for _ in self.kept[:]],
            give_up=lambda epoch, no_room: self.given_up.append((epoch, no_room)),
        )
        saver = SimpleNamespace(
            save=lambda epoch, base, image: None, ended=lambda: [self.saved.pop() for _ in self.saved[:]]
        )
        clock = SimpleNamespace(started=0.0, now=lambda: self.now)
        self.cutter = SequentialCutter(
            keeper, saver, 1.0, clock, lambda kind, text: self.events.append(text), 0, Survival()
        )

    def look(self, at):
        self.now = at
        self.cutter.look(at, lambda: (None, None))


@pytest.fixture
def world():
    return World()


def test_what_did_not_fit_is_said_once_however_often_it_is_tried(world, capsys):
    for epoch, at in ((1, 100.0), (2, 200.0), (3, 300.0)):
        world.look(at)
        why = f"/c/epoch-{epoch:06}.part/rank-0 would fill its disk"
        world.saved = [Saved(0, epoch, 0, "", why, no_room=True)]
        world.look(at + 1)
    assert world.given_up == [(1, True), (2, True), (3, True)]
    assert len(world.events) == 1
    assert capsys.readouterr().err.count("would fill its disk") == 1


@pytest.mark.parametrize("copied", [False, True], ids=["the copy", "the disk"])
def test_one_that_takes_long_is_told_once_and_is_complete_when_it_is(world, copied, capsys):
    world.look(1.0)
    if copied:
        world.saved = [Saved(0, 1, 7, "tag")]
    for at in (SLOW_S, SLOW_S + 2, SLOW_S + 4):
        world.look(at)
        assert len(world.events) == (at > SLOW_S)
    assert "checkpoint 1 is not complete 60 s after its moment" in capsys.readouterr().err
    world.saved = [] if copied else [Saved(0, 1, 7, "tag")]
    world.look(SLOW_S + 5)
    world.kept = [Kept(1, 10)]
    world.look(SLOW_S + 6)
    assert world.events[1:] == ["1: 10 bytes; the run stood still for 0.0 ms; written in 65.00 s"]
