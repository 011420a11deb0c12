"""What a value looks like to HDF5."""

from __future__ import annotations

from collections import Counter, OrderedDict, namedtuple

import numpy as np
import pytest

from hpcd4p.record.form import INT, JSON, LIST, MAX_FIELDS, TEXT, Form, Kind, batch_form, form_of

Pair = namedtuple("Pair", "a b")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (1, Kind.INT),
        (True, Kind.BOOL),
        (2**63, Kind.JSON),
        (1.5, Kind.FLOAT),
        ("a", Kind.TEXT),
        ("a\0", Kind.JSON),
        ("\ud800", Kind.JSON),
        (b"a", Kind.BYTES),
        (None, Kind.NONE),
        ((1, "a"), Kind.TUPLE),
        ((), Kind.TUPLES),
        (tuple(range(MAX_FIELDS + 1)), Kind.TUPLES),
        (Pair(1, 2), Kind.NAMEDTUPLE),
        ({"a": 1}, Kind.DICT),
        ({1: "a"}, Kind.ITEMS),
        ({}, Kind.ITEMS),
        (Counter("abc"), Kind.DICT),
        (OrderedDict(a=1), Kind.DICT),
        ([1], Kind.LIST),
        (np.arange(3), Kind.ARRAY),
        (np.float32(1), Kind.SCALAR),
        (np.str_("a"), Kind.TEXT),
        (np.array([object()]), Kind.JSON),
        (np.ma.MaskedArray([1], mask=[True]), Kind.JSON),
        (object(), Kind.JSON),
    ],
)
def test_each_value_has_the_form_that_people_expect(value: object, kind: Kind) -> None:
    assert form_of(value).kind is kind


def test_a_batch_of_one_form_is_seen_at_once() -> None:
    assert batch_form([1, 2]) == INT
    assert batch_form(["a", "b"]) == TEXT
    assert batch_form([[], [1]]) == LIST
    assert batch_form([("a", 1), ("b", 2)]) == Form(Kind.TUPLE, ("0", "1"))


@pytest.mark.parametrize(
    "values", [[1, 2.0], [1, True], [1, 2**63], ["a", "\0"], [(1,), (1, 2)], [{"a": 1}, {"b": 1}]]
)
def test_a_batch_of_several_forms_is_left_to_be_looked_at_one_by_one(values: list[object]) -> None:
    assert batch_form(values) is None


def test_two_halves_of_a_surrogate_pair_in_two_texts_are_no_text() -> None:
    assert batch_form(["\ud83d", "\ude00"]) is None
    assert form_of("\ud83d") == JSON


def test_the_shape_of_an_array_is_part_of_its_form_and_the_length_of_its_text_is_not() -> None:
    assert form_of(np.zeros((2, 3))).shape == (2, 3)
    assert form_of(np.array(["a"])) == form_of(np.array(["abc"]))
