"""What ranks report of themselves, in the time of the run."""

from __future__ import annotations

from array import array

import pytest

from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.rank.account import RankAccount
from hpcd4p.runtime.rank.reports import CLOCKS_S, in_run_time
from hpcd4p.wire.reports import Bins, Usage


def told(began_s: float):
    figures = Usage(rank=3, role="pool", active_s=5.0, busy_s=3.0, idle_s=2.0, parked_s=1.0)
    return in_run_time(
        figures, Bins(1000.0 + began_s, 0.5, array("f", [0.5] * 6), array("f"), array("f")), 1000.0
    )


def test_what_was_before_the_run_is_not_part_of_it():
    figures, life = told(-0.25)
    assert (figures.active_s, figures.busy_s, figures.idle_s, figures.parked_s) == (4.75, 3.0, 1.75, 1.0)
    assert (life.rank, life.began_s, life.width_s) == (3, -0.25, 0.5)


def test_a_rank_that_came_late_has_a_shorter_life():
    figures, life = told(2.0)
    assert figures.active_s == 5.0
    assert life.began_s == 2.0


@pytest.mark.parametrize("wrong_s", [CLOCKS_S + 1, -CLOCKS_S - 1])
def test_a_clock_that_is_wrong_is_not_believed(wrong_s):
    figures, life = told(wrong_s)
    assert figures.active_s == 5.0
    assert life.began_s == 0.0


@pytest.fixture
def hands():
    """A clock that is set by hand."""
    return [100.0]


def test_an_account_and_its_timeline_say_the_same(hands):
    account = RankAccount(2, "pool", Clock(lambda: hands[0]))
    account.worked(100.0, 103.0)
    account.waited(101.0, 101.5)
    account.parked(104.0, 108.0)
    hands[0] = 110.0
    usage = account.usage()
    assert (usage.active_s, usage.busy_s, usage.idle_s, usage.parked_s) == (6, 2.5, 3.5, 4)
    bins = account.bins()
    assert bins.began == 100.0
    assert sum(bins.busy_s) == pytest.approx(2.5)
    assert sum(bins.parked_s) == pytest.approx(4)
