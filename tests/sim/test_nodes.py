"""Clusters on several nodes: what lies in the memory of a node is worked on there, or carried.

Every task has a large buffer here, so all that ranks of a node publish may wait in its line.
"""

from __future__ import annotations

import pickle
import random
from collections.abc import Iterable
from typing import Any

import pytest

from hpcd4p.control.near_line import NearLine
from hpcd4p.errors import RankLost
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.testing import cluster, turns
from hpcd4p.testing.cluster import Cluster
from hpcd4p.transport.memory_broker import MemoryBroker
from hpcd4p.transport.memory_store import MemoryStore
from hpcd4p.wire import codec
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.nodes import Nodes, nodes_of, porter_of
from tests.sim.compare import answer, leftovers, of_one_process, seeds
from tests.sim.elements import Given, Pair, Slow, SlowNumbers, Spray, Total
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
    monkeypatch.setattr(NearLine, "takes_one", lambda line: dice.random() < 0.7)


@pytest.fixture
def seen(monkeypatch):
    """How many tasks waited in lines, and in those of other nodes; how many were carried, and fetched."""
    counts = {"near": 0, "there": 0, "carried": 0, "fetched": 0}
    put, carry, fetch = MemoryStore.put, MemoryStore.carry, MemoryBroker.fetch

    def counted(store, task, rank):
        near = put(store, task, rank)
        counts["near"] += near
        counts["there"] += bool(near and store.node(rank))
        return near

    def fetched(broker, porter, wanted):
        answer = fetch(broker, porter, wanted)
        counts["fetched"] += bool(answer)
        return answer

    def carried(store, porter):
        tasks = carry(store, porter)
        counts["carried"] += len(tasks)
        return tasks

    monkeypatch.setattr(MemoryStore, "put", counted)
    monkeypatch.setattr(MemoryStore, "carry", carried)
    monkeypatch.setattr(MemoryBroker, "fetch", fetched)
    return counts


def placed(size: int, seed: int) -> Nodes:
    """The head and some others; or each anywhere on two or three nodes."""
    dice = random.Random(seed)
    if seed % 2:
        home = {0, *dice.sample(range(1, size), dice.randint(1, size - 2))}
        return on(size, home)
    nodes = [0, *(dice.randrange(dice.choice((2, 3))) for _ in range(1, size))]
    return nodes_of([str(node) for node in nodes]) or placed(size, seed + 1)


def on(size: int, *nodes: Iterable[int]) -> Nodes:
    """These ranks on the nodes 0, 1, ...; the others on one more."""
    where = {rank: node for node, ranks in enumerate(nodes) for rank in ranks}
    return tuple(where.get(rank, len(nodes)) for rank in range(size))


def right(case: Case, size: int, seed: int, nodes: Nodes, **how: Any) -> Cluster:
    graph, inputs = case.build()
    run = Cluster(graph, size, inputs, seed, settings=SETTINGS, nodes=nodes, **how)
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

WIDE = Case(lambda: (chain(Given(), Spray(20), Slow(), Pair(), Total()), items(40)))
"""Ranks of the pool write much that others of the pool are to run."""


@pytest.mark.parametrize("case", [SLOW, MANY], ids=["slow", "many"])
def test_what_is_published_on_the_node_of_the_head_stays_there(case, seen):
    right(case, 8, 1, on(8, range(5)))
    assert seen["near"] > 10
    assert seen["carried"] < seen["near"] / 2


def test_ranks_elsewhere_have_what_they_find_nowhere_else_carried(seen, monkeypatch):
    # no rank of the pool lives on the node of the head
    monkeypatch.setattr(NearLine, "takes_one", lambda line: not line._here)
    run = right(MANY, 8, 1, on(8, {0, 1}))
    assert seen["carried"] == seen["near"] > 0
    assert not run.lost


def test_what_is_published_on_another_node_stays_there(seen):
    right(WIDE, 8, 1, on(8, {0, 1, 2}))
    assert seen["there"] > 10
    assert seen["carried"] < seen["near"] / 2


@pytest.mark.parametrize("seed", seeds(4))
def test_when_the_pool_of_a_node_has_died_the_others_get_its_tasks(seed, seen, any_line):
    run = right(MANY, 6, seed, on(6, {0, 1, 2, 3}), doomed=(2, 3))
    assert {2, 3} <= {*run.lost}
    assert seen["near"] > 0


def test_when_all_ranks_of_another_node_have_died_its_porter_has_what_they_had(seen, any_line):
    for seed in range(6):
        run = right(WIDE, 7, seed, on(7, {0, 1, 2, 3}), doomed=(4, 5, 6))
        assert {4, 5, 6} <= {*run.lost}
    assert seen["there"] > 10
    assert seen["carried"] > 0


def test_a_node_that_dies_with_tasks_in_its_memory_ends_the_run_and_with_none_does_not(any_line):
    ends = {how_it_ends_without_a_node(seed) for seed in range(16)}
    assert ends == {"arrays are lost that lay in the shared memory of the node of rank 4", "right"}


def how_it_ends_without_a_node(seed):
    graph, inputs = WIDE.build()
    doomed = (4, 5, 6, porter_of(1))
    run = Cluster(graph, 7, inputs, seed, settings=SETTINGS, nodes=on(7, {0, 1, 2, 3}), doomed=doomed)
    try:
        run.run()
    except RankLost as lost:
        return str(lost).partition(":")[0]
    return "right" if answer(run.sink) == of_one_process(WIDE) else "wrong"


def test_a_checkpoint_has_what_lies_on_other_nodes(seen, any_line):
    graph, inputs = WIDE.build()
    run = Cluster(graph, 7, inputs, 1, settings=SETTINGS, nodes=on(7, {0, 1}), checkpoint_s=0.001)
    run.run()
    assert seen["fetched"] > 0
    for kept in run.keeper.complete_ones[-4:]:
        graph, inputs = WIDE.build()
        again = Cluster(graph, 5, inputs, 1, settings=SETTINGS, resume=kept)
        again.run()
        assert answer(again.sink) == of_one_process(WIDE)


@pytest.mark.parametrize("case", GALLERY.values(), ids=list(GALLERY))
def test_a_run_goes_on_from_a_checkpoint_on_other_nodes(case, any_line):
    for seed in seeds(2):
        graph, inputs = case.build()
        run = Cluster(graph, 6, inputs, seed, settings=SETTINGS, nodes=placed(6, seed), checkpoint_s=0.001)
        run.run()
        assert answer(run.sink) == of_one_process(case)
        for kept in run.keeper.complete_ones[-2:]:
            graph, inputs = case.build()
            again = Cluster(graph, 5, inputs, seed, settings=SETTINGS, nodes=placed(5, seed + 1), resume=kept)
            again.run()
            assert answer(again.sink) == of_one_process(case)
