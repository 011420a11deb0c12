"""Workflows that only import dispel4py, and were not changed, give the answer that dispel4py's user expects.

In every mapping each runs by itself, in one process or on 4 ranks: a start costs about a second. All that can
run together, in one graph, on 1, 2, 4 and 8 ranks.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pytest

from tests.e2e.answers import Multiset, missing_and_extra, plain
from tests.e2e.harness import WORKFLOWS, Ended

MAPPINGS = {"simple": [1], "static": [1, 2, 4, 8], "dynamic": [1, 2, 4, 8], "hybrid": [1, 2, 4, 8]}
"""Each with the numbers of ranks to try."""

STATELESS_ONLY = ("dynamic",)
"""Mappings that do not take workflows with state."""

ALONE = {1: 1, 8: 4}
"""Ranks of a workflow by itself, by the most that its mapping is tried on."""


@dataclass(frozen=True)
class Flow:
    """A workflow of the gallery: what its sources are given, and what must come out, by 'element.output'."""

    inputs: dict[str, Any]
    outputs: dict[str, list[Any]]
    state: bool = False
    alone: bool = False
    """Not one of those that run together."""


def each(port, values):
    return [{port: value} for value in values]


def running_counts(words):
    """Each word with each count that it reaches."""
    return [(word, i) for word, count in Counter(words).items() for i in range(1, count + 1)]


LINES = ["to be or not to be", "be that as it may"]
PAIRS = running_counts(number % 5 for number in range(40) for _ in range(2))
HOURS = {half: sum(3 * hour for hour in range(12 * half, 12 * half + 12)) for half in (0, 1)}

GALLERY = {
    "aggregates": Flow(
        {"RowSource": [{"first": n, "last": n + 10} for n in (0, 10, 20)]},
        {
            "CountPE1.output": [[30]],
            "SumPE2.output": [[435]],
            "MinPE3.output": [[0]],
            "AverageReducePE4.output": [[14.5, 30, 435]],
            "CountReduce6.output": [[30]],
            "SumPE8.output": [[435, 152]],
            "MinPE10.output": [[0]],
            "MaxPE12.output": [[10, 29]],
            "StdDevReducePE16.output": [(3.2369987518595416, 30, 152, 1074)],
            "SumPE18.output": [[-435]],
        },
        state=True,
    ),
    "all_to_one": Flow(
        {"Payments": each("amount", [0.6 * i for i in range(20)])}, {"Till2.output": [114, 0]}, state=True
    ),
    "arrays": Flow(
        {"ArraySource": each("size", [1, 5, 3000])},
        {
            "Scale2.output": [3 * np.arange(n, dtype=np.int32)[::2].reshape(1, -1) for n in (1, 5, 3000)],
            "Sum3.output": [(0, 1), (6, 5), (2248500, 3000)],
        },
    ),
    "at_once": Flow({"OnceNumbers": 3}, {"Add1.output": [14, 14, 14]}, alone=True),
    "at_the_end": Flow({"EndSource": 5}, {"Note2.notes": ["0:-5 1:1 2:2 3:3 4:4 5:5"]}, state=True),
    "chain": Flow(
        {"ChainNumbers": each("number", range(10))},
        {"Logged_add_two_x6.output": [("Logged_add_two_x", 4 * n - 1 + 4) for n in range(2, 12, 2)]},
    ),
    "counters": Flow(
        {"CountingSource": 30},
        {"CountingElement1.output": [f"call {n}" for n in range(1, 31)]},
        state=True,
    ),
    "functions": Flow(
        {"FunctionInputs": each("number", range(6))},
        {
            "PE_scale1.output": list(range(6)),
            "PE_scale2.output": [3 * n + 1 for n in range(6)],
            "PE_nothing_for_odd3.output": each("even", [0, 2, 4]),
            "Half4.output": [n / 2 for n in range(6)],
        },
    ),
    "given_inputs": Flow(
        {"GivenPair": [{"input0": 1, "input1": "x"}, {"input0": 2}], "words": ["a", "b"], "GivenCalls": 3},
        {
            "Pass1.output": [[1, "x"], [2, "none"]],
            "Pass3.output": ["A", "B"],
            "Pass5.output": ["called with 0"] * 3,
        },
    ),
    "group_by_name": Flow(
        {"StationReadings": 2},
        {
            "Total1.total": [
                {"key": (station, half), "value": 2 * HOURS[half]}
                for station in ("AQU", "BEN", "CAM")
                for half in (0, 1)
            ]
        },
        state=True,
    ),
    "group_by_position": Flow(
        {"WordLines": each("line", LINES)},
        {"WordCounter1.output": running_counts(" ".join(LINES).split())},
        state=True,
    ),
    "instances": Flow(
        {"InstanceNumbers": 1},
        {
            "Sum1.output": [435] * 2,
            "Sum2.output": [435] * 3,
            "Five3.output": [435] * 5,
            "Five4.output": [435],
        },
        state=True,
    ),
    "late_grouping": Flow(
        {"LetterSource": each("text", ["mississippi", "missouri"])},
        {"Tally1.output": running_counts("mississippimissouri")},
        state=True,
    ),
    "late_import": Flow(
        {"LateWords": each("word", ["hi", "ho"])},
        {"Late2.output": [("input", "HI!", [1]), ("input", "HO!", [1])]},
    ),
    "log_and_rank": Flow(
        {"Speeches": each("words", "abc")},
        {"Speaker1.output": [("Speaker is Speaker", word, True) for word in "abc"]},
    ),
    "many_writes": Flow(
        {"FloodSource": 2},
        {
            "Divisors1.output": [
                (n, d) for n in range(500, 5000, 500) for d in range(1, n + 1) if n % d == 0 for _ in range(2)
            ]
        },
    ),
    "nameless": Flow({}, {"last3.output": [25 * max(n, 25 - n) for n in range(25)]}, alone=True),
    "nested_composites": Flow(
        {"LeafNumbers": each("number", range(10))},
        {"Add1.output": [n + 1111 for n in range(10)], "Add2.output": [n + 5011 for n in range(10)]},
    ),
    "old_spelling": Flow(
        {"OldProducer": each("number", range(5))},
        {
            "OldFilter2.output": [("number", n) for n in range(5)],
            "PE_same3.output": [("name", f"n{n}") for n in range(5)],
        },
    ),
    "one_name": Flow(
        {"TwinNumbers": each("number", range(4))},
        {"twin2.output": [3, 4, 5, 6], "twin3.output": [100, 101, 102, 103]},
    ),
    "one_to_all": Flow(
        {"NewsItems": each("item", "hello")}, {"Reader1.known": [list("ehllo")] * 3}, state=True
    ),
    "pipeline": Flow(
        {"PipelineNumbers": each("number", range(40))}, {"Even3.output": list(range(0, 40, 2))}
    ),
    "stateful_attribute": Flow(
        {"PairSource": 2},
        {f"Running{i}.output": PAIRS for i in (1, 2, 3)} | {"Greatest4.output": [39, 39, 39]},
        state=True,
    ),
    "two_inputs": Flow({"JoinNumbers": 15}, {"Join1.pair": [(n, n * n) for n in range(1, 16)]}, state=True),
    "two_outputs": Flow(
        {"SplitNumbers": each("number", range(20))},
        {"Copy1.out": [*range(10), *range(-19, -9)], "Copy2.out": list(range(10, 20))},
    ),
}  # fmt: skip


def words_of(inputs: dict[str, Any]) -> list[str]:
    return ["-d", json.dumps(inputs)] if inputs else []


def multiset(outputs: dict[str, list[Any]]) -> Multiset:
    return Counter((name, plain(value)) for name, values in outputs.items() for value in values)


def nameless(answer: Multiset) -> Multiset:
    """An answer without the running numbers of ids: together, elements have others."""
    found: Multiset = Counter()
    for (name, value), count in answer.items():
        element, _, output = name.rpartition(".")
        found[f"{element.rstrip('0123456789')}.{output}", value] += count
    return found


def assert_done(ended: Ended, ranks: int) -> None:
    assert ended.status == 0, ended.err
    assert ended.summary is not None
    assert ended.summary.ranks == ranks
    assert ended.letters == []
    assert ended.leftovers == []


def flows_for(mapping: str) -> dict[str, Flow]:
    return {name: flow for name, flow in GALLERY.items() if not (flow.state and mapping in STATELESS_ONLY)}


def test_the_gallery_is_the_folder():
    paths = list((WORKFLOWS / "dispel4py").glob("*.py"))
    assert {path.stem for path in paths} == {*GALLERY, "shared_elements"}
    for path in paths:
        assert "hpcd4p" not in path.read_text()


@pytest.mark.parametrize(("mapping", "name"), [(m, name) for m in MAPPINGS for name in flows_for(m)])
def test_each_gives_the_answer_of_dispel4py(runs, name, mapping):
    flow, n = GALLERY[name], ALONE[max(MAPPINGS[mapping])]
    ended = runs.run(f"dispel4py/{name}", n, *words_of(flow.inputs), "--mapping", mapping)
    assert_done(ended, n)
    assert missing_and_extra(multiset(flow.outputs), ended.outputs) == ""


@pytest.mark.parametrize(("mapping", "n"), [(m, n) for m, ranks in MAPPINGS.items() for n in ranks])
def test_all_together_give_the_same(runs, n, mapping):
    flows = {name: flow for name, flow in flows_for(mapping).items() if not flow.alone}
    inputs = dict(chain.from_iterable(flow.inputs.items() for flow in flows.values()))
    words = [*words_of(inputs), "--mapping", mapping, "--only", ",".join(flows)]
    ended = runs.run("together", n, *words)
    assert_done(ended, n)
    expected: Multiset = Counter()
    for flow in flows.values():
        expected += nameless(multiset(flow.outputs))
    assert missing_and_extra(expected, nameless(ended.outputs)) == ""


@pytest.mark.parametrize("n", [1, 4])
def test_inputs_are_named_by_name_or_id_in_a_file(runs, tmp_path, n):
    flow = GALLERY["given_inputs"]
    file = tmp_path / "inputs.json"
    file.write_text(
        json.dumps({"GivenPair0": flow.inputs["GivenPair"], "words": ["a", "b"], "GivenCalls4": 3})
    )
    ended = runs.run("dispel4py/given_inputs", n, "-f", str(file), "-d", "{}", "-i", "7")
    assert_done(ended, n)
    assert ended.outputs == multiset(flow.outputs)


def test_inputs_by_a_name_that_two_elements_have_are_refused(hpcd4p):
    path = WORKFLOWS / "dispel4py" / "one_name.py"
    ended = hpcd4p("run", str(path), "-d", '{"twin": 3}')
    assert ended.status == 2
    assert "which several elements are called: twin1, twin2, twin3; use one of these" in ended.error
