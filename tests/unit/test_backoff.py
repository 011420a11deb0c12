"""Times that grow until something happens."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.backoff import Backoff


@given(
    st.floats(1e-6, 1.0),
    st.floats(1.0, 1e3),
    st.floats(1.1, 4.0),
    st.lists(st.floats(1e-6, 1e3), max_size=40),
)
def test_it_never_shrinks_by_itself_and_stays_between_its_bounds(first, most, by, limits):
    backoff = Backoff(first, most, by)
    before = 0.0
    for _ in range(40):
        given_s = backoff.next()
        assert first <= given_s <= most
        assert given_s >= before
        before = given_s
    for limit in limits:
        assert backoff.next(limit) <= min(most, limit)
    backoff.reset()
    assert backoff.next() == first
