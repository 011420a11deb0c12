"""Rank 0's look at the others, with a Redis and a launcher that are not there."""

from __future__ import annotations

from typing import Any

import pytest

from hpcd4p.control.liveness import START_S
from hpcd4p.errors import RankLost
from hpcd4p.launch import muster
from hpcd4p.launch.muster import Muster
from hpcd4p.wire.messages import Observation
from hpcd4p.wire.statistics import Statistics


class Redis:
    """Tells who is connected."""

    def __init__(self) -> None:
        self.alive: set[int] = set()
        self.heard: dict[int, int] = {}

    def connect(self, *ranks: int) -> None:
        self.alive |= set(ranks)
        self.heard |= dict.fromkeys(ranks, 0)

    def observe(self, alive: bool, fetch: bool = True, stats: bool = True) -> Observation:
        assert alive
        assert not fetch  # what ranks report now is for the coordinator
        return Observation(
            {}, Statistics(), 0, 0, frozenset(), [], frozenset(self.alive), dict(self.heard), []
        )


@pytest.fixture
def clock(monkeypatch):
    times = [100.0]
    monkeypatch.setattr(muster.time, "monotonic", lambda: times[0])
    return times


@pytest.fixture
def redis(monkeypatch, clock):
    return Redis()


def mustered(monkeypatch, hosts: list[str], redis: Any, here: set[int] | None = None) -> Muster:
    monkeypatch.setattr(muster, "parent_of_ranks", lambda: None if here is None else 1)
    monkeypatch.setattr(muster, "ranks_under", lambda launcher: here)
    made = Muster(hosts)
    made.connect(redis)
    return made


def test_a_rank_of_this_node_without_a_process_is_missing_at_once(monkeypatch, redis):
    made = mustered(monkeypatch, ["a", "a", "a"], redis, here={0, 2})
    with pytest.raises(RankLost, match="rank 1 of 3 ended before the run began"):
        made.look()


def test_a_rank_of_another_node_whose_connection_is_gone_is_missing(monkeypatch, redis):
    made = mustered(monkeypatch, ["a", "b", "b"], redis, here={0})
    redis.connect(1, 2)
    made.look()
    redis.alive.remove(2)
    made.look()
    with pytest.raises(RankLost, match="rank 2 of 3"):
        made.look()


def test_a_rank_that_does_not_connect_is_waited_for_and_then_missing(monkeypatch, redis, clock):
    made = mustered(monkeypatch, ["a", "b", "b"], redis, here={0})
    redis.connect(1)
    clock[0] += START_S
    made.look()
    clock[0] += 1
    with pytest.raises(RankLost, match="rank 2 of 3"):
        made.look()


def test_where_a_script_stands_between_launcher_and_rank_no_process_is_missed(monkeypatch, redis):
    mustered(monkeypatch, ["a", "a", "a"], redis).look()
