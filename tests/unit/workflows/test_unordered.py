"""Elements that ship and say `ordered = False`: what they answer does not go by the order of their tuples."""

from __future__ import annotations

import importlib
import pkgutil
import random

import numpy as np
import pytest

import hpcd4p.workflow
import hpcd4p.workflows
from hpcd4p import GenericPE, ProducerPE, WorkflowGraph
from hpcd4p.plan.inputs import resolve_inputs
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.record.memory import MemorySink
from hpcd4p.runtime import sequential
from hpcd4p.runtime.run_spec import RunSpec
from hpcd4p.workflow.dispel4py.aggregate import CountPE
from hpcd4p.workflows.concordance import CountWords, TopWords, Totals
from hpcd4p.workflows.seismic.pairs import Correlation, Overview, Stack
from hpcd4p.workflows.sentiment.elements import HappyState, TopStates
from hpcd4p.workflows.sentiment.ranking import Mood
from hpcd4p.workflows.sentiment.scores import Located

CHANCE = random.Random(4)


def words(number):
    return f"word{number % 9}", (number % 5 + 1, f"file{number % 13}", number)


def ranked(number):
    return f"word{number}", number % 7, 3, f"file{number}", number


def sizes(number):
    return np.arange(8) * number


def located(number):
    return Located(number, 1_000_003 * (number % 11 - 5), f"State{number % 6}", f"Method{number % 2}")


def mood(number):
    return Mood(f"State{number}", number % 5 + 1, number % 7 - 3, "AFINN")


def correlation(number):
    values = np.random.default_rng(number).normal(size=5) * 10.0 ** (number % 9 - 4)
    made = Correlation(values, ("a", f"b{number % 3}"), 20.0, number, 1, "m/s" if number % 7 else "counts")
    return made.key, made


def pair(number):
    coefficient = (number % 17 - 8) / 8
    return {
        "a": f"a{number % 5}", "b": f"b{number}", "start": number, "units": "m/s" if number % 3 else "counts",
        "coefficient": coefficient, "expected_s": float("nan") if number % 4 == 0 else number / 7,
        "lag_s": number / 9, "rate_hz": 20.0,
    }  # fmt: skip


CASES = {
    CountPE: (CountPE, words),
    CountWords: (CountWords, words),
    TopWords: (lambda: TopWords(3), ranked),
    Totals: (Totals, sizes),
    HappyState: (lambda: HappyState("AFINN", 2), located),
    TopStates: (lambda: TopStates("AFINN", 4, "mean"), mood),
    Stack: (Stack, correlation),
    Overview: (lambda: Overview(2), pair),
}


class Tuples(ProducerPE):
    def __init__(self, tuples):
        super().__init__()
        self.tuples = tuples

    def _process(self, inputs):
        for each in self.tuples:
            self.write("output", each)


def answer(made, tuples):
    graph = WorkflowGraph()
    graph.connect(Tuples(tuples), "output", made(), "input")
    settings = EngineSettings()
    plan, elements = make_plan(graph, 1, settings)
    sink = MemorySink()
    sequential.run(RunSpec(plan, elements, resolve_inputs(plan, elements, 1), settings), sink)
    assert not sink.letters
    return {output: sorted(map(repr, values)) for output, values in sink.results.items()}


@pytest.mark.parametrize("cls", CASES, ids=lambda cls: cls.__name__)
def test_any_order_gives_the_same_answer(cls):
    made, of_number = CASES[cls]
    numbers = list(range(500))
    expected = answer(made, map(of_number, numbers))
    assert any(expected.values())
    for _ in range(5):
        CHANCE.shuffle(numbers)
        assert answer(made, map(of_number, numbers)) == expected


def test_all_that_say_so_are_tried():
    found = set()
    for package in (hpcd4p.workflow, hpcd4p.workflows):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            names = vars(importlib.import_module(module.name)).values()
            found |= {each for each in names if isinstance(each, type) and issubclass(each, GenericPE)}
    assert {cls for cls in found if vars(cls).get("ordered") is False} == CASES.keys()
