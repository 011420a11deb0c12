"""State that nobody declared: whatever its spelling, several ranks give the answer of one, or say so."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from hpcd4p import WorkflowGraph
from hpcd4p.errors import RankLost
from hpcd4p.plan.inputs import resolve_inputs
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.record.memory import MemorySink
from hpcd4p.runtime import sequential
from hpcd4p.runtime.commit import outgoing
from hpcd4p.runtime.execute import watch
from hpcd4p.runtime.run_spec import RunSpec
from hpcd4p.testing.cluster import Cluster
from tests.sim.compare import leftovers, seeds
from tests.sim.spellings import FURTHER, PURE, STATE, doubled, graph, keyed, load, longer, two

TUPLES = 60
INPUTS = [{"item": i} for i in range(TUPLES)]


def outputs(sink):
    return {name: Counter(map(repr, values)) for name, values in sink.results.items() if values}


@cache
def of_one_process(text, shape):
    settings = EngineSettings()
    plan, elements = make_plan(shape(text), 1, settings, by_value=True)
    sink = MemorySink()
    spec = RunSpec(plan, elements, resolve_inputs(plan, elements, {"Given": INPUTS}), settings)
    sequential.run(spec, sink)
    assert not sink.letters, sink.letters[0].traceback
    return outputs(sink)


def run(text, shape=graph, size=4, seed=0, **more):
    cluster = Cluster(lambda: shape(text), size, {"Given": INPUTS}, seed, **more)
    summary = cluster.run()
    assert not cluster.sink.letters
    assert not leftovers(cluster)
    if not more.get("kills"):
        left = {figures.rank for figures in summary.ranks_figures}
        assert left == set(range(size)), f"only {left} were waited for in the end"
        assert all(e.tuples_in == TUPLES for e in summary.elements[1:2]), summary.elements
    return cluster, summary


@pytest.mark.parametrize("shape", [graph, longer])
@pytest.mark.parametrize("name", STATE)
def test_every_spelling_gives_the_answer_of_one_process_and_a_note(name, shape):
    for seed in seeds(2):
        cluster, summary = run(STATE[name], shape, seed=seed)
        assert outputs(cluster.sink) == of_one_process(STATE[name], shape), (seed, summary.notes)
        assert summary.status == 0, summary.reason
        assert any(" changes " in note and "stateful" in note for note in summary.notes), summary.notes


MISSED = {"position in a file", "position in a file that is read", "sqlite3 in memory", "compressor",
          "attribute of an installed package", "builtins"}  # fmt: skip
"""The README says so."""


@pytest.mark.parametrize("name", FURTHER)
def test_of_further_spellings_those_are_found_that_the_readme_does_not_except(name):
    right = True
    for size in (2, 4):
        for seed in range(3):
            cluster, summary = run(FURTHER[name], size=size, seed=seed)
            same = outputs(cluster.sink) == of_one_process(FURTHER[name], graph)
            right = right and (same or summary.status == 1)
    assert right == (name not in MISSED)


@pytest.mark.parametrize("name", PURE)
def test_what_holds_no_state_is_shared_by_all_ranks(name):
    for seed in range(3):
        cluster, summary = run(PURE[name], seed=seed)
        assert outputs(cluster.sink) == of_one_process(PURE[name], graph)
        assert summary.status == 0, summary.reason
        assert not summary.notes
        assert not cluster.store.owners


SOME = ["counter on the class", "default argument", "helper that changes self", "lazy object of a helper",
        "counts every third", "counts from the fortieth on", "callable object"]  # fmt: skip
"""Found by watching only, each in another way."""


def assert_exact(text, shape, **more):
    cluster, summary = run(text, shape, **more)
    assert outputs(cluster.sink) == of_one_process(text, shape), (more, summary.notes)
    assert summary.status == 0, summary.reason
    return cluster


@pytest.mark.parametrize("shape", [graph, longer, keyed, two])
@pytest.mark.parametrize("name", SOME)
def test_ranks_that_die_beside_the_owner_change_nothing(name, shape):
    lost = doubted = 0
    tried = seeds(6)
    for seed in tried:
        cluster, summary = run(STATE[name], shape, size=7, seed=seed, kills=3)
        lost += len(cluster.lost)
        doubted += summary.status  # it first changed in a process apart
        assert summary.status or outputs(cluster.sink) == of_one_process(STATE[name], shape)
    assert lost
    assert doubted < len(tried) / 2


@pytest.mark.parametrize("size", [2, 3, 5, 16])
@pytest.mark.parametrize("shape", [longer, keyed, two])
@pytest.mark.parametrize("name", SOME)
def test_any_number_of_ranks(name, shape, size):
    for seed in range(2):
        assert_exact(STATE[name], shape, size=size, seed=seed)


@pytest.mark.parametrize("name", ["counter on the class", "static method's default", "class method"])
def test_elements_that_share_their_state_get_the_same_owner(name):
    for seed in seeds(8):
        cluster, summary = run(STATE[name], doubled, size=6, seed=seed)
        counted = sorted(value for values in cluster.sink.results.values() for value in values)
        assert counted == list(range(1, 2 * TUPLES + 1))
        assert summary.status == 0
        assert len(set(cluster.store.owners.values())) == 1


@pytest.mark.parametrize("name", SOME)
def test_a_policy_that_parks_at_random_never_parks_an_owner_for_long(name):
    settings = EngineSettings(autoscale="tests.sim.chaos:Chaos", scale_s=0.0005)
    for seed in seeds(4):
        assert_exact(STATE[name], longer, size=6, seed=seed, settings=settings)


@pytest.mark.parametrize("name", SOME)
def test_small_marks_and_messages_sent_early_keep_it_exact_or_are_told(name, monkeypatch):
    monkeypatch.setattr(outgoing, "SEND_TUPLES", 2)
    settings = EngineSettings(high_tasks_per_rank=1, inbox_high_tuples=8, max_task_tuples=4, window=1)
    exact = 0
    for seed in range(10):
        cluster, summary = run(STATE[name], keyed, seed=seed, settings=settings)
        same = outputs(cluster.sink) == of_one_process(STATE[name], keyed)
        assert same or summary.status == 1
        exact += same
    assert exact > 5


def test_the_death_of_an_owner_ends_the_run_and_says_why():
    asked = [0]

    def perhaps_kill(rank):
        owns = rank in cluster.store.owners.values()
        asked[0] += owns
        if owns and asked[0] == 9:
            cluster.fates.kill(rank)

    text = STATE["helper that changes self"]
    cluster = Cluster(lambda: graph(text), 4, {"Given": INPUTS}, 1)
    cluster.fates.before = perhaps_kill
    with pytest.raises(RankLost, match=r"did all the work of Work1, which changes self.n while it works"):
        cluster.run()


class KillsOne(Cluster):
    """Rank 1 dies at a moment of its choosing."""

    def __init__(self, at, *args):
        super().__init__(*args)
        self.at, self.asked = at, 0
        self.fates.before = self.perhaps_kill

    def perhaps_kill(self, rank):
        self.asked += rank == 1
        if rank == 1 and self.asked == self.at:
            self.fates.kill(rank)


@pytest.mark.parametrize("shape", [graph, longer])
@pytest.mark.parametrize("name", SOME)
def test_when_the_only_rank_of_the_pool_dies_the_answer_is_right_or_not_given_or_in_doubt(name, shape):
    in_doubt = 0
    for at in (2, 4, 6, 9, 11, 14, 16, 20, 30, 45):
        cluster = KillsOne(at, lambda: shape(STATE[name]), 2, {"Given": INPUTS}, at)
        try:
            summary = cluster.run()
        except RankLost:  # what it had changed is gone
            continue
        in_doubt += summary.status
        if outputs(cluster.sink) != of_one_process(STATE[name], shape):
            assert summary.status == 1
            assert "in doubt: " in summary.reason
    assert in_doubt or name != "counts from the fortieth on"


@pytest.mark.parametrize("name", SOME)
def test_several_pinned_instances_that_change_make_the_status_1_by_name(name):
    cluster, summary = run(STATE[name], size=4, mapping="static")
    assert summary.status == 1
    assert summary.state == "in doubt"
    assert "Work1 changed" in summary.reason or "PE_function1 changed" in summary.reason
    assert any(kind == "doubt" for _, kind, _ in cluster.sink.events)


def test_a_change_that_was_committed_unseen_makes_the_status_1(monkeypatch):
    monkeypatch.setattr(watch, "FREE_S", 0.0)
    monkeypatch.setattr(watch, "SHARE", 0.0)
    text = STATE["counts from the fortieth on"]
    told = []
    for seed in range(20):
        cluster, summary = run(text, seed=seed)
        assert outputs(cluster.sink) == of_one_process(text, graph) or summary.status == 1
        told += [summary.reason] * summary.status
    assert told
    assert all("in doubt: Work1 changed self.n" in reason for reason in told)


@pytest.mark.parametrize("name", PURE)
def test_pinned_instances_that_hold_nothing_are_in_no_doubt(name):
    cluster, summary = run(PURE[name], mapping="static")
    assert outputs(cluster.sink) == of_one_process(PURE[name], graph)
    assert summary.status == 0, summary.reason


def source(text):
    made = WorkflowGraph()
    made.add(load(text).WORK)
    return made


SOURCE = """
class Work(ProducerPE):
    n = 0
    def _process(self, inputs):
        {}
WORK = Work()
"""
SOURCES = {
    "class": SOURCE.format("type(self).n += 1; return self.n"),
    "global": "N = []\ndef f():\n    N.append(1)\n    return len(N)\n" + SOURCE.format("return f()"),
    "default": "def f(n=[]):\n    n.append(1)\n    return len(n)\n" + SOURCE.format("return f()"),
}


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_that_keeps_something_elsewhere_stays_in_one_place(name):
    for seed in range(5):
        cluster = Cluster(lambda: source(SOURCES[name]), 4, 60, seed)
        summary = cluster.run()
        assert Counter(cluster.sink.results["Work0.output"]) == Counter(range(1, 61))
        assert summary.status == 0
