from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.top.layout import Want, shared, window

wants = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 20)).map(lambda w: Want(w[0], w[0] + w[1])), max_size=6
)


@given(st.integers(0, 60), wants)
def test_no_more_rows_are_given_than_there_are_and_none_is_left_that_is_wanted(rows, parts):
    given_rows = shared(rows, parts)
    assert sum(given_rows) <= rows
    for got, want in zip(given_rows, parts, strict=True):
        assert got == 0 or want.least <= got <= want.most
    if sum(given_rows) < rows:
        shown = [(got, want) for got, want in zip(given_rows, parts, strict=True) if got]
        assert all(got == want.most for got, want in shown)


@given(st.integers(0, 50), st.integers(1, 20), st.integers(0, 49))
def test_the_chosen_row_is_among_those_that_are_shown(number, room, at):
    shown = window(number, room, at if at < number else None)
    assert len(shown) == min(number, room)
    assert at >= number or at in shown
