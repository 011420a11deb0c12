"""Order and cycles."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.plan.ordering import find_cycles, in_order

EDGES = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=30)


def test_order_is_that_of_adding_where_edges_leave_a_choice():
    assert in_order(4, []) == [0, 1, 2, 3]
    assert in_order(4, [(3, 0), (3, 0)]) == [1, 2, 3, 0]


def test_cycle_is_named_from_its_smallest_member():
    assert find_cycles(5, [(0, 1), (1, 3), (3, 2), (2, 1), (3, 4)]) == [[1, 3, 2]]
    assert find_cycles(1, [(0, 0)]) == [[0]]


def test_separate_cycles_are_all_found():
    assert find_cycles(5, [(0, 1), (1, 0), (2, 3), (3, 2), (1, 4)]) == [[0, 1], [2, 3]]


@given(EDGES)
def test_either_an_order_or_a_cycle(edges):
    order = in_order(12, edges)
    cycles = find_cycles(12, edges)
    assert (len(order) == 12) == (not cycles)
    place = {n: i for i, n in enumerate(order)}
    assert all(place[s] < place[t] for s, t in edges if s in place and t in place)
    for cycle in cycles:
        assert all(step in edges for step in zip(cycle, [*cycle[1:], cycle[0]], strict=True))
