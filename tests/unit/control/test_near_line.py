"""Which tasks stay on the node where they were written: as many as its ranks will take, and no more."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from hpcd4p.control.near_line import LINE_TASKS, NearLine, line_of

HERE = 3


def taken(idle: int, idle_here: int, waiting: int) -> int:
    line = NearLine(HERE)
    line.hear(idle, idle_here, waiting)
    return sum(line.takes_one() for _ in range(100))


@pytest.mark.parametrize(
    ("idle", "idle_here", "waiting", "more"),
    [
        (0, 0, 0, LINE_TASKS * HERE),
        (0, 0, 2, LINE_TASKS * HERE - 2),
        (0, 0, LINE_TASKS * HERE + 5, 0),
        (4, 0, 0, 0),
        (1, 1, 0, 1),
        (5, 3, 1, 2),
        (5, 3, 9, 0),
    ],
)
def test_so_many_more_go_into_the_line(idle, idle_here, waiting, more):
    assert taken(idle, idle_here, waiting) == more


def test_before_anything_is_known_nothing_does():
    assert not NearLine(HERE).takes_one()


def test_what_was_put_there_counts_only_until_more_is_heard():
    line = NearLine(HERE)
    line.hear(0, 0, LINE_TASKS * HERE - 1)
    assert [line.takes_one(), line.takes_one()] == [True, False]
    line.hear(0, 0, LINE_TASKS * HERE - 1)
    assert line.takes_one()


def test_of_the_ranks_of_a_node_the_line_counts_the_ones_of_the_pool():
    plan = cast(Any, SimpleNamespace(pool_ranks=[3, 4, 5, 6, 7]))
    nodes = (0, 0, 0, 0, 0, 1, 1, 2)
    rooms = []
    for node in (0, 1):
        line = line_of(plan, nodes, node)
        assert line is not None
        line.hear(0, 0, 0)
        rooms.append(sum(line.takes_one() for _ in range(100)))
    assert rooms == [2 * LINE_TASKS, 2 * LINE_TASKS]


def test_a_rank_alone_on_its_node_has_no_line_and_one_node_has_none():
    plan = cast(Any, SimpleNamespace(pool_ranks=[1, 2]))
    assert line_of(plan, (0, 0, 1), 1) is None
    assert line_of(plan, (), 0) is None
