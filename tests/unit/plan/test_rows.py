"""Of a table with thousands of rows a screenful is shown."""

from __future__ import annotations

from hpcd4p.plan.rows import END_ROWS, MOST_ROWS, chosen_rows, shortened_list, with_gaps


def test_a_table_that_is_not_long_is_shown_as_it_is():
    assert chosen_rows([5.0] * MOST_ROWS) == list(range(MOST_ROWS))
    assert with_gaps(["a", "b"], [0, 1], 2) == ["a", "b"]


def test_of_a_long_one_the_first_and_the_last_are_shown():
    places = chosen_rows([0.0] * 2000)
    assert places == [*range(END_ROWS), *range(2000 - END_ROWS, 2000)]
    lines = with_gaps([str(place) for place in places], places, 2000, "`plan --json` has all")
    assert lines[END_ROWS - 1 : END_ROWS + 2] == ["9", "  ...", "1990"]
    assert lines[-1] == "  ... and 1,980 more (`plan --json` has all)"


def test_of_a_long_one_the_heaviest_are_shown_too():
    weights = [1.0] * 2000
    weights[700] = weights[40] = 3.0
    assert set(chosen_rows(weights)) - set(chosen_rows([1.0] * 2000)) == {40, 700}
    assert len(chosen_rows(list(map(float, range(2000))))) == 3 * END_ROWS


def test_a_list_of_names_is_cut_with_their_number():
    assert shortened_list(["a", "b"]) == "a, b"
    assert shortened_list([str(n) for n in range(1000)], 3) == "0, 1, 2 and 997 more"
