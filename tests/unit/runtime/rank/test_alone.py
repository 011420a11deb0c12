"""States that belong to their keys alone, and those that somebody else holds, too."""

from __future__ import annotations

import enum
import random
from collections import Counter, OrderedDict, defaultdict, deque
from datetime import datetime
from weakref import ref

import numpy as np
import pytest

from hpcd4p.runtime.rank.alone import are_alone, is_plain


class Thing:
    def __init__(self):
        self.n = 1
        self.seen = [1, 2]


class Slots:
    __slots__ = ("a",)

    def __init__(self):
        self.a = [1]


class Colour(enum.Enum):
    RED = 1


def itself() -> list[object]:
    one: list[object] = []
    one.append(one)
    return one


ALONE = {
    "numbers": lambda: [1, 2.5, 1],
    "words": lambda: ["a", "a", None, b"x"],
    "lists": lambda: [[1, (1, 2), ()], [2, (1, 2), ()]],
    "equal tuples": lambda: [(0, 0)] * 3,
    "tuples in tuples": lambda: [((0, 1), ())] * 2,
    "objects": lambda: [Thing(), Thing()],
    "slots": lambda: [Slots(), Slots()],
    "nested": lambda: [{"a": [Thing(), {1, 2}], "b": deque([[1]])}],
    "collections": lambda: [defaultdict(list, {1: [2]}), Counter("aab"), OrderedDict(a=[1])],
    "arrays": lambda: [np.zeros(3), np.float64(2), {"a": np.ones((2, 2))}],
    "random": lambda: [random.Random(1)],
    "times": lambda: [datetime(2020, 1, 1)] * 2,
    "classes": lambda: [Thing, Thing],
}

TOGETHER = {
    "one list twice": lambda: (lambda one: [one, one])([1]),
    "one list in two": lambda: (lambda one: [{"a": one}, (1, one)])([1]),
    "itself": lambda: [itself()],
    "a view": lambda: [np.zeros(9)[2:5]],
    "an array of objects": lambda: [np.array([[1], None], dtype=object)],
    "a function": lambda: [defaultdict(lambda: 0)],
    "a member": lambda: [Colour.RED],
    "nothing we know": lambda: [memoryview(b"x")],
    "an object without a class of ours": lambda: [object()],
}


def alone(states):
    table = {}
    while states:  # pytest holds the list of the caller
        table[len(states)] = states.pop()
    return are_alone([table[key] for key in table])


@pytest.mark.parametrize("name", ALONE)
def test_what_nobody_else_holds_is_alone(name):
    assert alone(ALONE[name]())


@pytest.mark.parametrize("name", TOGETHER)
def test_what_others_hold_or_nobody_knows_is_not(name):
    assert not alone(TOGETHER[name]())


@pytest.mark.parametrize("inner", [False, True])
def test_what_an_attribute_refers_to_is_not(inner):
    kept = [1]
    assert not alone([[kept] if inner else kept])


def test_nor_is_what_is_referred_to_weakly():
    thing = Thing()
    weak = ref(thing)
    states = [thing]
    del thing
    assert weak() is not None
    assert not alone(states)


@pytest.mark.parametrize("key", ["a", 1, True, None, b"x", 1.5, (1, ("a", None))])
def test_data_are_the_same_key_after_they_were_saved(key):
    assert is_plain(key)


@pytest.mark.parametrize("key", [float("nan"), (1, float("nan")), Colour.RED, object(), frozenset({1})])
def test_of_other_keys_nobody_knows(key):
    assert not is_plain(key)
