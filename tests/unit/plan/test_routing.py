"""Routing: every tuple goes to just the partitions that its edge says, in order, and none is lost."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.errors import KeyHashError
from hpcd4p.plan import routing
from hpcd4p.plan.hashing import stable_hash
from hpcd4p.plan.model import Route, Spread
from hpcd4p.plan.routing import Splitter


def splitter(spread, partitions, key=None):
    return Splitter(Route(0, "output", 1, "input", spread, key), partitions, "count1")


def test_all_gives_every_partition_the_list():
    values = [1, 2]
    parts = splitter(Spread.ALL, 3).split(values)
    assert parts == [(0, [1, 2]), (1, [1, 2]), (2, [1, 2])]
    assert all(part is values for _, part in parts)


def test_one_gives_everything_to_the_first():
    assert splitter(Spread.ONE, 5).split([1, 2]) == [(0, [1, 2])]


@pytest.mark.parametrize("spread", list(Spread))
def test_nothing_gives_nothing(spread):
    assert splitter(spread, 3, (0,)).split([]) == []


@pytest.mark.parametrize("partitions", [0, 1])
def test_shuffle_into_one_instance_or_the_pool_hashes_nothing(partitions):
    values = [object()]
    assert splitter(Spread.SHUFFLE, partitions).split(values) == [(0, values)]


def test_shuffle_over_instances_goes_by_content():
    values = [[i, {"n": i}] for i in range(200)]
    first = splitter(Spread.SHUFFLE, 4).split(values)
    again = splitter(Spread.SHUFFLE, 4).split([[i, {"n": i}] for i in range(200)])
    assert first == again
    assert [p for p, _ in first] == [0, 1, 2, 3]


@given(st.lists(st.tuples(st.integers(0, 30) | st.text(max_size=2), st.integers())), st.integers(1, 70))
def test_equal_keys_meet_in_order_and_nothing_is_lost(values, partitions):
    parts = splitter(Spread.KEY, partitions, (0,)).split(values)
    assert Counter(v for _, part in parts for v in part) == Counter(values)
    for partition, part in parts:
        assert part == [v for v in values if stable_hash(v[0]) % partitions == partition]
        assert part
    assert [p for p, _ in parts] == sorted({p for p, _ in parts})


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.integers(0, 3))), st.integers(1, 20))
def test_keys_of_several_columns(values, partitions):
    parts = splitter(Spread.KEY, partitions, (0, -1)).split(values)
    where = {}
    for partition, part in parts:
        for value in part:
            assert where.setdefault((value[0], value[-1]), partition) == partition


def test_keys_by_name():
    values = [{"word": "a", "n": 1}, {"word": "b", "n": 2}, {"word": "a", "n": 3}]
    parts = splitter(Spread.KEY, 64, ("word",)).split(values)
    assert sorted(len(part) for _, part in parts) == [1, 2]


def test_numpy_keys_meet_their_twins():
    values = [(1, "int"), (np.int64(1), "int64"), (1.0, "float"), (True, "bool")]
    assert len(splitter(Spread.KEY, 64, (0,)).split(values)) == 1


BAD = [
    (([1], 0), "of type list, cannot be hashed"),
    ((float("nan"), 0), "nan is not equal to itself"),
    ((object(), 0), "object has no hash"),
    ((), "no key at 0"),
    (None, "type NoneType has no key at 0"),
    (7, "type int has no key at 0"),
    ({"word": 1}, "no key at 0"),
]


@pytest.mark.parametrize(("bad", "text"), BAD)
@pytest.mark.parametrize("partitions", [1, 4])
def test_a_bad_key_does_not_take_the_others_with_it(bad, text, partitions):
    s = splitter(Spread.KEY, partitions, (0,))
    good = [("a", 1), ("b", 2), ("c", 3)]
    parts = s.split([good[0], bad, *good[1:]])
    assert sorted(v for _, part in parts for v in part) == good
    ((value, error),) = s.failures
    assert value is bad
    assert isinstance(error, KeyHashError)
    assert text in str(error)
    assert "element count1, input 'input'" in str(error)


def test_failures_are_those_of_the_last_batch():
    s = splitter(Spread.KEY, 4, (0,))
    s.split([None])
    assert s.split([("a", 1)])
    assert s.failures == []


def test_all_bad_gives_no_parts():
    s = splitter(Spread.KEY, 4, (0, 1))
    assert s.split([None, ("a",)]) == []
    assert len(s.failures) == 2


def test_content_that_cannot_be_hashed_is_a_failure():
    s = splitter(Spread.SHUFFLE, 4)
    parts = s.split([1, (x for x in ()), 2])
    assert sorted(v for _, part in parts for v in part) == [1, 2]
    assert len(s.failures) == 1


def test_memory_of_keys_is_bounded(monkeypatch):
    monkeypatch.setattr(routing, "CACHED_KEYS", 100)
    s = splitter(Spread.KEY, 8, (0,))
    values = [(n, n) for n in range(1000)]
    parts = s.split(values)
    assert len(s._partition_of) <= 100
    assert parts == splitter(Spread.KEY, 8, (0,)).split(values)
    assert sum(len(part) for _, part in parts) == 1000


def test_long_keys_are_not_remembered():
    s = splitter(Spread.KEY, 8, (0,))
    s.split([("x" * 5000, 1)])
    assert len(s._partition_of) == 0
