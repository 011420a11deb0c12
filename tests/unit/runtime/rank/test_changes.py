"""What has changed since a complete checkpoint, and what a file of changes refers to."""

from __future__ import annotations

from io import BytesIO
from types import SimpleNamespace
from weakref import ref

import pytest

from hpcd4p import KeyedPE
from hpcd4p.control import cutting
from hpcd4p.control.cutting import MOST_CHANGES, whole_is_due
from hpcd4p.errors import SealBroken
from hpcd4p.plan.model import Role
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.commit.in_line import InLine
from hpcd4p.runtime.execute import touched
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.runtime.execute.travelling import resumed
from hpcd4p.runtime.rank import image_file
from hpcd4p.runtime.rank.changes import Changes
from hpcd4p.runtime.rank.image_file import held_in
from hpcd4p.runtime.rank.imaging import Image
from hpcd4p.runtime.rank.saving import Saving, here, save
from hpcd4p.runtime.rank.unsavable import Unsavable
from hpcd4p.workflow.identity import file_dumper

PLAN = SimpleNamespace(index=0, name="sums", role=Role.STATE, outputs=("output",), forks=(), movable=False)


class Sums(KeyedPE):
    """Adds in place; raises after that, if it is told to."""

    def process_key(self, key, value, state):
        state = state or [0]
        state[0] += abs(value)
        if value < 0:
            raise ValueError(value)
        return state


class Whole:
    """State in attributes."""


class World:
    """One rank with one partition, whose files are kept in memory."""

    def __init__(self):
        self.changes, self.files, self.needs = Changes(), {}, {}
        self.instance = self.new()

    def new(self, pe=None):
        instance = Instance(PLAN, pe or Sums(), 0, 1, lambda *_: None, Clock())
        instance.start()
        return instance

    def feed(self, *pairs):
        self.instance.run("input", list(pairs))

    def save(self, epoch, base):
        """Gives the epochs of the files that the new one refers to."""
        since = self.changes.cut(epoch, base, [self.instance])
        file = BytesIO()
        how = Saving(file_dumper(by_value=False), lambda element: "sums", here)
        saved = save(Image([self.instance], InLine([])), since, how, file)
        self.files[epoch] = file.getvalue()
        self.needs[epoch] = self.changes.saved(epoch, saved)
        return self.needs[epoch]

    def read(self, epoch):
        """The states of keys, as a run that goes on from the epoch has them."""
        files = [BytesIO(self.files[e]) for e in (*self.needs[epoch], epoch)]
        held = held_in(files, lambda key: True)
        flow = SimpleNamespace(
            instance=lambda plan, pe, partition: Instance(plan, pe, partition, 1, lambda *_: None, Clock())
        )
        return resumed(flow, PLAN, 0, held[0, 0].state).table


@pytest.fixture
def world():
    world = World()
    world.feed(*((key, 1) for key in range(100)))
    return world


def test_the_first_one_holds_all_and_the_next_what_has_changed(world):
    assert world.save(1, 0) == []
    world.feed((3, 5), ("new", 7))
    assert world.save(2, 1) == [1]
    assert len(world.files[2]) < len(world.files[1]) / 2
    assert world.read(2) == world.instance.table
    assert list(world.read(2)) == list(world.instance.table)
    assert world.read(1)[3] == [1]


def test_changes_follow_changes(world):
    world.save(1, 0)
    for epoch in range(2, 6):
        world.feed((epoch, 1), (50, 1), (f"new {epoch}", 1))
        assert world.save(epoch, epoch - 1) == list(range(1, epoch))
        assert world.read(epoch) == world.instance.table


def test_what_one_that_was_given_up_held_is_in_the_next(world):
    world.save(1, 0)
    world.feed((3, 5), ("lost", 1))
    world.save(2, 1)
    world.feed((4, 5))
    assert world.save(3, 1) == [1]
    assert world.read(3) == world.instance.table
    world.feed((5, 5))
    assert world.save(4, 3) == [1, 3]
    assert world.read(4) == world.instance.table


