from __future__ import annotations

import pytest

from hpcd4p.top.bands import bands
from hpcd4p.top.history import Unit, units_of
from hpcd4p.top.view import Choices, Shows, Sort, View, in_order
from tests.unit.live.documents import element
from tests.unit.top.scenes import usual

CHOICES = Choices(["Numbers0", "Work1", "Tally2"], bands(units_of(usual(0).ranks), 8))


def view(*keys: str) -> View:
    made = View(choices=CHOICES)
    for key in keys:
        assert made.press(key)
    return made


def test_s_goes_through_the_orders():
    assert [view(*["s"] * n).sort for n in range(6)] == [*Sort, Sort.PLAN]


@pytest.mark.parametrize(
    ("sort", "names"),
    [("plan", "bca"), ("name", "abc"), ("rate", "acb"), ("backlog", "cba"), ("busy", "bca")],
)
def test_elements_are_in_the_order_that_was_chosen(sort, names):
    elements = [
        element("b", rate=1.0, backlog=2, busy=3.0),
        element("c", rate=2.0, backlog=3, busy=2.0),
        element("a", rate=3.0, backlog=1, busy=1.0),
    ]
    assert "".join(each.name for each in in_order(elements, Sort(sort))) == names


def test_arrows_choose_an_element_and_stay_within_the_table():
    assert view("down").element == "Numbers0"
    assert view("down", "down").element == "Work1"
    assert view(*["down"] * 9).element == "Tally2"
    assert view("up").element == "Tally2"
    assert view("down", "up", "k").element == "Numbers0"
    assert view("end", "home").element == "Numbers0"


def test_the_chosen_element_stays_chosen_when_rows_move():
    made = view("down", "down")
    made.choices = Choices(["Work1", "Numbers0"])
    assert made.place == 0
    made.choices = Choices(["Tally2"])
    assert made.place is None


def test_enter_looks_into_what_is_chosen_and_escape_goes_back():
    made = view("down", "down", "enter")
    assert (made.shows, made.element) == (Shows.ELEMENT, "Work1")
    assert made.press("escape")
    assert made.shows is Shows.RUN
    assert not made.press("escape")


def test_tab_goes_to_the_ranks():
    made = view("tab", "down", "down", "enter")
    assert (made.shows, made.unit) == (Shows.RANKS, Unit("pool", "", 2))
    assert view("tab", "tab").on_ranks is False


def test_without_ranks_or_elements_there_is_nothing_to_look_into():
    made = View()
    assert made.press("tab")
    assert made.press("enter")
    assert (made.on_ranks, made.shows) == (False, Shows.RUN)


def test_the_line_of_a_rank_stays_chosen_when_ranks_share_lines():
    made = view("tab", *["down"] * 7)
    assert made.unit == Unit("pool", "", 7)
    made.choices = Choices([], bands(units_of(usual(0).ranks), 3))
    assert made.place == 2


def test_help_and_pause():
    assert view("?").shows is Shows.HELP
    assert view("?", "h").shows is Shows.RUN
    assert view(" ").paused
    assert not view("p", "p").paused


def test_other_pages_scroll_and_begin_at_their_top():
    made = view("?", "down", "pagedown")
    assert made.scroll == 11
    assert made.press("home")
    assert made.scroll == 0
    assert view("?", "down", "?").scroll == 0


def test_keys_that_mean_nothing_change_nothing():
    assert not View(choices=CHOICES).press("z")
