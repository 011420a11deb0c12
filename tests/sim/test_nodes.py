"""Clusters on several nodes: what lies in the memory of the head's node is worked on there, or carried.

Every task has a large buffer here, so all that ranks of that node publish may wait in its line.
"""

from __future__ import annotations

import pickle
import random
from typing import Any

import pytest

from hpcd4p.control.home_line import HomeLine
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.testing import cluster, turns
from hpcd4p.testing.cluster import Cluster
from hpcd4p.transport.memory_store import MemoryStore
from hpcd4p.wire import codec
from hpcd4p.wire.codec import Codec, block_of
from tests.sim.compare import answer, leftovers, of_one_process, seeds
from tests.sim.elements import Given, Pair, Slow, SlowNumbers, Total
from tests.sim.gallery import GALLERY, Case, chain, items

SETTINGS = EngineSettings(shared_bytes=1, high_tasks_per_rank=4, max_task_tuples=8)


class Large:
    """A thing whose bytes are a large buffer."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __reduce_ex__(self, protocol: Any) -> Any:
        return pickle.loads, (pickle.PickleBuffer(self._data),)


class LargeCodec(Codec):
    """One for which all that is sent is large."""

    def __init__(self, secret: bytes, *, rank: int = 0) -> None:
        super().__init__(secret, rank=rank)
        self.dumps = lambda thing, **how: pickle.dumps(Large(pickle.dumps(thing)), **how)


@pytest.fixture(autouse=True)
def all_is_large(monkeypatch):
    monkeypatch.setattr(codec, "OUT_OF_BAND_BYTES", 0)
    monkeypatch.setattr(cluster, "Codec", LargeCodec)
    monkeypatch.setattr(turns, "MOST_TURNS", 200_000)


@pytest.fixture
def any_line(monkeypatch):
    """The dice say what stays on the node, and not how much is idle: the answer must not depend on it."""
    dice = random.Random(7)
    monkeypatch.setattr(HomeLine, "takes_one", lambda line: dice.random() < 0.7)


@pytest.fixture
def seen(monkeypatch):
    """How many tasks have waited in the line, and how many were carried."""
    counts = {"near": 0, "carried": 0}
    put, carry = MemoryStore.put, MemoryStore.carry

    def counted(store, task):
        counts["near"] += bool(store.home and block_of(task.payload))
        put(store, task)

    def carried(store, head):
        tasks = carry(store, head)
        counts["carried"] += len(tasks)
        return tasks

    monkeypatch.setattr(MemoryStore, "put", counted)
    monkeypatch.setattr(MemoryStore, "carry", carried)
    return counts


def placed(size: int, seed: int) -> frozenset[int]:
    """The head and some others."""
    dice = random.Random(seed)
    return frozenset({0, *dice.sample(range(1, size), dice.randint(1, size - 2))})


def right(case: Case, size: int, seed: int, home: frozenset[int], **how: Any) -> Cluster:
    graph, inputs = case.build()
    run = Cluster(graph, size, inputs, seed, settings=SETTINGS, home=home, **how)
    run.run()
    assert answer(run.sink) == of_one_process(case)
    left = leftovers(run)
    assert not left, left
    assert not any(run.store.near.values())
    return run


def each(gallery):
    return pytest.mark.parametrize("case", gallery.values(), ids=list(gallery))


@pytest.mark.parametrize("size", [3, 5, 8, 16])
@each(GALLERY)
def test_any_nodes_give_the_answer_of_one_process(case, size, any_line):
    for seed in seeds(2):
        right(case, size, seed, placed(size, seed))


@pytest.mark.parametrize("size", [5, 8])
@each(GALLERY)
def test_whoever_dies_anywhere_the_answer_stays(case, size, any_line):
    for seed in seeds(2):
        right(case, size, seed, placed(size, seed), kills=size // 2)


SLOW = Case(lambda: (chain(SlowNumbers(), Slow(), Pair(), Total()), 60))
"""Ranks are idle when it writes."""

MANY = Case(lambda: (chain(Given(), Slow(), Pair(), Total()), items(400)))
"""More than all can have in their hands at once."""


@pytest.mark.parametrize("case", [SLOW, MANY], ids=["slow", "many"])
def test_what_is_published_on_the_node_of_the_head_stays_there(case, seen):
    right(case, 8, 1, frozenset(range(5)))
    assert seen["near"] > 10
    assert seen["carried"] < seen["near"] / 2


def test_ranks_elsewhere_have_what_they_find_nowhere_else_carried(seen, monkeypatch):
    monkeypatch.setattr(HomeLine, "takes_one", lambda line: True)
    run = right(MANY, 8, 1, frozenset({0, 1}))  # no rank of the pool lives on the node of the head
    assert seen["carried"] == seen["near"] > 0
    assert not run.lost


@pytest.mark.parametrize("seed", seeds(4))
def test_when_the_pool_of_a_node_has_died_the_others_get_its_tasks(seed, seen, any_line):
    run = right(MANY, 6, seed, frozenset({0, 1, 2, 3}), doomed=(2, 3))
    assert {2, 3} <= {*run.lost}
    assert seen["near"] > 0


@pytest.mark.parametrize("case", GALLERY.values(), ids=list(GALLERY))
def test_a_run_goes_on_from_a_checkpoint_on_other_nodes(case, any_line):
    for seed in seeds(2):
        graph, inputs = case.build()
        run = Cluster(graph, 6, inputs, seed, settings=SETTINGS, home=placed(6, seed), checkpoint_s=0.001)
        run.run()
        assert answer(run.sink) == of_one_process(case)
        for kept in run.keeper.complete_ones[-2:]:
            graph, inputs = case.build()
            again = Cluster(graph, 5, inputs, seed, settings=SETTINGS, home=placed(5, seed + 1), resume=kept)
            again.run()
            assert answer(again.sink) == of_one_process(case)
