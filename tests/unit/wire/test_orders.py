"""Orders are text where they are stored."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.wire.orders import (
    Careful,
    Expect,
    Finish,
    HandOver,
    Inherit,
    Lost,
    Moved,
    Park,
    Stop,
    UnknownOrderError,
    Wake,
    parse,
    text,
)

NUMBERS = st.integers(0, 1 << 62)
ORDERS = st.one_of(
    st.builds(Finish, NUMBERS),
    st.builds(Lost, NUMBERS, NUMBERS),
    st.builds(Stop, NUMBERS, st.booleans()),
    st.builds(Careful, st.booleans()),
    st.builds(Expect, NUMBERS),
    st.builds(HandOver, NUMBERS, NUMBERS, NUMBERS, NUMBERS),
    st.builds(Moved, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS),
    st.sampled_from([Park(), Wake(), Inherit()]),
)


@given(ORDERS, st.just(0) | st.integers(1, (1 << 128) - 1))
def test_an_order_is_the_same_after_it_was_text(order, mark):
    read, its_mark = parse(text(order, mark))
    assert (read, its_mark) == (order, mark)


def test_orders_differ_by_type_and_by_field_and_none_is_false():
    assert Park() == Park()
    assert Park() != Wake()
    assert Finish(1) != Careful(1)
    assert len({Finish(1), Finish(1), Finish(2), Park()}) == 3
    assert all([Park(), Wake(), Inherit()])
    assert repr(Stop(3, lost=True)) == "Stop(3, True, False)"


def test_an_order_reads_as_words():
    assert text(Lost(3, 17)) == "lost 3 17"
    assert text(Stop(3, lost=True), 99) == "stop 3 1 0 99"


@pytest.mark.parametrize("written", ["", "x y", "finish", "finish x", "finish 1 2 3", "lost 1", "park 1 2"])
def test_what_no_head_has_written_is_refused(written):
    with pytest.raises(UnknownOrderError, match="which was not ordered"):
        parse(written)
