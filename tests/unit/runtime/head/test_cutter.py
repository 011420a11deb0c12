"""The checkpoints of a run, as the head has them made; whole runs with them are in tests/sim."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from hpcd4p.errors import CheckpointError
from hpcd4p.runtime.head.cutter import Cutter, Kept
from hpcd4p.wire.cut_reports import AtCut, Saved
from hpcd4p.wire.messages import Snapshot
from hpcd4p.wire.orders import Cut, Fix
from hpcd4p.wire.statistics import Statistics


class World:
    """A head with two ranks that hold state."""

    def __init__(self, required=False):
        self.now, self.base, self.why_not = 0.0, 0, ""
        self.given, self.warned, self.done = [], [], []
        clock = SimpleNamespace(started=0.0, now=lambda: self.now)
        snapshot = Snapshot({}, [], {0: 1, 1: 2, 2: 3}, [], Statistics(), {})
        self.keeper = SimpleNamespace(
            begin=lambda epoch: None,
            fix=lambda epoch, fixed: None,
            complete=lambda epoch, saved: self.done.append(Kept(epoch, 10, self.why_not)),
            ended=lambda: [self.done.pop() for _ in self.done[:]],
            give_up=lambda epoch: None,
        )
        story = SimpleNamespace(
            warn=lambda kind, text: self.warned.append(text), event=lambda kind, text: None
        )
        self.cutter = Cutter(
            self.keeper, 1.0, SimpleNamespace(snapshot=lambda: snapshot),
            SimpleNamespace(hosts={1, 2}, moving=False, name=str), story, clock,
            lambda ranks, order: self.given.append(order), lambda snapshot, drained: None,
            required=required,
        )  # fmt: skip

    def look(self):
        ending = SimpleNamespace(finishing=False, over=False, drained=lambda: [])
        self.cutter.look(SimpleNamespace(owners={}), ending)

    def cut(self):
        """All stand still, and the cut is fixed; gives its number."""
        self.now = max(self.now, self.cutter.due())
        self.look()
        epoch = self.given[-1].epoch
        assert self.given[-1] == Cut(epoch, self.base)
        for rank in (0, 1, 2):
            self.cutter.take(AtCut(rank, epoch))
        self.look()
        assert self.given[-1] == Fix(epoch, 1, 2, 3)
        return epoch

    def save(self, epoch):
        """All have saved what they hold."""
        for rank in (0, 1, 2):
            self.cutter.take(Saved(rank, epoch, 7, "tag"))
        self.look()
        self.look()


@pytest.fixture
def world():
    return World()


def test_when_all_is_saved_it_is_completed_and_the_next_one_follows(world):
    epoch = world.cut()
    for rank in (0, 1, 2):
        world.cutter.take(Saved(rank, epoch, 7, "tag"))
    world.look()
    world.look()
    world.base = epoch
    assert world.cut() == epoch + 1
    assert world.warned == []


def test_what_has_changed_is_counted_from_the_last_one_that_is_complete(world):
    world.save(world.cut())
    world.base = 1
    world.cutter.take(Saved(1, world.cut(), 0, "", "it holds a lock"))
    assert world.cut() == 3
    world.save(3)
    world.base = 3
    assert world.cut() == 4


def test_after_one_that_could_not_be_completed_all_is_written(world):
    world.save(world.cut())
    world.base = 1
    world.why_not = "a file of it is gone"
    world.save(world.cut())
    world.base = 0
    assert world.cut() == 3


def test_two_ranks_that_cannot_save_give_it_up_once(world):
    epoch = world.cut()
    for rank in (1, 2):
        world.cutter.take(Saved(rank, epoch, 0, "", "it holds a lock"))
    assert len(world.warned) == 1
    assert world.cut() == epoch + 1


def test_one_that_is_required_is_tried_at_once_and_ends_the_run_if_it_cannot_be_made():
    world = World(required=True)
    assert world.cutter.due() == 0.0
    epoch = world.cut()
    world.cutter.take(Saved(1, epoch, 0, "", "it holds a lock"))
    with pytest.raises(CheckpointError, match=r"required, and the first .* holds a lock"):
        world.look()
    assert world.warned == []


def test_after_the_first_a_required_one_that_fails_is_a_warning():
    world = World(required=True)
    epoch = world.cut()
    for rank in (0, 1, 2):
        world.cutter.take(Saved(rank, epoch, 7, "tag"))
    world.look()
    world.look()
    world.base = epoch
    world.cutter.take(Saved(1, world.cut(), 0, "", "it holds a lock"))
    world.look()
    assert len(world.warned) == 1
