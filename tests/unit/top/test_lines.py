from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.top.lines import Span, apart, cells, clean, cut, fit, joined, line, plain, wrapped


@given(st.text(), st.integers(0, 30))
def test_a_line_that_was_fitted_has_no_more_cells_and_nothing_that_a_terminal_obeys(text, columns):
    fitted = plain(fit((Span(text), Span(text, "bad")), columns))
    assert cells(fitted) <= columns
    assert fitted.isprintable()


@pytest.mark.parametrize("text", ["\x1b[2J", "a\rb", "a\nb", "\x9b31m", "\u202ea"])
def test_what_a_terminal_would_obey_is_taken_out_of_a_text(text):
    assert clean(text).isprintable()


def test_what_is_cut_shows_it_and_wide_signs_count_twice():
    assert cut("tuples", 6) == "tuples"
    assert cut("tuples", 4) == "tup…"
    assert cut("数数数", 4) == "数…"
    assert cut("tuples", 0) == ""


def test_two_ends_of_a_line_are_apart_and_the_right_one_goes_first():
    left, right = (Span("factors"),), (Span("12:00"),)
    assert plain(apart(left, right, 20)) == "factors        12:00"
    assert plain(apart(left, right, 13)) == "factors"
    assert plain(apart(left, right, 4)) == "fac…"


@given(st.lists(st.text("abc数", min_size=1, max_size=12)), st.integers(2, 30))
def test_words_are_wrapped_and_none_is_lost(words, columns):
    lines = wrapped(" ".join(words), columns)
    assert "".join(map(plain, lines)).replace(" ", "") == "".join(words)
    assert all(cells(plain(each)) <= columns for each in lines)


def test_parts_that_have_no_room_are_left_out():
    parts = [line("one"), line("a longer one"), line("two")]
    assert plain(joined(parts, 8)) == "one  two"
    assert plain(joined(parts, 2)) == "o…"
    assert joined([], 8) == ()