def test_keys_that_count_no_more_are_freed_a_part_at_a_time_after_the_cut(world):
    world.save(1, 0)
    noted = []
    for epoch in (2, 3, 4):
        world.feed((epoch, 1))
        noted.append(ref(world.instance.touched.keys))
        world.save(epoch, 1)
    world.save(5, 4)
    noted.pop()  # begins what is noted since the base
    assert all(keys() for keys in noted)
    assert world.changes.forget()
    assert len([keys for keys in noted if keys()]) == 1
    assert not world.changes.forget()
    assert not any(keys() for keys in noted)
    assert not world.changes.forget()


def test_a_call_that_raises_may_have_changed_the_state(world):
    world.save(1, 0)
    world.feed((3, -5), ("never there", -1), (4, 1))
    assert world.save(2, 1) == [1]
    assert world.read(2) == world.instance.table
    assert world.read(2)[3] == [6]


def test_where_most_keys_have_changed_all_is_written(world):
    world.save(1, 0)
    world.feed(*((key, 1) for key in range(50)))
    assert world.instance.touched.keys is None
    assert world.save(2, 1) == []
    world.feed((1, 1))
    assert world.save(3, 2) == [2]
    assert world.read(3) == world.instance.table


def test_nothing_is_noted_before_the_first_checkpoint(world):
    assert world.instance.touched.keys is None
    world.save(1, 0)
    assert world.instance.touched.keys == set()


def test_a_partition_that_has_gone_and_come_again_is_written_whole(world):
    world.save(1, 0)
    table = world.instance.table
    world.instance = world.new()
    world.instance.table.update(table)
    world.feed((3, 1))
    assert world.save(2, 1) == []
    assert world.read(2) == world.instance.table


def test_where_the_base_is_not_of_this_run_all_is_written(world):
    world.save(1, 0)
    world.feed((3, 1))
    assert world.save(2, 0) == []
    world.feed((3, 1))
    assert world.save(9, 7) == []


def test_states_that_others_hold_are_written_together_from_then_on(world):
    world.save(1, 0)
    world.instance.pe.kept = world.instance.table[7]
    world.feed((3, 1))
    assert world.save(2, 1) == [1], "the key that is shared was not called"
    world.feed((7, 1))
    assert world.save(3, 2) == []
    world.feed((8, 1))
    assert world.save(4, 3) == []
    assert world.read(4) == world.instance.table


def test_a_chain_ends(world, monkeypatch):
    monkeypatch.setattr(cutting, "MOST_CHANGED", 1e9)
    needs = []
    for epoch in range(1, 2 * MOST_CHANGES):
        world.feed((3, 1))
        needs.append(len(world.save(epoch, epoch - 1)))
        assert world.read(epoch) == world.instance.table
    assert needs == [*range(MOST_CHANGES + 1), *range(MOST_CHANGES - 2)]


@pytest.mark.parametrize(
    ("base", "changes", "due"),
    [(100, [], False), (100, [40, 60], False), (100, [40, 61], True), (10**6, [1] * MOST_CHANGES, True)],
)
def test_all_is_written_again_when_the_changes_have_become_many(base, changes, due):
    assert whole_is_due(base, changes) is due


def test_changes_without_what_they_change_are_refused(world):
    world.save(1, 0)
    world.feed((3, 1))
    world.save(2, 1)
    world.needs[2] = []
    with pytest.raises(SealBroken, match="not what they change"):
        world.read(2)


def test_what_does_not_pickle_is_named(world):
    world.instance.table[3] = [lambda: 0]
    with pytest.raises(Unsavable, match="the state of sums cannot be pickled"):
        world.save(1, 0)


def test_a_state_of_any_size_is_cut_into_pieces(world, monkeypatch):
    monkeypatch.setattr(image_file, "PIECE_BYTES", 100)
    world.instance.table["large"] = [bytes(1000), "x" * 1000, 7]
    world.save(1, 0)
    assert world.read(1) == world.instance.table
    held = held_in([BytesIO(world.files[1])], lambda key: False)
    assert held == {}


def test_keys_are_noted_up_to_a_part_of_all(monkeypatch):
    noted = touched.Touched()
    noted.renew()
    assert noted.keys is not None
    noted.keys.update(range(25))
    noted.bound(100)
    assert len(noted.keys) == 25
    noted.keys.add(25)
    noted.bound(100)
    assert noted.keys is None
    assert noted.renew() is None
