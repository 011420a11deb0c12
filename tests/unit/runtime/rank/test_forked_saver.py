"""A copy of the process saves, and large states are saved by copies of it in turn."""

from __future__ import annotations

import os
import signal
import time
from types import SimpleNamespace

import pytest

from hpcd4p import KeyedPE
from hpcd4p.checkpoint import durable
from hpcd4p.checkpoint.place import KEY as KEY_FILE
from hpcd4p.checkpoint.sealed import open_sealed
from hpcd4p.checkpoint.secret import make_key
from hpcd4p.plan.model import Role
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.commit.in_line import InLine
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.runtime.execute.travelling import _kept
from hpcd4p.runtime.rank import in_turn
from hpcd4p.runtime.rank.changes import Since
from hpcd4p.runtime.rank.forked_saver import ForkedSaver
from hpcd4p.runtime.rank.image_file import held_in
from hpcd4p.runtime.rank.imaging import Image
from hpcd4p.wire.messages import Segment
from hpcd4p.workflow.identity import file_dumper

KEY = b"k" * 32
PLAN = SimpleNamespace(
    index=0, name="sums", role=Role.STATE, outputs=("output",), forks=(), movable=False, caches=()
)


class Sums(KeyedPE):
    def process_key(self, key, value, state):
        return (state or 0) + value


class Deadly:
    """Takes the process along that pickles it."""

    def __reduce__(self):
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


class World:
    def __init__(self, folder):
        self.folder = folder
        make_key(folder / KEY_FILE, KEY)
        self.saver = ForkedSaver(
            1, SimpleNamespace(elements=[PLAN]), str(folder), KEY, file_dumper(by_value=False)
        )
        self.instances = []
        for partition in range(6):
            instance = Instance(PLAN, Sums(), partition, 1, lambda *_: None, Clock())
            instance.start()
            instance.run("input", [(key, 1) for key in range(partition, 600, 6)])
            self.instances.append(instance)

    def save(self, epoch, base, *segments):
        (self.folder / f"epoch-{epoch:06}.part").mkdir()
        self.saver.save(epoch, base, Image(self.instances, InLine(list(segments))))
        end = time.monotonic() + 60
        while not (found := self.saver.ended()):
            assert time.monotonic() < end
            time.sleep(0.01)
        (saved,) = found
        return saved

    def held(self, *epochs):
        files = [
            open_sealed(self.folder / f"epoch-{epoch:06}.part" / "rank-1", KEY, epoch) for epoch in epochs
        ]
        held = held_in(files, lambda key: True)
        for file in files:
            file.close()
        return held

    def tables(self, *epochs):
        return [_kept(each.state)[1] for _, each in sorted(self.held(*epochs).items())]

    @property
    def expected(self):
        return [each.table for each in self.instances]


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture(params=["at once", "in turn"])
def way(request, monkeypatch):
    if request.param == "in turn":
        monkeypatch.setattr(in_turn, "LEAST_KEYS", 0)
    return request.param


def test_what_is_saved_is_read(world, way):
    saved = world.save(1, 0, Segment(0, 3, "input", [(3, 5)]))
    assert (saved.why_not, list(saved.needs)) == ("", [])
    assert world.tables(1) == world.expected
    assert [len(each.lines) for _, each in sorted(world.held(1).items())] == [0, 0, 0, 1, 0, 0]


def test_what_has_changed_is_saved(world, way):
    world.save(1, 0)
    world.instances[2].run("input", [(2, 7), ("new", 1)])
    saved = world.save(2, 1)
    assert list(saved.needs) == [1]
    assert world.tables(1, 2) == world.expected


@pytest.mark.parametrize("bytes_free", [0, 1 << 40])
def test_it_tells_if_it_would_have_filled_the_disk(world, way, monkeypatch, bytes_free):
    facts = SimpleNamespace(f_blocks=1 << 40, f_bavail=bytes_free, f_frsize=1)
    monkeypatch.setattr(os, "statvfs", lambda folder: facts)
    monkeypatch.setattr(durable, "LOOK_BYTES", 1)
    saved = world.save(1, 0)
    assert saved.no_room == (not bytes_free)
    assert ("would fill its disk" in saved.why_not) == (not bytes_free)


def test_a_copy_whose_file_cannot_be_written_ends_and_so_does_its_own_copy(world, monkeypatch):
    """Which has more to say than a pipe holds."""
    monkeypatch.setattr(in_turn, "LEAST_KEYS", 0)
    monkeypatch.setattr(durable, "LOOK_BYTES", 1)
    facts = SimpleNamespace(f_blocks=1 << 40, f_bavail=0, f_frsize=1)
    monkeypatch.setattr(os, "statvfs", lambda folder: facts)
    world.instances[0].run("input", [(f"{number} {'x' * 1000}", 1) for number in range(2000)])
    assert world.save(1, 0).no_room


def test_what_cannot_be_pickled_is_named(world, way):
    world.instances[3].table["bad"] = lambda: 0
    saved = world.save(1, 0)
    assert saved.why_not.startswith("the state of sums cannot be pickled: ")
    assert not saved.no_room
    assert not list((world.folder / "epoch-000001.part").iterdir())


@pytest.mark.parametrize("there", [False, True])
def test_a_rank_that_sees_another_folder_than_rank_0_writes_nothing(world, way, there):
    (world.folder / KEY_FILE).unlink()
    if there:
        make_key(world.folder / KEY_FILE)
    saved = world.save(1, 0)
    assert saved.why_not.startswith(f"the checkpoints of rank 0 in {world.folder} are not seen from ")
    assert not list((world.folder / "epoch-000001.part").iterdir())


def test_a_copy_that_dies_leaves_nothing_but_a_word(world, way):
    world.instances[3].table["deadly"] = Deadly()
    saved = world.save(1, 0)
    assert saved.why_not == (
        "the process that saved it ended with SIGKILL"
        if way == "at once"
        else "a process that saved a part of it was ended"
    )


def test_turns_have_about_as_many_keys(world, monkeypatch):
    monkeypatch.setattr(in_turn, "LEAST_KEYS", 0)
    monkeypatch.setattr(in_turn, "TURNS", 3)
    instances = {(0, each.partition): each for each in world.instances}
    assert list(in_turn.turns(instances, {})) == [[(0, 0), (0, 1)], [(0, 2), (0, 3)], [(0, 4), (0, 5)]]
    monkeypatch.setattr(in_turn, "LEAST_KEYS", 10_000)
    assert len(list(in_turn.turns(instances, {}))) == 1


def test_changes_of_few_keys_are_one_turn(world, monkeypatch):
    monkeypatch.setattr(in_turn, "LEAST_KEYS", 0)
    monkeypatch.setattr(in_turn, "TURNS", 3)
    instances = {(0, each.partition): each for each in world.instances}
    keys = sum(len(each.table) for each in world.instances)
    few = {key: Since([{0}], len(each.table)) for key, each in instances.items()}
    assert keys // 3 > len(few)
    assert list(in_turn.turns(instances, few)) == [list(instances)]
    all_of_one = {**few, (0, 0): Since([set(range(keys))], keys)}
    assert list(in_turn.turns(instances, all_of_one)) == [[(0, 0)], [*instances][1:]]
