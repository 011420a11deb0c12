"""Of a batch that cannot be unpickled only the tuples that are to blame are lost."""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.runtime.execute.loops import Leave
from hpcd4p.runtime.execute.salvage import read_closely, read_segments, read_task
from hpcd4p.wire.codec import Codec, Unreadable
from hpcd4p.wire.messages import Segment, Task
from hpcd4p.workflow import kept
from hpcd4p.workflow.kept import keeping
from hpcd4p.workflow.sentinels import tuple_dumper

CODEC = Codec(b"test")


class Plain:
    def __init__(self, *held):
        self.held = held

    def __eq__(self, other):
        return type(self) is type(other) and self.held == other.held

    __hash__ = None  # type: ignore[assignment]


class Guilty(Plain):
    """Raises when its state comes."""

    def __setstate__(self, state):
        raise ValueError("no state, please")


class Hashed(Guilty):
    __hash__ = object.__hash__  # type: ignore[assignment]


class Refuses(Guilty):
    """Raises when it is made."""

    def __reduce__(self):
        return refuse, ()


def refuse():
    raise SystemExit("no")


class Takes(list):
    """Raises when it is filled."""

    def extend(self, items):
        raise KeyError("full")


class Curious(Plain):
    """Looks at what it gets."""

    def __reduce__(self):
        return looked_at, (*self.held,)


seen: list[Any] = []


def looked_at(*held):
    seen.extend(held)
    return Curious(*held)


class Point(NamedTuple):
    x: int
    held: object


def broken(kind, within):
    """Guilty tuples of every make."""
    return within({"state": Guilty(1), "made": Refuses(), "filled": Takes([1, 2])}[kind])


WITHIN = {
    "alone": lambda each: each,
    "tuple": lambda each: ("key", each),
    "dict": lambda each: {"a": [1, {"b": each}]},
    "object": lambda each: Plain(1, each),
    "namedtuple": lambda each: Point(1, each),
    "curious": lambda each: Curious([each]),
    "ordered": lambda each: OrderedDict(a=each),
    "array": lambda each: np.array([each, None], dtype=object),
}


def salvaged(values):
    payload = CODEC.seal(("port", values))
    with pytest.raises(Unreadable) as caught:
        CODEC.open(payload)
    port, good, lost = read_task(caught.value, Task(3, "id", len(values), payload, 0, ()))
    assert port == "port"
    assert all((each.element, each.port, each.tuples) == (3, "port", 1) for each in lost)
    return good, lost


@pytest.mark.parametrize("within", WITHIN.values(), ids=list(WITHIN))
@pytest.mark.parametrize(
    ("kind", "said"), [("state", "no state, please"), ("made", "no"), ("filled", "'full'")]
)
def test_the_guilty_tuple_is_told_apart_wherever_the_fault_is_in_it(kind, said, within):
    seen.clear()
    values = [Plain(i) for i in range(3)]
    good, lost = salvaged([*values, broken(kind, within), Curious(7)])
    assert good == [*values, Curious(7)]
    assert [str(each.error) for each in lost] == [said]
    assert seen == [7]  # no code of the user has seen a stand-in


def test_what_shares_something_with_the_guilty_tuple_is_lost_only_if_that_is_what_is_broken():
    guilty, shared = Guilty(1), Plain("shared")
    good, lost = salvaged([("a", guilty, shared), ("b", shared), ("c", guilty), ("d", shared)])
    assert good == [("b", shared), ("d", shared)]
    assert good[0][1] is good[1][1]
    assert len(lost) == 2


def test_a_ring_with_a_fault_in_it_is_lost_from_wherever_it_is_reached():
    ring: list[object] = []
    first = Plain(ring)
    ring += [first, Guilty(1)]
    good, lost = salvaged([ring, first, 5])
    assert (good, len(lost)) == ([5], 2)


def test_a_key_of_a_dict_or_a_member_of_a_set_may_be_broken():
    good, lost = salvaged([{Hashed(1): 1}, {1: 2}, {Hashed(1), 3}, frozenset({Hashed(2)}), {4}, 5])
    assert good == [{1: 2}, {4}, 5]
    assert len(lost) == 3


def test_a_class_that_is_not_there_is_a_fault_of_its_tuples_only(monkeypatch):
    values = [Gone(1), Gone(2), "fine"]
    payload = CODEC.seal(("port", values))
    monkeypatch.delattr(f"{__name__}.Gone")
    with pytest.raises(Unreadable) as caught:
        CODEC.open(payload)
    _, good, lost = read_task(caught.value, Task(3, "id", 3, payload, 0, ()))
    assert good == ["fine"]
    assert [each.shown for each in lost] == ["<cannot be read: Gone>"] * 2


class Gone(Plain):
    pass


def test_large_buffers_reach_the_tuples_that_they_belong_to():
    arrays = [np.full(10_000, i) for i in range(4)]
    good, lost = salvaged([arrays[0], Guilty(arrays[1]), arrays[2], (arrays[3], 1)])
    assert [int(each[0]) for each in good[:2]] == [0, 2]
    assert int(good[2][0][5]) == 3
    assert len(lost) == 1


