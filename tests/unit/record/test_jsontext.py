"""Any value as JSON text, and back."""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import json
import math
import pathlib
import uuid
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.record.jsontext import BareRepr, dumps, loads


class Colour(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    HIGH = 3


@dataclass
class Pixel:
    row: int
    colour: Colour


class Plain:
    def __init__(self) -> None:
        self.a = 1


class Rude:
    def __repr__(self) -> str:
        raise ValueError("no")


leaves = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
    | st.decimals(allow_nan=False) | st.fractions() | st.dates() | st.datetimes() | st.timedeltas()
    | st.uuids() | st.text(st.characters(exclude_categories=()))
)  # fmt: skip
keys = st.none() | st.integers() | st.text(max_size=4) | st.sampled_from(["$tuple", "$repr", "$"])
anything = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(keys, inner, max_size=4)
        | st.sets(keys, max_size=3)
        | st.frozensets(keys, max_size=3)
        | st.lists(inner, max_size=3).map(deque)
    ),
    max_leaves=10,
)


@given(anything)
def test_gives_back_every_value_of_the_standard_types(value: Any) -> None:
    text, exact = dumps(value)
    assert exact
    assert "\0" not in text
    text.encode()
    found = loads(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "value",
    [
        decimal.Decimal("1.10"), fractions.Fraction(1, 3), uuid.UUID(int=5), pathlib.PosixPath("/a"),
        range(3), slice(1, None), datetime.time(1, 2), datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC),
        [1 << 50_000], [math.inf, -math.inf], complex(1, 2), Level.HIGH,
    ],
)  # fmt: skip
def test_gives_back_a_value(value: Any) -> None:
    text, exact = dumps(value)
    assert exact
    assert loads(text) == value


def test_gives_back_arrays_inside_other_values() -> None:
    found = loads(dumps({"a": [np.arange(4).reshape(2, 2), np.float32(1.5)]})[0])
    assert found["a"][0].tolist() == [[0, 1], [2, 3]]
    assert type(found["a"][1]) is np.float32
    masked = loads(dumps(np.ma.MaskedArray([1, 2], mask=[True, False]))[0])
    assert masked.mask.tolist() == [True, False]


def test_an_object_of_a_class_is_told_by_its_fields() -> None:
    text, exact = dumps(Pixel(1, Colour.RED))
    assert not exact
    found = loads(text)
    assert found["row"] == 1
    assert found["colour"]["name"] == "RED"
    assert loads(dumps(Plain())[0])["a"] == 1


def test_what_has_no_form_is_kept_as_its_repr_and_said_so() -> None:
    text, exact = dumps([len])
    assert not exact
    assert loads(text) == ["<built-in function len>"]
    assert isinstance(loads(text)[0], BareRepr)
    assert "repr raised ValueError" in dumps(Rude())[0]


def test_a_value_that_contains_itself_ends() -> None:
    value: list[Any] = []
    value.append(value)
    text, exact = dumps(value)
    assert not exact
    assert loads(text) == "[[...]]"


def test_text_is_readable_as_it_stands() -> None:
    assert dumps({"Größe": [1, 2.5, None]})[0] == '{"Größe": [1, 2.5, null]}'
    assert json.loads(dumps((1, 2))[0]) == {"$tuple": [1, 2]}
