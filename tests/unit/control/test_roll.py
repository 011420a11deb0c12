from __future__ import annotations

from hpcd4p.control.roll import Roll, in_words


def looks(expected, *found):
    roll = Roll(expected)
    return [roll.look(each) for each in found]


def test_nobody_is_missing_when_all_are_there():
    assert looks(range(3), {0, 1, 2}, {0, 1, 2}) == [[], []]


def test_a_rank_that_vanishes_is_missing_at_the_second_look():
    assert looks(range(3), {0, 1, 2}, {0, 2}, {0, 2}) == [[], [], [1]]


def test_a_rank_that_never_came_is_missing_when_no_other_comes_any_more():
    assert looks(range(3), {0}, {0, 2}, {0, 2}) == [[], [], [1]]


def test_nobody_is_missing_before_the_first_has_come():
    assert looks(range(3), set(), set(), set()) == [[], [], []]


def test_a_rank_that_comes_late_is_not_missing():
    assert looks(range(3), {0, 1}, {0, 1, 2}, {0, 1, 2}) == [[], [], []]


def test_ranks_of_other_nodes_are_not_expected_here_but_one_that_was_seen_is():
    assert looks([], {4, 5}, {4, 5}, {4}, {4}) == [[], [], [], [5]]


def test_many_ranks_are_told_by_the_first_of_them():
    assert in_words([3], 4) == "rank 3 of 4"
    assert in_words([7, 3], 9) == "ranks 3, 7 of 9"
    assert in_words(range(100), 200) == "ranks 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 90 more of 200"
