"""What elements write where nobody expects it, on outputs that they did not declare and in `preprocess`: the
same on any number of ranks."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest

from hpcd4p import ConsumerPE, GenericPE, IterativePE, KeyedPE, ProducerPE, WorkflowGraph, run
from hpcd4p.errors import ElementFailed
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.testing.cluster import Cluster
from tests.sim.compare import answer, of_one_process, simulate
from tests.sim.elements import Given, Pair
from tests.sim.gallery import Case, chain, items

SIZES = (2, 3, 4, 8)
TUPLES = 60

MUCH = 60_000
"""More than a rank may hold of one call's writes."""

OVERFLOW = 9_000
"""More than an instance holds before it moves on."""


class Aside(IterativePE):
    """Writes on two outputs that it has not declared, and returns the second in a dict."""

    def process(self, inputs):
        number = inputs["input"]
        if number % 3 == 0:
            self.write("thirds", number)
        return {"output": number, "twice": [2 * number]}


class NothingDeclared(ProducerPE):
    """A source whose only output is not declared."""

    def __init__(self):
        super().__init__()
        del self.outputconnections["output"]

    def _process(self, inputs):
        return "here"


class Returns(IterativePE):
    def __init__(self):
        super().__init__()
        del self.outputconnections["output"]

    def _process(self, number):
        return -number


class Deaf(ConsumerPE):
    """What a consumer returns is dropped, also if it has an output of that name."""

    def __init__(self):
        super().__init__()
        self._add_output("output")

    def _process(self, number):
        if number % 2:
            self.write("output", number)
        return "dropped"


class Tally(KeyedPE):
    def process_key(self, key, value, state):
        self.write(f"of {key}", value)
        return (state or 0) + 1

    def end_key(self, key, state):
        self.write("end", (key, state))


class Burst(IterativePE):
    def _process(self, number):
        for i in range(MUCH):
            self.write("much", i)


class Uneven(GenericPE):
    """Written at the end, and what it cannot send becomes a dead letter."""

    def __init__(self):
        super().__init__()
        self._add_input("input", grouping="global")

    def process(self, inputs):
        if inputs["input"] % 20 == 0:
            self.write("stuck", lambda: 0)

    def postprocess(self):
        self.write("end", "over")


def _all():
    graph = WorkflowGraph()
    given = Given()
    for other in (Aside(), Returns(), Deaf()):
        graph.connect(given, "output", other, "input")
    pair = Pair()
    graph.connect(given, "output", pair, "input")
    graph.connect(pair, "output", Tally(), "input")
    source = NothingDeclared()
    graph.add(source)
    return graph, {given: items(TUPLES), source: 9}


UNDECLARED = {
    "all kinds": Case(_all),
    "very much": Case(lambda: (chain(Given(), Burst()), items(1))),
}


