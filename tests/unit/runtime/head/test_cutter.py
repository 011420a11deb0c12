"""The checkpoints of a run, as the head has them made; whole runs with them are in tests/sim."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from hpcd4p.control.cutting import SLOW_S
from hpcd4p.errors import CheckpointError
from hpcd4p.record.survival import Survival
from hpcd4p.runtime.head.cutter import Cutter
from hpcd4p.runtime.head.keeper import Kept
from hpcd4p.wire.cut_reports import AtCut, Saved
from hpcd4p.wire.messages import Snapshot
from hpcd4p.wire.orders import Cut, Fix
from hpcd4p.wire.statistics import Statistics


class World:
    """A head with two ranks that hold state."""

    def __init__(self, required=False):
        self.now, self.base, self.why_not = 0.0, 0, ""
        self.given, self.warned, self.done, self.given_up = [], [], [], []
        self.survival = Survival(before_s=100.0)
        clock = SimpleNamespace(started=0.0, now=lambda: self.now)
        snapshot = Snapshot({}, [], {0: 1, 1: 2, 2: 3}, [], Statistics(), {})
        self.keeper = SimpleNamespace(
            begin=lambda epoch: None,
            fix=lambda epoch, fixed: None,
            complete=lambda epoch, saved, row: self.done.append(Kept(epoch, 10, self.why_not)),
            ended=lambda: [self.done.pop() for _ in self.done[:]],
            give_up=lambda epoch, no_room: self.given_up.append((epoch, no_room)),
        )
        story = SimpleNamespace(
            warn=lambda kind, text: self.warned.append(text), event=lambda kind, text: None
        )
        self.cutter = Cutter(
            self.keeper, 1.0, SimpleNamespace(snapshot=lambda: snapshot),
            SimpleNamespace(hosts={1, 2}, moving=False, name=str), story, clock,
            lambda ranks, order: self.given.append(order), lambda snapshot, drained: None,
            required=required, survival=self.survival,
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


def test_what_did_not_fit_is_said_once_however_often_it_is_tried(world):
    for epoch in (1, 2, 3):
        assert world.cut() == epoch
        why = f"/c/epoch-{epoch:06}.part/rank-1 would fill its disk"
        world.cutter.take(Saved(1, epoch, 0, "", why, no_room=True))
    assert world.given_up == [(1, True), (2, True), (3, True)]
    assert len(world.warned) == 1
    world.cutter.take(Saved(1, world.cut(), 0, "", "it holds a lock"))
    assert world.given_up[3:] == [(4, False)]
    assert len(world.warned) == 2


@pytest.mark.parametrize("saved", [False, True], ids=["ranks", "rank 0"])
def test_one_that_takes_long_is_told_once_and_is_complete_when_it_is(world, saved):
    """Whoever writes long: its folder is slow."""
    written, world.keeper.ended = world.keeper.ended, list
    epoch = world.cut()
    for rank in (0, 1, 2) if saved else (0, 1):
        world.cutter.take(Saved(rank, epoch, 7, "tag"))
    for world.now in (SLOW_S - 1, SLOW_S + 5, SLOW_S + 10):
        world.look()
        assert len(world.warned) == (world.now > SLOW_S)
    assert f"checkpoint {epoch} is not complete 60 s after its moment: its folder is slow" in world.warned[0]
    world.cutter.take(Saved(2, epoch, 7, "tag"))
    world.look()
    world.keeper.ended = written
    world.look()
    assert world.cutter.age_s() == pytest.approx(SLOW_S + 10 - 1)  # the first was due after a second
    assert len(world.warned) == 1


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


def test_each_is_a_row_and_so_is_each_that_was_given_up(world):
    assert world.cutter.age_s() == float("inf")
    epoch = world.cut()
    world.now += 0.2
    for rank in (0, 1, 2):
        world.cutter.take(Saved(rank, epoch, 7, "tag", cpu_s=0.01 * rank, stood_s=0.05))
    world.look()
    world.look()
    (row,) = world.survival.checkpoints
    assert (row.epoch, row.began_s, row.size, row.incarnation, row.why_not) == (1, 101.0, 10, 0, "")
    assert (row.written_s, row.stood_ms, row.cpu_s, row.cost_s) == pytest.approx((0.2, 50.0, 0.03, 0.07))
    assert world.cutter.age_s() == pytest.approx(0.2)
    world.base = epoch
    world.cutter.take(Saved(1, world.cut(), 0, "", "it holds a lock"))
    assert "it holds a lock" in world.survival.checkpoints[1].why_not
    world.now = world.cutter.due()
    world.look()
    world.now = world.cutter.due() + 0.1
    world.look()
    assert world.survival.checkpoints[2].why_not == (
        "rank 0, 1, 2 was in the middle of a tuple for more than 0.5 s"
    )
    figures = world.survival.figures(0.0)
    assert (figures.made, figures.given_up) == (1, 2)


def test_that_none_can_be_made_is_kept(world):
    ending = SimpleNamespace(finishing=False, over=False, drained=lambda: [])
    world.now = 1.0
    world.cutter.look(SimpleNamespace(owners={4: 1}), ending)
    assert "4 of the pool has changed while it works" in world.survival.totals.why_none


def test_ranks_in_long_tuples_are_awaited_longer_each_time_and_the_user_is_told(world):
    stood = []
    for _ in range(4):
        world.now = world.cutter.due()
        world.look()
        epoch, began = world.given[-1].epoch, world.now
        world.cutter.take(AtCut(0, epoch))
        world.cutter.take(AtCut(1, epoch))
        world.now = world.cutter.due()
        world.look()
        assert world.given[-1] == Cut(epoch, 0), "it waits to the end"
        world.now += 0.001
        world.look()
        assert world.given[-1] == Fix(epoch), "given up"
        stood.append(world.now - began)
        assert world.cutter.due() - world.now >= 4 * stood[-1] - 1e-9
    assert stood == pytest.approx([0.501, 1.001, 2.001, 4.001])
    (text,) = world.warned
    assert "rank 2 was in the middle of a tuple" in text
    world.save(world.cut())
    assert [row.why_not == "" for row in world.survival.checkpoints] == [False] * 4 + [True]
    assert [row.cost_s for row in world.survival.checkpoints[:4]] == pytest.approx(stood), "it has cost that"
