"""What rank 0 keeps of what ranks did."""

from __future__ import annotations

import numpy as np

from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.record.spans import LEAST, MOST, MOST_IN_ALL, most_of
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.execute.spans import Spans
from hpcd4p.runtime.head import tracing
from hpcd4p.runtime.head.tracing import Tracing
from hpcd4p.runtime.rank.reports import CLOCKS_S
from hpcd4p.wire.reports import Traced
from tests.sim.elements import Given, Pair
from tests.sim.gallery import chain

STARTED = 5000.0


def kept(began: float = STARTED) -> Tracing:
    plan, _ = make_plan(chain(Given(), Pair()), 4, EngineSettings())
    made = Tracing(plan)
    made.begin(began)
    return made


def told(rank: int, began: float, *numbers: int) -> Traced:
    """A span of each number."""
    spans = Spans(rank, 1000, Clock(lambda: began, began))
    ran = spans.writer(0, 0)
    for number in numbers:
        ran(began + number, began + number + 0.5, number)
    return spans.told()


def numbers(parts: list[bytes]) -> list[int]:
    return np.frombuffer(b"".join(parts), "<i4").reshape(-1, 11)[:, 7].tolist()


def test_how_many_are_kept_goes_by_the_number_of_ranks():
    assert most_of(1) == most_of(32) == MOST
    assert most_of(1000) == MOST_IN_ALL // 1000
    assert most_of(100_000) == LEAST


def test_ranks_are_kept_apart_in_the_time_of_the_run():
    made = kept()
    made.take(told(1, STARTED + 0.25, 1, 2))
    made.take(told(2, STARTED - 0.5, 3))
    made.take(told(1, STARTED + 0.25, 4))
    trace = made.trace(None)
    assert [(r.rank, r.life, r.began_s, numbers(r.spans)) for r in trace.ranks] == [
        (1, 0, 0.25, [1, 2, 4]), (2, 0, -0.5, [3]),
    ]  # fmt: skip
    assert trace.elements[:2] == ["Given0", "Pair1"]


def test_a_clock_that_is_wrong_is_not_believed():
    made = kept()
    made.take(told(1, STARTED + CLOCKS_S + 1, 1))
    assert made.trace(None).ranks[0].began_s == 0.0


def test_of_more_than_is_kept_the_oldest_go_one_by_one(monkeypatch):
    monkeypatch.setattr(tracing, "most_of", lambda ranks: 5)
    made = kept()
    for first in (0, 3, 6):
        made.take(told(1, STARTED, *range(first, first + 3)))
    made.take(told(1, STARTED))
    rank = made.trace(None).ranks[0]
    assert (numbers(rank.spans), rank.dropped) == ([4, 5, 6, 7, 8], 4)
    made.take(told(1, STARTED, *range(20, 40)))
    rank = made.trace(None).ranks[0]
    assert (numbers(rank.spans), rank.dropped) == ([35, 36, 37, 38, 39], 24)


def test_what_a_lost_rank_has_told_is_there_in_the_next_life_before_its_begin():
    made = kept(STARTED)
    made.take(told(1, STARTED + 1, 1))
    made.begin(STARTED + 100)
    made.take(told(2, STARTED + 100, 2))
    trace = made.trace(None)
    assert [(r.rank, r.life, r.began_s) for r in trace.ranks] == [(1, 0, -99.0), (2, 1, 0.0)]


def test_rank_0_adds_its_own_at_the_end():
    own = Spans(0, 10, Clock(lambda: STARTED, STARTED))
    own.committed(STARTED + 1, STARTED + 2)
    (rank,) = kept().trace(own).ranks
    assert (rank.rank, rank.began_s, len(rank.spans)) == (0, 0.0, 1)
