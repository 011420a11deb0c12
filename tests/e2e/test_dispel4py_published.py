"""Workflows in the shape of those that dispel4py's users have published, and its examples: what comes out is
what dispel4py itself gave, in its simple mapping, when `ask_dispel4py` asked it."""

from __future__ import annotations

import json
from collections import Counter

import pytest

import hpcd4p
from hpcd4p.workflow.load import load_workflow
from tests.e2e.answers import Multiset, missing_and_extra, plain
from tests.e2e.ask_dispel4py import CALLS, FOLDER, modules

ANSWERS = json.loads((FOLDER / "answers.json").read_text(encoding="utf-8"))

NOT_DECLARED = ("Alert.alerts", "Aggregate.average", "Xcorr.stored", "Both.halved")


def nameless(name: str) -> str:
    element, _, output = name.rpartition(".")
    return f"{element.rstrip('0123456789')}.{output}"


def multiset(outputs: dict[str, list]) -> Multiset:
    return Counter((nameless(name), plain(value)) for name, values in outputs.items() for value in values)


def test_all_that_was_asked_has_an_answer():
    assert set(ANSWERS) == {name.rpartition(".")[2] for name in modules()}
    assert all(values for answer in ANSWERS.values() for values in answer.values())
    assert {name for answer in ANSWERS.values() for name in answer} >= set(NOT_DECLARED)


@pytest.mark.parametrize("module", modules())
def test_each_gives_the_answer_of_dispel4py(module):
    graph = load_workflow(module if "." in module else str(FOLDER / f"{module}.py")).graph
    result = hpcd4p.run(graph, CALLS)
    assert result.dead_letters == []
    expected = multiset(ANSWERS[module.rpartition(".")[2]])
    assert missing_and_extra(expected, multiset(result.outputs)) == ""


@pytest.mark.parametrize(("mapping", "n"), [("hybrid", 2), ("hybrid", 4), ("static", 4), ("simple", 1)])
def test_all_together_give_it_on_any_number_of_ranks(runs, mapping, n):
    ended = runs.run("published_together", n, "-i", str(CALLS), "--mapping", mapping)
    assert ended.status == 0, ended.err
    assert ended.summary is not None
    assert ended.summary.ranks == n
    assert ended.letters == []
    assert ended.leftovers == []
    expected: Multiset = Counter()
    for answer in ANSWERS.values():
        expected += multiset(answer)
    found: Multiset = Counter()
    for (name, value), count in ended.outputs.items():
        found[nameless(name), value] += count
    assert missing_and_extra(expected, found) == ""
    told = " ".join(ended.summary.notes)
    assert all(repr(name.partition(".")[2]) in told for name in NOT_DECLARED)
    assert told.count("Average processing time") == 2