def test_of_a_message_each_segment_keeps_what_can_be_read():
    segments = [
        Segment(2, 0, "a", [1, Guilty(1), 2]),
        Segment(5, 1, "b", [("x", 3)]),
        Segment(5, 2, "b", [Guilty(1)]),
    ]
    frames = [bytearray(f) for f in CODEC.pack(segments)]
    with pytest.raises(Unreadable) as caught:
        CODEC.unpack(frames)
    good, lost = read_segments(caught.value, CODEC.counts(frames))
    assert good == [Segment(2, 0, "a", [1, 2]), Segment(5, 1, "b", [("x", 3)]), Segment(5, 2, "b", [])]
    assert [(each.element, each.port, each.tuples) for each in lost] == [(2, "a", 1), (5, "b", 1)]


MISSING = object()


def test_a_sentinel_in_a_saved_tuple_is_itself(monkeypatch):
    with keeping():
        kept.here.sentinel(MISSING, f"{__name__}:MISSING")
        monkeypatch.setattr(CODEC, "dumps", tuple_dumper(by_value=False))
        good, lost = salvaged([("a", MISSING), ("b", Guilty(MISSING)), ("c", [MISSING])])
    assert len(lost) == 1
    assert good[0][1] is MISSING
    assert good[1][1][0] is MISSING


def test_bytes_that_are_no_pickle_are_lost_as_one():
    error = ValueError("torn")
    found = Unreadable([b"\x80\x05no pickle"])
    found.__cause__ = error
    assert read_task(found, Task(3, "id", 9, b"", 0, ()))[1:] == (
        [],
        [(3, "", 9, "<a task of 9 tuples>", error, "")],
    )
    _, lost = read_segments(found, {1: 2, 4: 3})
    assert [(each.element, each.tuples) for each in lost] == [(1, 2), (4, 3)]


VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=3) | st.just("guilty"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=2), inner, max_size=3)
        | st.lists(inner, max_size=2).map(lambda held: Plain(*held))
    ),
    max_leaves=6,
)


def with_guilt(value):
    """`value` with something unreadable for each 'guilty' in it, and whether there was one."""
    if value == "guilty":
        return Guilty(0), True
    if isinstance(value, dict):
        pairs = {key: with_guilt(each) for key, each in value.items()}
        return {key: each for key, (each, _) in pairs.items()}, any(bad for _, bad in pairs.values())
    if isinstance(value, Plain):
        held, bad = with_guilt(value.held)
        return Plain(*held), bad
    if isinstance(value, (list, tuple)):
        pairs = [with_guilt(each) for each in value]
        return type(value)(each for each, _ in pairs), any(bad for _, bad in pairs)
    return value, False


@given(st.lists(VALUES, min_size=1, max_size=8))
def test_whatever_the_tuples_are_those_without_a_fault_come_back_as_they_were(values):
    made = [with_guilt(value) for value in values]
    if any(bad for _, bad in made):
        good, lost = salvaged([value for value, _ in made])
        assert good == [value for value, (_, bad) in zip(values, made, strict=True) if not bad]
        assert len(lost) == sum(bad for _, bad in made)


def test_classes_of_every_protocol_of_reduction_come_back():
    values = [
        Counter("aab"),
        OrderedDict(a=1),
        1j,
        bytearray(b"x"),
        range(3),
        Point(1, 2),
        np.float64(2.5),
        {1, 2},
    ]
    good, _ = salvaged([*values, Guilty(1)])
    assert good == values


# ---- what ends the process that reads it

ENDS: list[Any] = []
"""Numbers of the objects that end whoever makes them, as far as this test knows."""


class Ends(Leave):
    """The end of the process that reads."""


def make(number):
    if number in ENDS:
        raise Ends
    return number


class Made:
    def __init__(self, number):
        self.number = number

    def __reduce__(self):
        return make, (self.number,)


@given(st.lists(st.integers(0, 30), max_size=20), st.sets(st.integers(0, 30), max_size=4), st.booleans())
def test_steps_that_end_the_reader_are_left_out_one_by_one(numbers, deadly, deep):
    ENDS[:] = deadly
    values = [[Made(n), {n: Made(n)}] if deep else Made(n) for n in numbers]
    body = CODEC.check(CODEC.seal(("input", values)))
    fatal, steps = {}, []
    for _ in range(3 * len(numbers) + 1):
        try:
            port, good, lost = read_closely(body, 2, len(values), steps.append, fatal)
            break
        except Ends:
            fatal[steps[-1]] = f"ended at {steps[-1]}"
    assert port == "input"
    assert good == [[n, {n: n}] if deep else n for n in numbers if n not in deadly]
    assert len(lost) == len(numbers) - len(good)
    assert all(each.words in fatal.values() for each in lost)
