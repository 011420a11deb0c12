"""A run goes on from any of its checkpoints, from many ranks to one process and back, with one answer.

A sample of seeds; for thousands: ``SEEDS=300 python -m pytest tests/sim/test_checkpoints_alone.py``.
"""

from __future__ import annotations

import pickle
import random

import pytest

from hpcd4p import IterativePE, ProducerPE
from hpcd4p.control import cutting
from hpcd4p.errors import RunStopped
from hpcd4p.runtime.execute import instance, touched
from hpcd4p.testing import turns
from hpcd4p.testing.cluster import Cluster
from tests.sim.compare import answer, of_one_process, seeds
from tests.sim.elements import Given, Keep, NextKey, Pair, Total
from tests.sim.gallery import GALLERY, SHORT_BURSTS, Case, chain, hold_a_tenth, items
from tests.sim.keyed_states import KEYED
from tests.sim.one_process import OneProcess
from tests.sim.test_checkpoints import SMALL

SIZES = (1, 1, 1, 2, 4, 8)

MOST = 4
"""Checkpoints of a run that are gone on from."""


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(turns, "MOST_TURNS", 400_000)
    hold_a_tenth(monkeypatch)


def go(case, size, seed, resume=None, settings=None):
    """A run on `size` ranks that has come to its end."""
    graph, inputs = case.build()
    if size == 1:
        every_s = random.Random(seed).choice((1e-4, 0.01, 0.05))
        run = OneProcess(graph, inputs, seed, every_s, resume, settings)
    else:
        every_s = random.Random(seed).choice((0.0005, 0.003, 0.02))
        run = Cluster(
            graph, size, inputs, seed, settings=settings, checkpoint_s=every_s, resume=resume, kills=0
        )
    run.run()
    return run


def goes_on(case, seed, first, settings=None):
    """Resume a run again and again, from any of its checkpoints; gives how many there were in one process."""
    chance = random.Random(seed)
    size, checkpoint = first, None
    made = 0
    way = []
    for turn in range(MOST):
        way.append(size if checkpoint is None else (checkpoint.epoch, size))
        run = go(case, size, seed + turn, checkpoint, settings)
        assert answer(run.sink) == of_one_process(case), f"by way of {way}"
        assert run.summary.failed == case.failures, f"by way of {way}"
        kept = run.keeper.complete_ones
        made += len(kept) if size == 1 else 0
        if not kept:
            break
        checkpoint = chance.choice(kept)
        size = chance.choice(SIZES)
    return made


CASES = {**GALLERY, **SHORT_BURSTS}


@pytest.mark.parametrize("settings", [None, SMALL], ids=["usual", "small"])
@pytest.mark.parametrize("first", [1, 4])
@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_one_process_and_many_ranks_go_on_from_each_other(case, first, settings):
    made = sum(goes_on(case, seed, first, settings) for seed in seeds(3))
    assert made or first > 1 or case is GALLERY["no tuples"] or case in SHORT_BURSTS.values()


@pytest.mark.parametrize("first", [1, 4])
@pytest.mark.parametrize("name", KEYED)
def test_they_go_on_from_what_has_changed(name, first, monkeypatch):
    monkeypatch.setattr(touched, "MOST_SHARE", 1e9)
    monkeypatch.setattr(cutting, "MOST_CHANGED", 1e9)
    assert sum(goes_on(KEYED[name], seed, first) for seed in seeds(4))


class AtOnce(Given):
    """Writes a thousand numbers in a call; keeps nothing."""

    def _process(self, inputs):
        for number in range(1000):
            self.write("output", 1000 * inputs["item"] + number)


class GoesOn(ProducerPE):
    """The same, a running number; keeps it."""

    def __init__(self):
        super().__init__()
        self.next = 0

    def _process(self, inputs):
        for _ in range(1000):
            self.next += 1
            self.write("output", self.next - 1)

    def postprocess(self):
        for number in range(300):
            self.write("output", number)


class Seeks(ProducerPE):
    """The same, and knows where it is, also between two writes."""

    seeks_in_calls = True

    def __init__(self):
        super().__init__()
        self.made = 0
        self.sought = 0

    def position(self):
        return self.made

    def seek(self, position):
        self.made = position
        self.sought += 1

    def _process(self, inputs):
        while self.made < 3000:
            self.made += 1
            self.write("output", self.made - 1)


class Refuses(IterativePE):
    """Fails for few."""

    def _process(self, number):
        if number % 100 == 3:
            raise ValueError("no")
        return number


def _tail():
    return Refuses(), Pair(), Keep(), NextKey(), Total()


WRITE_MUCH = {
    "calls that keep nothing": Case(lambda: (chain(AtOnce(), *_tail()), items(3)), 30),
    "calls that go on": Case(lambda: (chain(GoesOn(), *_tail()), 3), 33),
    "one call that knows where it is": Case(lambda: (chain(Seeks(), *_tail()), 1), 30),
    "a call that fails": Case(lambda: (chain(Spoilt(), Pair(), Total()), items(5)), 2),
}


class Spoilt(AtOnce):
    """Fails for some inputs, after it has written."""

    def _process(self, inputs):
        super()._process(inputs)
        if inputs["item"] % 2:
            raise ValueError("no more")


@pytest.mark.parametrize("first", [1, 4])
@pytest.mark.parametrize("case", WRITE_MUCH.values(), ids=list(WRITE_MUCH))
def test_a_cut_in_the_middle_of_a_call_that_writes_much(case, first, monkeypatch):
    monkeypatch.setattr(instance, "OVERFLOW_TUPLES", 64)
    made = sum(goes_on(case, seed, first) for seed in seeds(3))
    assert made > 3 or first > 1


class Dear(IterativePE):
    """Takes a second of the clock for each tuple."""

    clock = None

    def _process(self, number):
        Dear.clock._now += 1.0
        return number


def test_a_call_that_is_slowly_worked_on_can_be_cut_often():
    run = OneProcess(chain(AtOnce(), Dear()), items(1), seed=1, every_s=1.0)
    Dear.clock = run
    run.run()
    assert len(run.keeper.complete_ones) > 100


@pytest.mark.parametrize("size", [1, 4])
def test_a_checkpoint_in_which_numbers_mean_other_objects_is_refused(size):
    """Tuples and states of it would be read as something else."""
    case = next(iter(GALLERY.values()))
    checkpoint = next(each for seed in range(9) for each in go(case, 1, seed).keeper.complete_ones)
    fixed = pickle.loads(checkpoint.fixed)
    assert go(case, size, 1, checkpoint).summary.status == 0
    other = fixed._replace(kept=[*fixed.kept, "w.Another"])
    checkpoint = checkpoint._replace(fixed=pickle.dumps(other))
    with pytest.raises(RunStopped, match="hold other objects"):
        go(case, size, 1, checkpoint)
