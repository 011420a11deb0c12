"""The status of a run, written by a real head in virtual time."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest

from hpcd4p import IterativePE, KeyedPE, ProducerPE, WorkflowGraph
from hpcd4p.live.document import Document
from hpcd4p.live.file import MOST_BYTES, fitted
from hpcd4p.live.ranks import MOST_ALONE, State
from hpcd4p.live.run import LiveRun, Resident
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.record.failures import MOST_EXAMPLES
from hpcd4p.runtime.head.progress import Progress
from hpcd4p.testing.cluster import Cluster
from hpcd4p.testing.turns import nap

TASK_S = 0.05


class Numbers(ProducerPE):
    stateful = True

    def __init__(self):
        super().__init__()
        self.number = 0

    def _process(self, inputs):
        self.number += 1
        return self.number


class Slow(IterativePE):
    def _process(self, number):
        nap(self.rank, TASK_S)
        if number % 50 == 7:
            raise ValueError(number)
        return number % 10, 1


class Tally(KeyedPE):
    partitions = 4

    def process_key(self, key, value, state):
        return (state or 0) + value


class Heard(LiveRun):
    """Keeps what is told."""

    def __init__(self, folder, ranks: int) -> None:
        super().__init__(folder / "run.h5", "work", "hybrid", ranks)
        self.told: list[Document] = []
        self.resident = lambda: Resident({0: 1 << 20})

    def tell(self, document: Document) -> None:
        self.told.append(document)


def graph_of_three() -> WorkflowGraph:
    graph = WorkflowGraph()
    slow = Slow()
    graph.connect(Numbers(), "output", slow, "input")
    graph.connect(slow, "output", Tally(), "input")
    return graph


def run(
    folder, size: int, calls: int, lines: list[Progress] | None = None, **given
) -> tuple[Cluster, list[Document]]:
    settings = EngineSettings(lend="off", max_task_tuples=2, autoscale="none")
    cluster = Cluster(graph_of_three(), size, calls, 3, settings=settings, **given)
    cluster.head.watching.live = heard = Heard(folder, size)
    if lines is not None:
        cluster.head.watching.on_progress = lines.append
    cluster.run()
    return cluster, heard.told


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    return run(tmp_path_factory.mktemp("usual"), 6, 1000)


def test_it_comes_once_a_second_from_the_second_second_on(usual):
    _, told = usual
    at = [document.elapsed_s for document in told]
    assert 1.0 <= at[0] < 2.0
    assert all(1.0 <= after - before < 2.0 for before, after in pairwise(at))
    assert all(abs(document.written - time.time()) < 3600 for document in told)


def test_its_numbers_only_grow_and_are_those_of_the_summary_in_the_end(usual):
    cluster, told = usual
    assert cluster.summary is not None
    for before, after in pairwise(told):
        for earlier, later in zip(before.elements, after.elements, strict=True):
            assert earlier.tuples_in <= later.tuples_in
            assert earlier.busy_s <= later.busy_s
    final = {each.name: each for each in cluster.summary.elements}
    for element in told[-1].elements:
        assert element.tuples_in <= final[element.name].tuples_in
        assert element.failed <= final[element.name].failed
    assert told[-1].elements[1].tuples_in > final["Slow1"].tuples_in / 2
    assert sum(failure.tuples for failure in told[-1].failures) == told[-1].totals.failed > 0
    assert MOST_EXAMPLES >= len(told[-1].failures) == 1


def test_rates_are_what_the_pool_can_do(usual):
    cluster, told = usual
    pool = len(cluster.head.spec.plan.pool_ranks)
    slow = [document.elements[1] for document in told[2:-1]]
    assert slow
    assert all(0.5 * pool / TASK_S < each.rate < 1.1 * pool / TASK_S for each in slow)
    assert all(0.5 * pool < each.busy < 1.1 * pool for each in slow)


def test_it_says_what_limits_it_from_the_first_one_on(usual):
    _, told = usual
    firsts = [document.limits[0] for document in told]
    assert firsts[0].kind == "pool"
    pool = [first for first in firsts if first.kind == "pool"]
    assert len(pool) > len(firsts) / 2
    assert all(first.element == "Slow1" and "tasks wait" in first.text for first in pool)
    assert [first.lasts_s for first in pool[:3]] == sorted(first.lasts_s for first in pool[:3])
    assert pool[2].lasts_s >= 2.0


def test_the_end_is_where_it_was_expected(usual):
    cluster, told = usual
    assert cluster.summary is not None
    middle = told[len(told) // 2]
    assert middle.expected is not None
    left_s = cluster.summary.elapsed_s - middle.elapsed_s
    assert middle.expected.left_s == pytest.approx(left_s, rel=0.25)
    assert told[0].expected is None
    assert told[0].expected_not == "it is too early to say"


def test_a_rank_that_has_died_is_lost_in_it(tmp_path):
    cluster, told = run(tmp_path, 6, 500, kills=1)
    (lost,) = cluster.lost
    states = [{row.ranks: row.state for row in document.ranks}[str(lost)] for document in told]
    since = states.index(State.LOST)
    assert set(states[since:]) == {State.LOST}
    assert set(states[:since]) <= {State.WORKING, State.IDLE}


def test_of_many_ranks_all_are_there_and_it_is_small(tmp_path):
    size = MOST_ALONE + 36
    _, told = run(tmp_path, size, 4000)
    assert told
    for document in told:
        assert sum(row.count for row in document.ranks) == size
        assert len(document.ranks) < 10
        assert len(fitted(document)) <= MOST_BYTES


def test_a_run_that_goes_on_expects_its_end_by_what_it_has_done_itself(tmp_path):
    first, _ = run(tmp_path, 6, 1000, checkpoint_s=0.5)
    kept = first.keeper.complete_ones
    late = kept[len(kept) // 2]
    (tmp_path / "again").mkdir()
    lines: list[Progress] = []
    again, told = run(tmp_path / "again", 6, 1000, lines, resume=late, checkpoint_s=0.5)
    assert again.summary is not None
    took_s = again.summary.elapsed_s
    assert first.summary is not None
    assert took_s < first.summary.elapsed_s * 0.7
    expected = [line.elapsed_s + line.left_s for line in lines if line.left_s is not None]
    ends = [each.elapsed_s + each.expected.left_s for each in told if each.expected is not None]
    assert expected[len(expected) // 4] == pytest.approx(took_s, rel=0.25)
    assert ends[0] == pytest.approx(took_s, rel=0.25)