@pytest.mark.parametrize("mapping", ["hybrid", "static"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("case", UNDECLARED.values(), ids=list(UNDECLARED))
def test_undeclared_outputs_are_outputs_of_the_workflow(case, size, mapping):
    for seed in range(2):
        cluster = simulate(case, size, seed, mapping=mapping)
        assert any("has not declared" in note for note in cluster.head.summary().notes)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("case", UNDECLARED.values(), ids=list(UNDECLARED))
def test_they_are_exact_when_ranks_die(case, seed):
    simulate(case, 5, seed, kills=2, settings=EngineSettings(max_task_tuples=8))


def test_they_are_what_was_written():
    found, _ = of_one_process(UNDECLARED["all kinds"])
    assert found["Aside1.thirds"] == Counter(str(n) for n in range(0, TUPLES, 3))
    assert found["Aside1.twice"] == Counter(f"[{2 * n}]" for n in range(TUPLES))
    assert found["Returns2.output"] == Counter(str(-n) for n in range(TUPLES))
    assert found["Deaf3.output"] == Counter(str(n) for n in range(1, TUPLES, 2))
    assert sum(found["Tally5.of 3"].values()) == len(range(3, TUPLES, 7))
    assert found["Tally5.end"][f"(3, {len(range(3, TUPLES, 7))})"] == 1
    assert found["NothingDeclared6.output"] == Counter({"'here'": 9})


@pytest.mark.parametrize("size", SIZES)
def test_what_cannot_travel_on_one_is_a_dead_letter_that_names_it(size):
    cluster = Cluster(chain(Given(), Uneven()), size, items(TUPLES))
    cluster.run()
    outputs, letters = answer(cluster.sink)
    assert outputs == {"Uneven1.end": Counter({"'over'": 1})}
    assert sum(letters.values()) == 3
    assert all("'stuck'" in letter.error for letter in cluster.sink.letters)


# ---- preprocess


class Header(IterativePE):
    """Writes a line before its first tuple, and again through a method of its own."""

    def preprocess(self):
        self.write("output", "header")
        self._more()

    def _more(self):
        self.write("aside", "more")

    def _process(self, number):
        return number


class Opening(ProducerPE):
    def _preprocess(self):
        self.write("output", "first")

    def _process(self, inputs):
        return "called"


class Each(GenericPE):
    """Three instances, each of which says that it is there."""

    numprocesses = 3

    def __init__(self):
        super().__init__()
        self._add_input("input")
        self._add_output("output")

    def _preprocess(self):
        for _ in range(OVERFLOW):
            self.write("output", "instance")

    def process(self, inputs):
        return {"output": inputs["input"]}


class Hidden(IterativePE):
    """Writes first, through a function that cannot be seen to."""

    def preprocess(self):
        _write_for(self)

    def _process(self, number):
        return number


class HiddenDeclared(Hidden):
    stateful = True


def _write_for(pe):
    pe.write("output", "hidden")


FIRST = {
    "header": Case(lambda: (chain(Given(), Header(), Behind()), items(TUPLES))),
    "no tuples": Case(lambda: (chain(Given(), Header(), Behind()), [])),
    "source": Case(lambda: (chain(Opening(), Behind()), TUPLES)),
    "instances": Case(lambda: (chain(Given(), Each(), Behind()), items(TUPLES))),
    "declared": Case(lambda: (chain(Given(), HiddenDeclared()), items(TUPLES))),
}


class Behind(IterativePE):
    def _process(self, data):
        return "behind", data


@pytest.mark.parametrize("mapping", ["hybrid", "static"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("case", FIRST.values(), ids=list(FIRST))
def test_what_preprocess_writes_comes_once_for_each_instance(case, size, mapping):
    for seed in range(2):
        simulate(case, size, seed, mapping=mapping)


def test_it_is_what_one_instance_wrote():
    found = {name: of_one_process(case)[0] for name, case in FIRST.items()}
    assert found["header"]["Behind2.output"]["('behind', 'header')"] == 1
    assert found["header"]["Header1.aside"] == Counter({"'more'": 1})
    assert found["no tuples"]["Behind2.output"] == Counter({"('behind', 'header')": 1})
    assert found["source"]["Behind1.output"] == Counter(
        {"('behind', 'first')": 1, "('behind', 'called')": TUPLES}
    )
    assert found["instances"]["Behind2.output"]["('behind', 'instance')"] == 3 * OVERFLOW
    assert found["declared"]["HiddenDeclared1.output"]["'hidden'"] == 1


@pytest.mark.parametrize(("size", "mapping"), [(1, "simple"), (2, "hybrid"), (4, "hybrid"), (4, "static")])
def test_an_element_without_a_place_that_writes_first_is_told_what_to_say(size, mapping):
    graph = chain(Given(), Hidden())
    performed = partial(run, graph, items(TUPLES))
    if size > 1:
        performed = Cluster(graph, size, items(TUPLES), mapping=mapping).run
    with pytest.raises(ElementFailed, match=r"preprocess of .*Hidden1 .* it writes .*stateful = True"):
        performed()
