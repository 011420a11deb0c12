"""What tuples took: exactly where that costs nothing, else by samples that are no likelier to be slow."""

from __future__ import annotations

import random

import pytest

from hpcd4p.histogram import bucket_of
from hpcd4p.runtime.execute.timing import EACH_S, FREE, SAMPLE_S, SHARE, SLICE_S, Timing


class World:
    """An element whose tuples are the seconds that they take, on a clock of its own; each loop costs 1 µs."""

    def __init__(self, whole: bool = False) -> None:
        self.now = self.busy_s = self.service_s = 0.0
        self.timing = Timing(lambda: self.now, whole)
        self.loops = 0

    def loop(self, port, values) -> None:
        self.loops += 1
        self.now += 1e-6
        for seconds in values:
            self.now += seconds

    def run(self, *batches) -> None:
        for batch in batches:
            began = self.now
            self.give(self.loop, batch)
            self.busy_s += self.now - began
            self.timing.inside_s += self.now - began
            self.service_s = (self.now - began) / len(batch)

    def give(self, loop, batch) -> None:
        """As an instance does."""
        if self.timing.due_s <= self.timing.inside_s:
            self.timing.run(loop, "input", batch, self)
        else:
            self.timing.passed += len(batch)
            loop("input", batch)

    def times(self):
        return self.timing.times


def test_slow_tuples_are_all_timed():
    world = World()
    world.run([0.02], [0.02, 0.3], [0.02, 0.02])
    assert world.times().tuples == 5
    assert world.times().quantile(0.8) == pytest.approx(0.02, rel=1 / 32)
    assert world.times().quantile(0.81) == pytest.approx(0.3, rel=1 / 32)


def test_of_quick_tuples_some_stand_for_all():
    world = World()
    batches = [[10e-6] * 100 for _ in range(2000)]
    world.run(*batches)
    assert world.times().tuples == pytest.approx(200_000, rel=0.01)
    assert world.times().quantile(0.01) == world.times().quantile(0.99) == pytest.approx(10e-6, rel=1 / 32)


def test_what_timing_takes_is_a_small_part():
    world = World()
    world.run(*[[10e-6] * 100 for _ in range(5000)])
    samples = (world.loops - 5000) / 3
    assert samples * (SAMPLE_S + 100 * SLICE_S) <= SHARE * world.busy_s + (FREE + 1) * SAMPLE_S * 2


def test_a_loop_of_its_own_is_not_counted():
    """Without the call without tuples, a tuple of 0.1 µs would seem to take 1.1 µs."""
    world = World()
    world.run(*[[0.1e-6] * 1000 for _ in range(100)])
    assert world.times().quantile(0.5) == pytest.approx(0.1e-6, rel=1 / 32)


@pytest.mark.parametrize("slow", [0.02, 0.1])
def test_a_sample_has_as_many_slow_tuples_as_there_are(slow):
    """One of fifty takes longer than all others of its batch: a batch that took long is no likelier."""
    dice, world = random.Random(7), World()
    tuples = [0.02e-3 if dice.random() > slow else 1e-3 for _ in range(400_000)]
    world.run(*[tuples[at : at + 20] for at in range(0, len(tuples), 20)])
    counted = world.times()
    assert counted.tuples == pytest.approx(len(tuples), rel=0.01)
    many = sum(number for bucket, number in counted.pairs() if bucket > bucket_of(1e-4))
    assert many / counted.tuples == pytest.approx(slow, rel=0.25)


def test_quick_tuples_that_come_one_by_one_are_not_all_counted_by_themselves():
    world = World()
    world.run(*[[1e-6] for _ in range(10_000)])
    assert world.times().tuples == pytest.approx(10_000, rel=0.02)
    assert world.loops == 10_000


def test_a_batch_that_is_taken_as_a_whole_counts_for_each_of_its_tuples():
    world = World(whole=True)
    world.run([0.001] * 100, [0.004] * 100)
    assert world.loops == 2
    assert [number for _, number in world.times().pairs()] == [100, 100]


def test_time_that_was_spent_elsewhere_in_the_middle_of_a_call_is_not_its_own():
    world = World()

    def loop(port, values) -> None:
        world.now += 1.0 * len(values)
        world.busy_s -= 0.75 * len(values)

    for batch in ([1], [1, 2], range(3)):
        world.service_s = EACH_S
        world.give(loop, batch)
    assert world.times().tuples == 6
    assert world.times().quantile(1.0) == world.times().quantile(0.01) == pytest.approx(0.25, rel=1 / 32)


def test_every_tuple_is_run_once_and_in_order():
    seen: list[int] = []
    world = World()
    for batch in ([0], range(1, 9), list(range(9, 400)), range(400, 1000)):
        world.give(lambda port, values: seen.extend(values), batch)
    world.service_s = 1.0
    world.give(lambda port, values: seen.extend(values), range(1000, 1050))
    assert seen == list(range(1050))


def test_what_is_taken_is_taken_once():
    world = World()
    world.run([0.5], [0.5])
    assert [number for _, number in world.timing.take()] == [2]
    assert world.timing.take() == []


def test_an_element_that_has_worked_elsewhere_is_told_how_long():
    world = World()
    world.timing.stands_for(4, 8.0)
    world.timing.stands_for(0, 0.0)
    assert world.times().quantile(0.5) == pytest.approx(2.0, rel=1 / 32)
    assert world.times().tuples == 4
