"""Which tasks stay on the node of the head: as many as its ranks will take, and no more."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from hpcd4p.control.home_line import LINE_TASKS, HomeLine, home_of, line_of

HERE, ELSEWHERE = 3, 4


def taken(idle: int, waiting: int) -> int:
    line = HomeLine(HERE, ELSEWHERE)
    line.hear(idle, waiting)
    return sum(line.takes_one() for _ in range(100))


@pytest.mark.parametrize(
    ("idle", "waiting", "more"),
    [
        (0, 0, LINE_TASKS * HERE),
        (0, 2, LINE_TASKS * HERE - 2),
        (0, LINE_TASKS * HERE + 5, 0),
        (1, 0, 0),
        (ELSEWHERE, 0, 0),
        (ELSEWHERE + 1, 0, 1),
        (ELSEWHERE + 3, 1, 2),
        (ELSEWHERE + 3, 9, 0),
    ],
)
def test_so_many_more_go_into_the_line(idle, waiting, more):
    assert taken(idle, waiting) == more


def test_before_anything_is_known_nothing_does():
    assert not HomeLine(HERE, ELSEWHERE).takes_one()


def test_what_was_put_there_counts_only_until_more_is_heard():
    line = HomeLine(HERE, ELSEWHERE)
    line.hear(0, LINE_TASKS * HERE - 1)
    assert [line.takes_one(), line.takes_one()] == [True, False]
    line.hear(0, LINE_TASKS * HERE - 1)
    assert line.takes_one()


@pytest.mark.parametrize(
    ("hosts", "home"),
    [
        (["a"] * 4, set()),
        (["a", "b", "a", "b"], {0, 2}),
        (["a", "a", "b"], {0, 1}),
        (["a", "b", "b"], set()),
        (["a"], set()),
    ],
)
def test_the_ranks_on_the_node_of_the_head(hosts, home):
    assert home_of(hosts) == home


def test_of_those_ranks_the_line_counts_the_ones_of_the_pool():
    plan = cast(Any, SimpleNamespace(pool_ranks=[3, 4, 5, 6, 7], size=8))
    assert line_of(plan, ()) is None
    line = line_of(plan, {0, 1, 2, 3, 4})
    assert line is not None
    line.hear(0, 0)
    assert sum(line.takes_one() for _ in range(100)) == 2 * LINE_TASKS
    line.hear(3, 0)
    assert not line.takes_one()
    line.hear(4, 0)
    assert line.takes_one()
