from __future__ import annotations

from hpcd4p.runtime.commit.turn_times import TurnTimes


def test_counts_tuples_and_times_by_element():
    now = [0.0]
    times = TurnTimes(lambda: now[0])
    times.came(1, {3: 10})
    now[0] = 1.0
    times.came(2, {3: 5, 4: 1})
    times.settled()
    now[0] = 4.0
    assert times.went(2) == {3: 5, 4: 1}
    assert times.went(1) == {3: 10}
    times.settled()
    assert times.figures() == {3: (15, 5 * 3.0 + 10 * 4.0, 15, 4.0), 4: (1, 3.0, 1, 3.0)}


def test_what_goes_at_once_has_not_waited():
    times = TurnTimes(lambda: 7.0)
    times.came(1, {3: 10})
    times.went(1)
    times.settled()
    assert times.figures() == {3: (10, 0.0, 0, 0.0)}


def test_what_still_waits_is_no_figure_yet():
    times = TurnTimes(lambda: 7.0)
    times.came(1, {3: 10})
    times.settled()
    assert times.figures() == {}
