"""A rank knows its list of tasks in Redis to the last entry."""

from __future__ import annotations

import random

import pytest

from hpcd4p.transport.held import Held


class Twin:
    """What ``step.lua`` does with the list."""

    def __init__(self):
        self.entries = []

    def step(self, front, places):
        del self.entries[:front]
        for place in places:
            self.entries[place] = None
        self.entries = [each for each in self.entries if each is not None]


def held_and_twin(tasks):
    held, twin = Held([0, 1]), Twin()
    for element in tasks:
        twin.entries.append((element, held.take(element)))
    return held, twin


def test_tasks_that_are_finished_in_their_order_stand_in_front():
    held, twin = held_and_twin([0, 1, 0])
    assert held.finish(twin.entries[:2]) == (2, [])
    held.settle()
    assert len(held) == 1
    assert held.finish(twin.entries[2:]) == (1, [])
    assert held.finish([]) == (0, [])


def test_one_that_is_finished_before_an_earlier_one_is_named_by_its_place():
    held, twin = held_and_twin([0, 0, 1, 1])
    first, second, third, last = twin.entries
    assert held.finish([third, first]) == (1, [1])
    assert held.place(second) == 0
    assert held.place(last) == 1
    assert held.place(third) is None


@pytest.mark.parametrize("seed", range(30))
def test_whatever_is_finished_the_list_is_known(seed):
    dice = random.Random(seed)
    held, twin = held_and_twin([])
    for _ in range(40):
        for _ in range(dice.randrange(3)):
            element = dice.randrange(2)
            twin.entries.append((element, held.take(element)))
        done = dice.sample(twin.entries, dice.randint(0, len(twin.entries)))
        left = [each for each in twin.entries if each not in done]
        twin.step(*held.finish(done))
        assert len(held) == len(left) + len(done)
        held.settle()
        assert twin.entries == left
        assert [held.place(each) for each in left] == list(range(len(left)))
        assert len(held) == len(left)


def test_an_element_without_tasks_is_refused():
    with pytest.raises(ValueError, match="7, which is no element of the pool"):
        Held([0, 1]).take(7)


def test_no_two_tasks_have_one_name():
    held = Held([0])
    names = {held.take(0) for _ in range(5)}
    held.finish([(0, name) for name in names])
    held.settle()
    assert held.take(0) not in names
