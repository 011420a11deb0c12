"""How long tuples take and how old they leave, as the record of a run in virtual time has it."""

from __future__ import annotations

import pytest

from hpcd4p import IterativePE, KeyedPE, ProducerPE, WorkflowGraph
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.testing.cluster import Cluster
from hpcd4p.testing.turns import nap

TUPLES = 150
SLOW_S = 0.5
QUICK_S = 0.02


class Numbers(ProducerPE):
    def _process(self, inputs):
        for number in range(TUPLES):
            self.write("output", number)


class Slow(IterativePE):
    def _process(self, number):
        nap(self.rank, SLOW_S if number % 10 == 0 else QUICK_S)
        return number % 7, 1


class Tally(KeyedPE):
    partitions = 4

    def process_key(self, key, value, state):
        self.write("output", (key, value))
        return (state or 0) + value

    def end_key(self, key, state):
        pass


def build() -> WorkflowGraph:
    graph = WorkflowGraph()
    numbers, slow, tally = Numbers(), Slow(), Tally()
    graph.connect(numbers, "output", slow, "input")
    graph.connect(slow, "output", tally, "input")
    return graph


def spread(cluster: Cluster):
    summary = cluster.summary
    assert summary is not None
    return summary.service["Slow1"], summary.latency["Tally2.output"]


@pytest.mark.parametrize("lend", ["auto", "off"])
@pytest.mark.parametrize("size", [2, 4, 8])
def test_every_slow_tuple_is_timed_wherever_it_runs(size, lend):
    cluster = Cluster(build, size, settings=EngineSettings(lend=lend))
    cluster.run()
    service, latency = spread(cluster)
    assert service.tuples == TUPLES
    assert service.p50_s == pytest.approx(QUICK_S, rel=0.1)
    assert service.p95_s == service.p99_s == pytest.approx(SLOW_S, rel=0.05)
    elements = {e.name: e for e in cluster.summary.elements}
    assert elements["Slow1"].p99_s == service.p99_s
    assert service.mean_s == pytest.approx(elements["Slow1"].busy_s / TUPLES, rel=0.1)
    assert latency.tuples == TUPLES
    assert latency.p50_s > QUICK_S
    assert latency.p99_s <= cluster.clock()


def test_in_the_static_mapping_too():
    cluster = Cluster(build, 4, mapping="static")
    cluster.run()
    service, latency = spread(cluster)
    assert service.tuples == latency.tuples == TUPLES
    assert service.p99_s == pytest.approx(SLOW_S, rel=0.05)


@pytest.mark.parametrize("seed", range(4))
def test_of_a_rank_that_dies_what_it_has_told_stays(seed):
    cluster = Cluster(build, 5, seed=seed, kills=2, settings=EngineSettings(lend="off"))
    cluster.run()
    service, _ = spread(cluster)
    assert cluster.lost
    assert TUPLES - 60 <= service.tuples <= TUPLES + 60
    assert service.p50_s == pytest.approx(QUICK_S, rel=0.1)


@pytest.mark.parametrize("seed", range(3))
def test_a_run_that_goes_on_has_the_times_of_the_one_before(seed):
    first = Cluster(build, 4, seed=seed, checkpoint_s=1.0)
    first.run()
    checkpoint = first.keeper.complete_ones[len(first.keeper.complete_ones) // 2]
    before = checkpoint.resumption().fixed
    second = Cluster(build, 4, seed=seed, resume=checkpoint)
    second.run()
    service, latency = spread(second)
    timed = {element: sum(many for _, many in pairs) for element, pairs in before.service.items()}
    assert 0 < timed[1] < TUPLES
    assert timed[1] < service.tuples
    assert TUPLES - 30 <= service.tuples <= TUPLES
    assert sum(many for _, many in before.latency["Tally2.output"]) < latency.tuples <= TUPLES
    assert service.p99_s == pytest.approx(SLOW_S, rel=0.05)
