"""Elements that share something which one of them changes: on one rank, or told."""

from __future__ import annotations

from typing import Any

import pytest

from hpcd4p import WorkflowGraph
from hpcd4p.errors import WorkflowError
from hpcd4p.plan.inputs import resolve_inputs
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.record.memory import MemorySink
from hpcd4p.runtime import sequential
from hpcd4p.runtime.run_spec import RunSpec
from hpcd4p.testing.cluster import Cluster
from tests.sim.elements import Given
from tests.sim.spellings import load

TUPLES = 40

TICKETS = """
N = 0
SEEN = []
def more(seen=[]):
    seen.append(1)
    return len(seen)
def bump():
    global N
    N += 1
    return N
"""


def element(name, line, *more):
    body = "\n".join(["    pass", *(f"    {each}" for each in more)])
    return f"class {name}(IterativePE):\n{body}\n    def _process(self, data):\n        {line}\n"


def pair(first, second, top=TICKETS):
    return f"{top}\n{element('First', *first)}\n{element('Second', *second)}\nWORK = First(), Second()\n"


OWN = "global N; N += 1; return N"
DECLARED = "stateful = True"

TOGETHER: dict[str, Any] = {
    "two that are found by reading": pair([OWN], [OWN]),
    "a list": pair(["SEEN.append(1); return len(SEEN)"], ["SEEN.append(1); return len(SEEN)"]),
    "one by reading, one by a helper": pair([OWN], ["return bump()"]),
    "one that is declared, one in the pool": pair([OWN, DECLARED], ["return bump()"]),
    "the declared one by a helper": pair(["return bump()", DECLARED], ["return bump()"]),
    "two that are declared": pair(["return bump()", DECLARED], ["more(); return bump()", DECLARED]),
    "several instances": pair([OWN, "numprocesses = 3"], [OWN, "numprocesses = 2"]),
    "the list of a class": """
class Work(IterativePE):
    seen = []
    def _process(self, data):
        self.seen.append(1)
        return len(self.seen)
WORK = Work(), Work()
""",
}
TOLD = {
    "a default argument": pair(["return more()", DECLARED], ["return more()"]),
    "a class by its name": pair(
        ["Base.n += 1; return Base.n", DECLARED], ["Base.n += 1; return Base.n"], "class Base:\n    n = 0\n"
    ),
    "a class that reading does not see": """
class Base(IterativePE):
    n = 0
    def _process(self, data):
        type(self).__mro__[1].n += 1
        return Base.n
class First(Base):
    stateful = True
class Second(Base):
    pass
WORK = First(), Second()
""",
    "keyword default, by another one's call": pair(
        ["globals()['N'] += 1; return N", DECLARED], ["globals()['N'] += 1; return N", DECLARED]
    ),
}
POOL: dict[str, Any] = {
    "nobody is declared": pair(["return bump()"], ["return bump()"]),
}
FREE: dict[str, Any] = {
    "a constant": pair(["return N + data", DECLARED], ["return N + data"]),
    "a cache": pair(
        ["if data not in M:\n            M[data] = 2 * data\n        return M[data]", DECLARED],
        ["return M.get(data, 2 * data)"],
        "M = {}\n",
    ),
    "says that it does not matter": pair(
        ["bump(); return data", DECLARED], ["bump(); return data", "stateful = False"]
    ),
}


def side_by_side(text):
    made = WorkflowGraph()
    given = Given()
    for each in load(text).WORK:
        made.connect(given, "output", each, "input")
    return made


def inputs():
    return {"Given": [{"item": i} for i in range(TUPLES)]}


def answer(sink):
    return sorted(repr(v) for values in sink.results.values() for v in values)


def of_one_process(graph, given):
    settings = EngineSettings()
    plan, elements = make_plan(graph, 1, settings, by_value=True)
    sink = MemorySink()
    sequential.run(RunSpec(plan, elements, resolve_inputs(plan, elements, given), settings), sink)
    assert not sink.letters
    return answer(sink)


@pytest.mark.parametrize("mapping", ["hybrid", "static"])
@pytest.mark.parametrize("size", [2, 4, 9])
@pytest.mark.parametrize("name", [*TOGETHER, *POOL, *FREE])
def test_what_is_shared_is_in_one_place(name, size, mapping):
    text = {**TOGETHER, **POOL, **FREE}[name]
    expected = of_one_process(side_by_side(text), inputs())
    for seed in range(4):
        cluster = Cluster(lambda: side_by_side(text), size, inputs(), seed, mapping=mapping)
        summary = cluster.run()
        if name in POOL and mapping == "static" and size > 2:
            assert summary.status == 1  # nobody can claim anything there
            continue
        assert answer(cluster.sink) == expected, summary.notes
        assert summary.status == 0, summary.reason
        told = [note for note in summary.notes if "stateful = False" in note or "one rank" in note]
        assert size == 2 or bool(told) == (name not in FREE)


@pytest.mark.parametrize("mapping", ["hybrid", "static"])
@pytest.mark.parametrize("size", [5, 9])
@pytest.mark.parametrize("name", TOLD)
def test_where_that_is_not_known_before_it_is_told(name, size, mapping):
    for seed in range(4):
        cluster = Cluster(lambda: side_by_side(TOLD[name]), size, inputs(), seed, mapping=mapping)
        summary = cluster.run()
        same = answer(cluster.sink) == of_one_process(side_by_side(TOLD[name]), inputs())
        assert summary.status == 1 or same
        assert same or "in doubt" in summary.reason
        assert not same or size < 9


SOURCE = """
class Source(ProducerPE):
    {}
    def _process(self, inputs):
        bump()
        return N
"""


@pytest.mark.parametrize("declared", ["stateful = True", "pass"])
@pytest.mark.parametrize("second", [[OWN, DECLARED], [OWN], ["return bump()"], ["return N"]])
def test_what_a_source_shares_with_an_element_elsewhere_is_told(second, declared):
    text = TICKETS + SOURCE.format(declared) + element("Second", *second) + "\nWORK = Source(), Second()"

    def graph():
        made = WorkflowGraph()
        source, work = load(text).WORK
        made.connect(source, "output", work, "input")
        return made

    for seed in range(4):
        cluster = Cluster(graph, 4, TUPLES, seed)
        summary = cluster.run()
        assert summary.status == 1
        assert "in doubt" in summary.reason
        assert any(kind == "doubt" for _, kind, _ in cluster.sink.events)


def test_dynamic_refuses_what_would_have_to_be_in_one_place():
    text = TOGETHER["one by reading, one by a helper"]
    with pytest.raises(WorkflowError, match="cannot run in the mapping dynamic"):
        make_plan(side_by_side(text), 4, EngineSettings(), mapping="dynamic")


@pytest.mark.parametrize("size", [2, 4, 8])
def test_dynamic_lets_one_rank_claim_what_reading_does_not_find(size):
    text = POOL["nobody is declared"]
    for seed in range(6):
        cluster = Cluster(lambda: side_by_side(text), size, inputs(), seed, mapping="dynamic")
        summary = cluster.run()
        assert answer(cluster.sink) == of_one_process(side_by_side(text), inputs())
        assert summary.status == 0
        assert len(set(cluster.store.owners.values())) == 1
