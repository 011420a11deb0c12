"""What elements say on simulated ranks reaches the head, each line once; what is too much is counted."""

from __future__ import annotations

from collections import Counter

import pytest

from hpcd4p import IterativePE, KeyedPE, ProducerPE, WorkflowGraph
from hpcd4p.record import element_lines
from hpcd4p.runtime.execute import element_log
from hpcd4p.testing.cluster import Cluster

TUPLES = 300


class Numbers(ProducerPE):
    def _process(self, inputs):
        self.log("begins")
        for n in range(TUPLES):
            self.write("output", n)


class Says(IterativePE):
    def _process(self, n):
        self.log(f"got {n}")
        return n % 7, n


class Sum(KeyedPE):
    def process_key(self, key, value, state):
        return (state or 0) + value

    def end_key(self, key, state):
        self.log(f"end of {key}")


def graph() -> WorkflowGraph:
    made = WorkflowGraph()
    numbers, says, total = Numbers(), Says(), Sum()
    made.connect(numbers, "output", says, "input")
    made.connect(says, "output", total, "input")
    return made


EXPECTED = Counter(
    [
        ("Numbers0", "begins"),
        *(("Says1", f"got {n}") for n in range(TUPLES)),
        *(("Sum2", f"end of {key}") for key in range(7)),
    ]
)


@pytest.mark.parametrize("mapping", ["hybrid", "static"])
@pytest.mark.parametrize("shared", [True, False], ids=["shared", "own"])
@pytest.mark.parametrize("size", [2, 4, 9])
def test_each_line_comes_once_with_a_rank_that_runs_the_element(size, shared, mapping):
    cluster = Cluster(graph(), size, 1, seed=size, mapping=mapping, shared=shared)
    summary = cluster.run()
    assert Counter((line.element, line.text) for line in cluster.sink.lines) == EXPECTED
    assert summary.log.kept == EXPECTED.total()
    assert summary.log.left_out == 0
    assert {line.rank for line in cluster.sink.lines if line.element == "Numbers0"} == {0}
    assert 0 not in {line.rank for line in cluster.sink.lines if line.element != "Numbers0"}
    partitions = {line.partition for line in cluster.sink.lines if line.element == "Sum2"}
    assert len(partitions) > 1


@pytest.mark.parametrize("seed", range(5))
def test_with_ranks_that_die_lines_may_be_lost_or_come_again_but_none_is_made_up(seed):
    cluster = Cluster(graph(), 6, 1, seed=seed, kills=2)
    cluster.run()
    said = Counter((line.element, line.text) for line in cluster.sink.lines)
    assert said.keys() <= EXPECTED.keys()
    assert {text for element, text in said if element == "Sum2"} == {f"end of {key}" for key in range(7)}


def test_a_flood_is_bounded_and_every_line_of_it_is_counted(monkeypatch):
    monkeypatch.setattr(element_log, "MOST_LINES", 40)
    monkeypatch.setattr(element_lines, "FIRST_LINES", 20)
    monkeypatch.setattr(element_lines, "LAST_LINES", 10)
    cluster = Cluster(graph(), 4, 1)
    summary = cluster.run()
    assert len(cluster.sink.lines) == summary.log.kept <= 30
    assert summary.log.kept + summary.log.left_out == EXPECTED.total()
    (note,) = (note for note in summary.notes if "logs" in note)
    assert f"{summary.log.left_out:,} lines were left out" in note
