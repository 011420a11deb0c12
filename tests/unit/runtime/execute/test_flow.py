"""What several receivers get is not shared between them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.runtime.execute.flow import isolate

ATOMS = st.none() | st.booleans() | st.integers() | st.text() | st.binary()


@given(st.lists(ATOMS | st.tuples(ATOMS, ATOMS)))
def test_what_cannot_change_is_not_copied(values):
    assert isolate(values) is values


@given(st.lists(st.lists(st.integers()) | st.dictionaries(st.text(), st.integers()), min_size=1))
def test_what_can_change_is_copied(values):
    copy = isolate(values)
    assert copy == values
    assert all(a is not b for a, b in zip(copy, values, strict=True))


def test_a_list_inside_a_tuple_is_copied():
    values = [1, ("a", [1])]
    isolate(values)[1][1].append(2)
    assert values == [1, ("a", [1])]


def test_what_cannot_be_pickled_is_copied_as_python_copies():
    values = [[lambda: 1], [2]]
    copy = isolate(values)
    copy[1].append(3)
    assert values[1] == [2]
