"""Fingerprints: equal as long as nothing has changed, whatever it is."""

from __future__ import annotations

import ctypes
import itertools
import logging
import random
import threading
from array import array
from collections import deque

import numpy as np
import pytest

from hpcd4p.runtime.execute.fingerprint import MOST_BYTES, MOST_ITEMS, digest, fingerprint


class Held:
    def __init__(self):
        self.n = 0
        self.me = self


class Slots:
    __slots__ = ("n",)

    def __init__(self):
        self.n = 0


def generator():
    total = 0
    while True:
        total += 1
        yield total


CHANGES = {
    "list": ([1], lambda v: v.append(2)),
    "same length": ([1], lambda v: v.__setitem__(0, True)),
    "nested": ({"a": [{"b": {1}}]}, lambda v: v["a"][0]["b"].add(2)),
    "deque": (deque([1]), lambda v: v.rotate() or v.append(1)),
    "object": (Held(), lambda v: setattr(v, "n", 1)),
    "slots": (Slots(), lambda v: setattr(v, "n", 1)),
    "array": (array("i", [1]), lambda v: v.__setitem__(0, 2)),
    "bytearray": (bytearray(b"a"), lambda v: v.extend(b"b")),
    "numpy": (np.zeros(3), lambda v: np.add(v, 1, out=v)),
    "numpy, strided": (np.zeros((3, 4))[:, ::2], lambda v: v.fill(1)),
    "numpy objects": (np.array([{}, 1], dtype=object), lambda v: v[0].update(a=1)),
    "large array": (np.zeros(MOST_BYTES), lambda v: v.fill(1)),
    "ctypes": (ctypes.c_int(1), lambda v: setattr(v, "value", 2)),
    "count": (itertools.count(), next),
    "iterator": (iter([1, 2]), next),
    "generator": (generator(), next),
    "random": (random.Random(1), lambda v: v.random()),
    "numpy random": (np.random.default_rng(1), lambda v: v.random()),
    "end of a long list": (list(range(3 * MOST_ITEMS)), lambda v: v.append(1)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_seen_and_nothing_else(name):
    value, change = CHANGES[name]
    before = fingerprint(value)
    assert fingerprint(value) == before
    change(value)
    after = fingerprint(value)
    assert after != before
    assert fingerprint(value) == after


@pytest.mark.parametrize("value", [threading.Lock(), logging.getLogger("x"), float("nan"), print, Held, ...])
def test_what_cannot_be_read_stays_the_same(value):
    assert fingerprint(value) == fingerprint(value)


def test_the_digest_of_equal_content_is_equal():
    assert digest(fingerprint([Held(), {"a", "b", "c"}])) == digest(fingerprint([Held(), {"c", "b", "a"}]))
    assert digest(fingerprint([1])) != digest(fingerprint([True]))


def test_the_size_of_what_is_looked_at_is_bounded():
    wide = [[[0] * 1000 for _ in range(100)] for _ in range(100)]
    deep = []
    for _ in range(5000):
        deep = [deep]
    assert len(repr(fingerprint(wide))) < 10_000_000
    assert len(repr(fingerprint(deep))) < 10_000


class Curious:
    """Counts how often it is asked for something that it has not."""

    def __init__(self):
        self.asked = 0

    def __getattr__(self, name):
        self.__dict__["asked"] += 1
        raise AttributeError(name)


def test_to_look_at_an_object_does_not_ask_it_for_anything():
    curious = Curious()
    before = fingerprint([curious, {"a": curious}])
    assert before == fingerprint([curious, {"a": curious}])
    assert curious.asked == 0


def test_a_connection_that_counts_what_it_sends_is_the_same():
    class Session:
        __module__ = "sqlite3"
        sent = 0

        def __reduce__(self):
            raise TypeError("it cannot be pickled")

    session = Session()
    before = fingerprint(session)
    session.sent = 1
    assert before == fingerprint(session)
