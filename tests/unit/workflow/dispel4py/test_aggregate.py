"""Aggregates: one instance, or any number of them and one that joins what they write."""

from __future__ import annotations

import math
import statistics
from typing import Any

import pytest

import hpcd4p
from hpcd4p import GenericPE, WorkflowGraph
from hpcd4p.workflow.dispel4py import aggregate as a

ROWS: list[list[Any]] = [[(7 * i) % 11 - 5, i / 2, "abc"[i % 3]] for i in range(40)]
FIRST = [row[0] for row in ROWS]


class Rows(GenericPE):
    def __init__(self):
        super().__init__()
        self._add_output("output")

    def process(self, inputs):
        for row in inputs["rows"]:
            self.write("output", row)


def result_of(element, rows=ROWS):
    graph, source = WorkflowGraph(), Rows()
    graph.connect(source, "output", element, "input")
    outputs = hpcd4p.run(graph, {source: [{"rows": rows}]}).outputs
    assert len(outputs) <= 1
    return next(iter(outputs.values()), [])


def parallel(composite, instances):
    first, _ = composite.get_contained_objects()
    first.numprocesses = instances
    return composite


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        (a.CountPE(), [[40]]),
        (a.SumPE(), [[sum(FIRST)]]),
        (a.SumPE([1, 0]), [[390.0, sum(FIRST)]]),
        (a.MinPE([0, 2]), [[-5, "a"]]),
        (a.MaxPE([2, 0]), [["c", 5]]),
        (a.AverageParallelPE(1), [[9.75, 40, 390.0]]),
    ],
)
def test_one_instance_writes_once_at_the_end(element, expected):
    assert result_of(element) == expected


@pytest.mark.parametrize("instances", [1, 3, 16])
@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (a.parallel_count, [[40]]),
        (a.parallel_sum, [[sum(FIRST)]]),
        (lambda: a.parallel_sum([1, 0]), [[390.0, sum(FIRST)]]),
        (lambda: a.parallel_min([1]), [[0.0]]),
        (lambda: a.parallel_max([1, 2]), [[19.5, "c"]]),
        (lambda: a.parallel_avg(1), [[9.75, 40, 390.0]]),
    ],
)
def test_any_number_of_instances_gives_the_same(make, expected, instances):
    assert result_of(parallel(make(), instances)) == expected


@pytest.mark.parametrize("instances", [1, 3, 16])
def test_standard_deviation_is_that_of_a_sample(instances):
    ((deviation, count, total, squares),) = result_of(parallel(a.parallel_std_dev(0), instances))
    assert deviation == pytest.approx(statistics.stdev(FIRST))
    assert (count, total, squares) == (40, sum(FIRST), sum(x * x for x in FIRST))


def test_standard_deviation_of_equal_values_is_none_and_of_one_value_unknown():
    ((deviation, *_),) = result_of(a.StdDevPE(), [[0.1]] * 7)
    assert deviation == pytest.approx(0.0, abs=1e-8)
    ((deviation, count, *_),) = result_of(a.StdDevPE(), [[0.1]])
    assert math.isnan(deviation)
    assert count == 1


@pytest.mark.parametrize("value", [-3, -0.5])
def test_the_greatest_of_negative_values_is_negative(value):
    assert result_of(a.parallel_max(), [[value], [value - 1]]) == [[value]]


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (a.parallel_count, [[0]]),
        (a.parallel_sum, [[0]]),
        (a.parallel_min, [[None]]),
        (a.parallel_avg, []),
        (a.parallel_std_dev, []),
    ],
)
def test_nothing_to_aggregate(make, expected):
    assert result_of(parallel(make(), 4), []) == expected


def test_a_continuous_aggregate_writes_after_each_tuple_and_holds_state():
    class Running(a.ContinuousReducePE):
        def _process(self, data):
            self.value[0] += data[self.indexes[0]]

    assert result_of(Running([1]), ROWS[:4]) == [[0.0], [0.5], [1.5], [3.0]]


def test_an_aggregate_of_ones_own():
    class Names(a.AggregatePE):
        def _process(self, inputs):
            self.value[0] += len(inputs["input"][2])

    assert result_of(a.parallel_aggregate(Names(), a.SumPE())) == [[40]]
