"""What the summary of a run says of how it ended."""

from __future__ import annotations

import random
from types import SimpleNamespace

import pytest

from hpcd4p import ProducerPE, WorkflowGraph
from hpcd4p.errors import BrokerLost, ElementFailed, Interrupted, RankLost, RunStopped, TooManyFailures
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.record.summary import COMPLETED, FAILED_TUPLES, INTERRUPTED, STOPPED, FailureFigures, RankFigures
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.head.notes import notes_on_run
from hpcd4p.runtime.head.summing import summarise
from hpcd4p.runtime.run_spec import RunSpec
from hpcd4p.wire.position import SourcePosition, Stage
from hpcd4p.wire.resumption import Restored, Resumption
from hpcd4p.wire.statistics import Statistics


class Make(ProducerPE):
    def _process(self, inputs):
        return 1


def told(stats=None, failures=(), stop=None):
    graph = WorkflowGraph()
    graph.add(Make())
    plan, elements = make_plan(graph, 2, EngineSettings())
    spec = RunSpec(plan, elements, [1], EngineSettings())
    summary = summarise(spec, Statistics(stats or {}), [], {}, list(failures), Clock(), stop)
    return summary.state, summary.status, summary.reason


@pytest.mark.parametrize(
    ("stop", "state", "status"),
    [
        (Interrupted("the time is up"), INTERRUPTED, 3),
        (Interrupted("stopped by SIGINT before the end"), INTERRUPTED, 3),
        (RankLost("rank 3, which was stopped by somebody, died"), STOPPED, 3),
        (BrokerLost("stopped by hand"), STOPPED, 3),
        (RunStopped("stopped by"), STOPPED, 3),
        (TooManyFailures("element stopped by its licence"), STOPPED, 1),
        (ElementFailed("preprocess raised: stopped by the doorman"), STOPPED, 1),
    ],
)
def test_a_run_was_interrupted_if_that_is_what_ended_it_whatever_the_words(stop, state, status):
    assert told(stop=stop) == (state, status, str(stop))


def test_without_a_failure_it_is_completed():
    assert told() == (COMPLETED, 0, "")


def test_failed_tuples_make_the_status_1_and_the_reason_says_whether_all_are_kept():
    kinds = [FailureFigures("Make0", "ValueError", "w.py:1", 7, 7)]
    state, status, reason = told({"f:0": 7}, kinds)
    assert (state, status) == (FAILED_TUPLES, 1)
    assert reason == "7 tuples failed; they are kept as dead letters"
    kinds[0].examples = 2
    assert told({"f:0": 7}, kinds)[2] == "7 tuples failed; examples of each kind are kept as dead letters"


def test_outputs_that_nobody_declared_are_told_in_one_note_for_each_element():
    graph = WorkflowGraph()
    graph.add(Make())
    plan, elements = make_plan(graph, 1, EngineSettings())
    spec = RunSpec(plan, elements, [1], EngineSettings())
    outputs = {"Make0.output": 9, **{f"Make0.{name}": 2 for name in ("a.b", "c", "d", "e", "f")}}
    (note,) = summarise(spec, Statistics(), [], outputs, [], Clock(), None).notes
    assert note.startswith("Make0 wrote 10 tuples on outputs that it has not declared ")
    assert "('a.b', 'c', 'd' and 2 more; declared: 'output')" in note


def test_ranks_that_died_are_a_note_only_where_others_did_their_work_again():
    graph = WorkflowGraph()
    graph.add(Make())
    spec = RunSpec(*make_plan(graph, 3, EngineSettings()), [1], EngineSettings())
    ranks = [RankFigures(rank=2, role="pool", state="lost")]
    (note,) = notes_on_run(spec, {}, ranks)
    assert "was done again" in note
    assert notes_on_run(spec, {}, ranks, stopped=True) == []


class Dice(ProducerPE):
    def _process(self, inputs):
        return random.randrange(6)


@pytest.mark.parametrize(("stage", "named"), [(Stage.HEAD, 1), (Stage.DONE, 0), (Stage.POOL, 0)])
def test_a_run_that_has_gone_on_names_sources_that_it_had_to_trust(stage, named):
    graph = WorkflowGraph()
    graph.add(Dice())
    spec = RunSpec(*make_plan(graph, 3, EngineSettings()), [1], EngineSettings())
    fixed = SimpleNamespace(elapsed_s=7.0, positions=[SourcePosition(0, stage)])
    spec.resume = Resumption(3, fixed, Restored({}, frozenset(), 3))
    note, *more = notes_on_run(spec, {}, [])
    assert note.startswith("it went on from checkpoint 3 of a run")
    assert [each.partition(",")[0] for each in more] == ["Dice0 uses random.randrange"] * named
