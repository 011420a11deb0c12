"""Who waits for an earlier tuple of which element, in words."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from hpcd4p.plan.make import make_plan
from hpcd4p.plan.order import order_of
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.runtime.head.awaiting import Awaiting
from hpcd4p.wire.ask import Awaited
from tests.unit.plan.elements import Hop, Source
from tests.unit.plan.test_order import Series, chain

LANE = (0, 0)


@pytest.fixture
def world():
    plan, _ = make_plan(chain(Source(), Hop(), Hop(), Series()), 6, EngineSettings())
    found = SimpleNamespace(plan=plan, waits=[], asked=0, events=[], moved={})

    def awaited():
        found.asked += 1
        return found.waits

    def elements(rank):
        return {element for element, _ in plan.hosted(rank)} | found.moved.get(rank, set())

    link = SimpleNamespace(awaited=awaited)
    found.awaiting = Awaiting(
        plan, order_of(plan), link, lambda kind, text: found.events.append((kind, text)), elements
    )
    return found


def test_a_wait_that_lasts_is_said_with_both_elements_and_the_rank(world):
    world.waits = [Awaited(1, LANE, "0100", 2, 4)]
    world.awaiting.look(10.0)
    assert world.awaiting.said == ""
    world.awaiting.look(12.0)
    assert world.awaiting.said == "Series3 waits 2 s for an earlier tuple of Hop2, at work on rank 4"
    world.waits = []
    world.awaiting.look(13.5)
    assert world.awaiting.said == ""
    assert world.events == []


def test_a_task_that_nobody_has_waits_for_a_rank(world):
    world.waits = [Awaited(1, LANE, "0100", 1, None)]
    world.awaiting.look(0.0)
    world.awaiting.look(1.0)
    assert world.awaiting.said == "Series3 waits 1 s for an earlier tuple of Hop1, which waits for a rank"


def test_another_tuple_is_another_wait(world):
    for second in range(20):
        world.waits = [Awaited(1, LANE, f"{second:02d}00", 2, 4)]
        world.awaiting.look(float(second))
        assert world.awaiting.said == ""
    assert world.events == []


def test_the_longest_wait_is_said(world):
    world.waits = [Awaited(1, LANE, "0200", 1, 5)]
    world.awaiting.look(0.0)
    world.waits.append(Awaited(1, LANE, "0100", 2, 4))
    world.awaiting.look(2.0)
    world.awaiting.look(4.0)
    assert "waits 4 s for an earlier tuple of Hop1" in world.awaiting.said


def test_a_long_wait_is_part_of_the_story_once(world):
    world.waits = [Awaited(1, LANE, "0100", 2, 4)]
    for second in range(20):
        world.awaiting.look(float(second))
    assert world.events == [
        ("waits", "Series3 has waited 5 s for an earlier tuple of Hop2, at work on rank 4")
    ]


def test_the_broker_is_not_asked_more_than_once_a_second(world):
    for tenth in range(40):
        world.awaiting.look(tenth / 10)
    assert world.asked == 4


def test_a_rank_that_holds_none_of_what_the_task_leads_to_is_not_named(world):
    world.waits = [Awaited(5, LANE, "0100", 2, 4)]
    world.awaiting.look(0.0)
    world.awaiting.look(2.0)
    assert world.awaiting.said == ""


def test_a_rank_to_which_a_partition_has_moved_is(world):
    world.waits = [Awaited(5, LANE, "0100", 2, 4)]
    world.moved = {5: {3}}
    world.awaiting.look(0.0)
    world.awaiting.look(2.0)
    assert world.awaiting.said == "Series3 waits 2 s for an earlier tuple of Hop2, at work on rank 4"
