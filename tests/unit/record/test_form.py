"""What a value looks like to HDF5."""

from __future__ import annotations

from collections import Counter, OrderedDict, namedtuple

import numpy as np
import pytest

from hpcd4p.record.form import INT, JSON, LIST, MAX_FIELDS, TEXT, Form, FormKind, batch_form, form_of

Pair = namedtuple("Pair", "a b")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (1, FormKind.INT),
        (True, FormKind.BOOL),
        (2**63, FormKind.JSON),
        (1.5, FormKind.FLOAT),
        ("a", FormKind.TEXT),
        ("a\0", FormKind.JSON),
        ("\ud800", FormKind.JSON),
        (b"a", FormKind.BYTES),
        (None, FormKind.NONE),
        ((1, "a"), FormKind.TUPLE),
        ((), FormKind.TUPLES),
        (tuple(range(MAX_FIELDS + 1)), FormKind.TUPLES),
        (Pair(1, 2), FormKind.NAMEDTUPLE),
        ({"a": 1}, FormKind.DICT),
        ({1: "a"}, FormKind.ITEMS),
        ({}, FormKind.ITEMS),
        (Counter("abc"), FormKind.DICT),
        (OrderedDict(a=1), FormKind.DICT),
        ([1], FormKind.LIST),
        (np.arange(3), FormKind.ARRAY),
        (np.float32(1), FormKind.SCALAR),
        (np.str_("a"), FormKind.TEXT),
        (np.array([object()]), FormKind.JSON),
        (np.ma.MaskedArray([1], mask=[True]), FormKind.JSON),
        (object(), FormKind.JSON),
    ],
)
def test_each_value_has_the_form_that_people_expect(value: object, kind: FormKind) -> None:
    assert form_of(value).kind is kind


def test_a_batch_of_one_form_is_seen_at_once() -> None:
    assert batch_form([1, 2]) == INT
    assert batch_form(["a", "b"]) == TEXT
    assert batch_form([[], [1]]) == LIST
    assert batch_form([("a", 1), ("b", 2)]) == Form(FormKind.TUPLE, ("0", "1"))


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
