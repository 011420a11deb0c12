"""State that nobody declared is found in the source, and habits that are no state are left alone."""

from __future__ import annotations

import heapq
import itertools
import random
from collections import Counter

import pytest

from hpcd4p import BatchPE, GenericPE, IterativePE, ProducerPE, SimpleFunctionPE, WorkflowGraph
from hpcd4p.plan.changes import changes
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.model import Role
from hpcd4p.plan.settings import EngineSettings

SEEN: set[int] = set()
TABLE: dict[int, int] = {}
TOTAL = 0


class Counts(IterativePE):
    count = 0

    def _process(self, data):
        self.count += 1
        return self.count


class Collects(IterativePE):
    def __init__(self):
        super().__init__()
        self.items, self.by_key, self.heap, self.counter = [], {}, [], Counter()
        self.ticket = itertools.count()
        self.dice = random.Random(1)
        self.best = None

    def _process(self, data):
        self.items.append(data)


class ByKey(Collects):
    def _process(self, data):
        self.by_key[data % 3] = data


class Heap(Collects):
    def _process(self, data):
        heapq.heappush(self.heap, data)


class Tickets(Collects):
    def _process(self, data):
        return next(self.ticket)


class Dice(Collects):
    def _process(self, data):
        return self.dice.random()


class Maximum(Collects):
    def _process(self, data):
        if self.best is None or data > self.best:
            self.best = data
            return data
        return None


class First(Collects):
    def _process(self, data):
        if self.best is None:
            self.best = data
        return data - self.best


class Alias(Collects):
    def _process(self, data):
        items = self.items
        items += [data]


class Nested(Collects):
    def _process(self, data):
        self.counter[data] += 1


class ThroughMethods(GenericPE):
    def __init__(self):
        super().__init__()
        self._add_input("a")
        self.rows = []

    def process(self, inputs):
        self._keep(inputs["a"])

    def _keep(self, row):
        self._keep_in(row)

    def _keep_in(self, row):
        self.rows.append(row)


class Parent(Counts):
    def _process(self, data):
        return super()._process(data)


class Batches(BatchPE):
    total = 0

    def process_batch(self, items):
        self.total += sum(items)
        return items


class OfTheClass(IterativePE):
    count = 0

    def _process(self, data):
        OfTheClass.count += 1


class Sets(IterativePE):
    def _process(self, data):
        setattr(self, "last", data)  # noqa: B010


class Previous(IterativePE):
    previous = 0

    def _process(self, data):
        step = data - self.previous
        self.previous = data
        return step


def global_set(number):
    SEEN.add(number)
    return number


def global_name(number):
    global TOTAL
    TOTAL += number
    return TOTAL


def first_of_its_key(pair):
    if pair % 3 not in TABLE:
        TABLE[pair % 3] = pair
    return TABLE[pair % 3]


def closure():
    kept = []

    def keep(number):
        kept.append(number)
        return number

    return keep


@pytest.mark.parametrize(
    ("pe", "what"),
    [
        (Counts(), ["self.count"]),
        (Collects(), ["self.items"]),
        (ByKey(), ["self.by_key"]),
        (Heap(), ["self.heap"]),
        (Tickets(), ["self.ticket"]),
        (Dice(), ["self.dice"]),
        (Maximum(), ["self.best"]),
        (First(), ["self.best"]),
        (Alias(), ["self.items"]),
        (Nested(), ["self.counter"]),
        (ThroughMethods(), ["self.rows"]),
        (Parent(), ["self.count"]),
        (Batches(), ["self.total"]),
        (OfTheClass(), ["OfTheClass"]),
        (Sets(), ["self"]),
        (Previous(), ["self.previous"]),
        (SimpleFunctionPE(global_set), ["SEEN"]),
        (SimpleFunctionPE(global_name), ["TOTAL"]),
        (SimpleFunctionPE(first_of_its_key), ["TABLE"]),
        (SimpleFunctionPE(closure()), ["kept"]),
    ],
    ids=lambda value: value.name if isinstance(value, GenericPE) else "",
)
def test_state_that_nobody_declared_is_found(pe, what):
    found = changes(pe)
    assert [change.what for change in found] == what
    assert all(change.where.startswith("test_changes.py:") for change in found)


def test_the_line_is_said():
    (change,) = changes(Counts())
    number = int(change.where.rpartition(":")[2])
    with open(__file__) as file:
        assert "self.count += 1" in file.read().splitlines()[number - 1]


class Model(IterativePE):
    def __init__(self):
        super().__init__()
        self.path, self.model, self.table, self.count, self.here = "/dev/null", None, {}, 3, None

    def _process(self, data):
        if self.model is None:
            self.model = load(self.path)
        return data


class Missing(Model):
    def _process(self, data):
        if not hasattr(self, "late"):
            self.late = dict(path=self.path)
        return data


class Scratch(Model):
    def _process(self, data):
        self.here = data * 2
        if self.here > 10:
            self.here = 10
        return self._half()

    def _half(self):
        return self.here / 2


class Remembers(Model):
    def _process(self, data):
        if data not in self.table:
            square = data * data  # noqa: F841
            self.table[data] = load(data)
        return self.table[data]


class Number(Model):
    def _process(self, data):
        count = self.count
        count += data
        return count


class Local(Model):
    def _process(self, data):
        rows = []
        rows.append(data)
        data["seen"] = True
        self.log(data)
        self.write("output", rows)


class InPreprocess(Model):
    def preprocess(self):
        self.model = 3
        self.table["a"] = 1

    def _process(self, data):
        return data + self.model


class Other(ProducerPE):
    def _process(self, inputs):
        for n in range(3):
            self.write("output", n)


def load(key):
    return key


@pytest.mark.parametrize(
    "pe",
    [
        Model(), Missing(), Scratch(), Remembers(), Number(), Local(), InPreprocess(), Other(),
        SimpleFunctionPE(round), SimpleFunctionPE(lambda n: n + 1), IterativePE(), SimpleFunctionPE(),
    ],
    ids=lambda pe: pe.name,
)  # fmt: skip
def test_habits_that_are_no_state_are_left_alone(pe):
    assert changes(pe) == []


def test_code_without_a_source_is_left_to_the_run():
    space = {"IterativePE": IterativePE}
    exec("class Hidden(IterativePE):\n    def _process(self, data):\n        self.n = data\n", space)
    assert changes(space["Hidden"]()) == []


def plan_of(pe):
    graph = WorkflowGraph()
    graph.connect(Other(), "output", pe, "input")
    plan, _ = make_plan(graph, 4, EngineSettings())
    return plan.elements[1]


def test_an_element_that_changes_itself_has_one_place():
    element = plan_of(Counts())
    assert (element.role, element.partitions) == (Role.STATE, 1)
    assert "it changes self.count (test_changes.py:" in element.reason
    assert "stateful = False" in element.reason
    assert element.undeclared.startswith("self.count (")


@pytest.mark.parametrize(("says", "role"), [(False, Role.POOL), (True, Role.STATE)])
def test_what_an_element_says_of_itself_counts(says, role):
    pe = Counts()
    pe.stateful = says
    element = plan_of(pe)
    assert (element.role, element.undeclared) == (role, "")
