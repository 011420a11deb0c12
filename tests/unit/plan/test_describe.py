"""The plan in words."""

from __future__ import annotations

import json

import pytest

from hpcd4p import WorkflowGraph
from hpcd4p.plan.describe import as_json, describe, ranges
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from tests.unit.plan.elements import Count, Make, Pass, Ports

EIGHT = """\
Workflow demo on 8 ranks

Elements
  Make0      source     head (rank 0), later the pool  a source: none of its inputs is connected
  Pass1      stateless  any of 6 pool ranks            stateless: no grouping, no postprocess, one input
  Count2     stateful   64 partitions on rank 1        holds state: one state per key; in any order by default
  Ports3     stateful   2 instances on rank 1          holds state: its input 'a' has a grouping (all); in order by default
  collector  collector  head (rank 0)                  built in: receives every unconnected output

Connections
  Make0.output   ->  Pass1.input         to any rank
  Pass1.output   ->  Count2.input        by key 0
  Count2.output  ->  Ports3.a            to every instance
  Ports3.x       ->  outputs of the run
  Ports3.y       ->  outputs of the run

Ranks
  0    head: sources Make0; collector; coordination
  1    stateful: Count2[0,1,2,3,... (64 in all)], Ports3[0,1]
  2-7  pool: stateless elements"""  # noqa: E501


def planned(size):
    graph = WorkflowGraph()
    graph.name = "demo"
    made, passed, counted = Make(), Pass(), Count()
    graph.connect(made, "output", passed, "input")
    graph.connect(passed, "output", counted, "input")
    graph.connect(counted, "output", Ports(2, a="all"), "a")
    return make_plan(graph, size, EngineSettings())[0]


def test_text_of_a_plan():
    assert describe(planned(8)) == EIGHT


@pytest.mark.parametrize("size", [1, 2, 3, 64, 10_000])
def test_every_rank_is_in_the_text_and_it_stays_short(size):
    text = describe(planned(size))
    assert len(text.splitlines()) < 100
    assert f"{size - 1}  " in text


def test_json_of_a_plan():
    found = json.loads(json.dumps(as_json(planned(8))))
    assert [e["role"] for e in found["elements"]] == [
        "source",
        "stateless",
        "stateful",
        "stateful",
        "collector",
    ]
    assert found["connections"][1] == {
        "from": "Pass1",
        "output": "output",
        "to": "Count2",
        "input": "input",
        "spread": "key",
        "key": [0],
    }
    assert found["pool_ranks"] == [2, 3, 4, 5, 6, 7]
    assert found["elements"][2]["owners"] == [1] * 64


def test_runs_of_numbers_are_shortened():
    assert ranges([]) == ""
    assert ranges([0, 1, 2, 5, 7, 8]) == "0-2,5,7-8"
