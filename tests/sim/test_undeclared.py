"""State that nobody declared: whatever its spelling, several ranks give the answer of one, or say so."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from hpcd4p.plan.inputs import resolve_inputs
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.record.memory import MemorySink
from hpcd4p.runtime import sequential
from hpcd4p.runtime.job import Job
from hpcd4p.testing.cluster import Cluster
from tests.sim.compare import leftovers
from tests.sim.spellings import PURE, STATE, graph, longer

TUPLES = 60
INPUTS = [{"item": i} for i in range(TUPLES)]


def outputs(sink):
    return {name: Counter(map(repr, values)) for name, values in sink.results.items() if values}


@cache
def of_one_process(text, shape):
    settings = EngineSettings()
    plan, elements = make_plan(shape(text), 1, settings, by_value=True)
    sink = MemorySink()
    job = Job(plan, elements, resolve_inputs(plan, elements, {"Given": INPUTS}), settings)
    sequential.run(job, sink)
    assert not sink.letters, sink.letters[0].traceback
    return outputs(sink)


def run(text, shape=graph, size=4, seed=0, **more):
    cluster = Cluster(lambda: shape(text), size, {"Given": INPUTS}, seed, **more)
    summary = cluster.run()
    assert not cluster.sink.letters
    assert not leftovers(cluster)
    return cluster, summary


@pytest.mark.parametrize("shape", [graph, longer])
@pytest.mark.parametrize("name", STATE)
def test_every_spelling_gives_the_answer_of_one_process_and_a_note(name, shape):
    for seed in range(4):
        cluster, summary = run(STATE[name], shape, seed=seed)
        assert outputs(cluster.sink) == of_one_process(STATE[name], shape), (seed, summary.notes)
        assert summary.status == 0, summary.reason
        assert any(" changes " in note and "stateful" in note for note in summary.notes), summary.notes


@pytest.mark.parametrize("name", PURE)
def test_what_holds_no_state_is_shared_by_all_ranks(name):
    for seed in range(3):
        cluster, summary = run(PURE[name], seed=seed)
        assert outputs(cluster.sink) == of_one_process(PURE[name], graph)
        assert summary.status == 0, summary.reason
        assert not summary.notes
        assert not cluster.store.owners
