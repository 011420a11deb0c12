"""Values of an axis."""

from __future__ import annotations

import pytest

from hpcd4p.errors import SettingsError
from hpcd4p.study.definition.axes import values_of


@pytest.mark.parametrize(
    ("given", "values"),
    [
        ([4, 8], [4, 8]),
        ([True, False], [True, False]),
        ([1, 1.0], [1, 1.0]),  # a whole number and a fraction are two words on a command line
        ({"from": 2, "to": 16, "factor": 2}, [2, 4, 8, 16]),
        ({"from": 2, "to": 15, "factor": 2}, [2, 4, 8]),
        ({"from": 1, "to": 7, "step": 3}, [1, 4, 7]),
        ({"from": 0.1, "to": 0.3, "step": 0.1}, [0.1, 0.2, 0.3]),
        ({"from": 3, "to": 3, "step": 1}, [3]),
    ],
)
def test_lists_and_ranges_give_their_values(given, values):
    found = values_of("x", given, "s.toml")
    assert found == values
    assert [type(v) for v in found] == [type(v) for v in values]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([], "axis x of s.toml has no values"),
        (8, "must be a list"),
        ([2, 2], "has the value 2 twice"),
        ([[2]], "values are numbers, texts"),
        ({"from": 2, "to": 8}, "a range is"),
        ({"from": 2, "to": 8, "step": 1, "factor": 2}, "a range is"),
        ({"from": 2, "to": 8, "by": 2}, "unknown key 'by'"),
        ({"from": 2, "to": 8, "step": 0}, "does not grow"),
        ({"from": 0, "to": 8, "factor": 2}, "does not grow"),
        ({"from": "a", "to": 8, "step": 2}, "of numbers"),
        ({"from": 0, "to": 1e9, "step": 1}, "more than 1000 values"),
        ({"from": 9, "to": 8, "step": 1}, "has no values"),
    ],
)
def test_what_is_no_axis_is_told_in_one_message(given, told):
    with pytest.raises(SettingsError) as caught:
        values_of("x", given, "s.toml")
    assert told in str(caught.value)
