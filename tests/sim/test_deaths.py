"""Any role may die at any moment: the run ends with the right answer, or with a word and status 3."""

from __future__ import annotations

import pytest

from hpcd4p import IterativePE
from hpcd4p.errors import ElementFailed, RankLost, RunStopped
from hpcd4p.runtime.head.coordinator import FAREWELL_S
from hpcd4p.testing import turns
from hpcd4p.testing.cluster import Cluster
from tests.sim.compare import answer, of_one_process, seeds
from tests.sim.elements import Given, Howmany, Pair
from tests.sim.gallery import GALLERY, SHORT_BURSTS, chain, hold_a_tenth, items

CASES = {**GALLERY, **SHORT_BURSTS}

STATEFUL = 1


@pytest.fixture(autouse=True)
def deadline(monkeypatch):
    monkeypatch.setattr(turns, "MOST_TURNS", 400_000)


@pytest.fixture(autouse=True)
def tenth(monkeypatch):
    hold_a_tenth(monkeypatch)


def each(mark):
    return pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))(mark)


def end(case, size, seed, *doomed, mapping="hybrid", kills=0):
    """The cluster after its end, and why it has stopped, if it has; else its answer is right."""
    graph, inputs = case.build()
    cluster = Cluster(graph, size, inputs, seed, kills=kills, mapping=mapping, doomed=doomed)
    stop = None
    try:
        cluster.run()
    except RunStopped as error:
        stop = error
        assert stop.status == 3
    else:
        assert answer(cluster.sink) == of_one_process(case)
    assert set(cluster.ends) == set(range(size))  # all have ended: nobody hangs
    return cluster, stop


def left(cluster):
    """The ranks that have left as they were told."""
    return {rank for rank, (how, _) in cluster.ends.items() if how == "left"}


@each
def test_when_a_stateful_rank_dies_the_head_says_so_and_sends_the_others_home(case):
    for seed in seeds(4):
        cluster, stop = end(case, 6, seed, STATEFUL, kills=seed % 2)
        if stop is None:  # it was about to leave, or nothing is held there
            continue
        assert f"rank {STATEFUL}, which held" in str(stop)
        assert stop.summary.status == 3
        assert stop.summary.outputs.keys() <= of_one_process(case)[0].keys()
        others = set(range(6)) - {STATEFUL, *cluster.lost}
        assert others <= left(cluster)


@pytest.mark.parametrize("mapping", ["hybrid", "static"])
@each
def test_when_the_broker_goes_everybody_leaves_and_the_head_keeps_what_there_is(case, mapping):
    for seed in seeds(3):
        cluster, stop = end(case, 5, seed, "broker", mapping=mapping)
        if stop is None:  # it went when all was done
            continue
        assert stop.summary.status == 3
        assert cluster.ends[0][0] == "left"
        assert stop.summary.outputs.keys() <= of_one_process(case)[0].keys()


@each
def test_when_the_head_is_killed_nobody_waits_for_it(case):
    for seed in seeds(3):
        cluster, stop = end(case, 5, seed, 0)
        if stop is None:  # the run was shorter than its life
            continue
        assert cluster.summary is None
        killed_s = cluster.ends[0][1]
        assert cluster.ends[0][0] == "killed"
        assert max(when for _, when in cluster.ends.values()) < killed_s + FAREWELL_S


def test_nor_does_who_begins_after_its_death_with_nothing_to_ask_for():
    for seed in range(8):
        cluster = Cluster(chain(Given(), Pair(), Howmany()), 12, items(40), seed, mapping="static")
        cluster.fates.before = lambda rank, fates=cluster.fates: rank or fates.kill(rank)
        with pytest.raises(RankLost, match="rank 0 was killed"):
            cluster.run()
        assert set(cluster.ends) == set(range(12))


@each
def test_of_several_deaths_at_once_one_is_told(case):
    for seed in seeds(3):
        _, stop = end(case, 6, seed, STATEFUL, "broker", kills=1)
        assert stop is None or stop.summary.status == 3


def test_each_of_these_deaths_does_happen():
    case = GALLERY["state, pool, state"]
    for who in (STATEFUL, 0, "broker"):
        stops = [end(case, 5, seed, who)[1] for seed in range(10)]
        assert sum(stop is not None for stop in stops) >= 5


class Unready(IterativePE):
    """Its preprocessing fails on some ranks."""

    def preprocess(self):
        if self.rank == 2:
            raise OSError("no such file")

    def _process(self, datum):
        return datum


def test_an_element_that_fails_to_start_on_one_rank_ends_the_run_by_its_name():
    for seed in range(3):
        cluster = Cluster(chain(Given(), Unready(), Howmany()), 4, items(40), seed)
        with pytest.raises(ElementFailed, match="preprocess of element Unready1 raised OSError"):
            cluster.run()
        assert set(cluster.ends) == set(range(4))
