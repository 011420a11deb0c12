"""Which things pickle alone makes again as they are, without asking of each whether code knows it by name."""

from __future__ import annotations

import io
from enum import IntEnum

import pytest

from hpcd4p.workflow import kept
from hpcd4p.workflow.identity import loads
from hpcd4p.workflow.nameless import are_nameless, dump_nameless

LARGE = 10**12


class Colour(IntEnum):
    """A number with a name."""

    RED = 1


class Number(int):
    """A number of the user's."""


@pytest.fixture
def known(monkeypatch):
    here = kept.Kept()
    monkeypatch.setattr(kept, "here", here)
    return here


@pytest.mark.parametrize(
    "things",
    [
        [],
        [(1, 2.5), (3, None)],
        [(b"a", [1, 2.0, True]), (("x",)[:0], {2j}), (frozenset({1}), ())],
        [((1, (2, (3,))), [[[4]]])],
    ],
)
def test_numbers_come_back_as_they_were(known, things):
    assert are_nameless(things)
    file = io.BytesIO()
    dump_nameless(things, file)
    assert loads(file.getvalue()) == things


@pytest.mark.parametrize(
    "thing", ["text", ("a", 1), [1, "b"], {"c": 1}, Colour.RED, Number(1), object(), len, int, [Colour.RED]]
)
def test_what_may_have_a_name_has_to_be_asked(known, thing):
    assert not are_nameless([(1, thing)])


def test_a_number_that_code_knows_by_name_is_found_wherever_it_is(known):
    known.keys[id(LARGE)] = f"{__name__}.LARGE"
    assert not are_nameless([LARGE])
    assert not are_nameless([(1, [2, {LARGE}])])
    assert are_nameless([(1, [2, {LARGE + 1}])])


def test_what_holds_itself_has_to_be_asked(known):
    holder: list[object] = [1]
    holder.append(holder)
    assert not are_nameless([holder])
