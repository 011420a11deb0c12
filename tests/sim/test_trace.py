"""What ranks tell of what they did, in clusters in one process."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest

from hpcd4p import IterativePE
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.record.spans import BESIDE, FIELDS, PADDING, Kind
from hpcd4p.record.trace import Span, Trace
from hpcd4p.runtime.execute import spans as ring
from hpcd4p.runtime.execute.probation import Abandoned, Probation
from hpcd4p.testing.cluster import Cluster
from hpcd4p.testing.turns import TICK_S, work
from tests.sim.elements import Given, Numbers, Pair, RunningTotal, Slow, Total
from tests.sim.gallery import GALLERY, chain, items
from tests.sim.test_lending import Nap
from tests.traces import assert_apart, assert_complete

TRACED = EngineSettings(trace=True)


def spans_of(trace: Trace) -> list[Span]:
    form = np.dtype([(name, kind) for name, (_, kind, _) in FIELDS.items()] + [("", f"V{PADDING}")])
    found = []
    for rank in trace.ranks:
        for row in np.frombuffer(b"".join(rank.spans), form):
            begin, end, *rest = (row[name].item() for name in FIELDS)
            found.append(Span(rank.rank, rank.life, begin, end, *rest))
    return found


def traced(workflow, inputs, size, seed, **given) -> tuple[Cluster, list[Span]]:
    cluster = Cluster(workflow, size, inputs, seed, settings=TRACED, **given)
    summary = cluster.run()
    assert summary.trace is not None
    assert all(rank.dropped == 0 for rank in summary.trace.ranks)
    return cluster, spans_of(summary.trace)


@pytest.mark.parametrize("name", list(GALLERY))
@pytest.mark.parametrize("size", [2, 5])
def test_the_spans_have_all_that_the_record_has(name, size):
    workflow, inputs = GALLERY[name].build()
    cluster, spans = traced(workflow, inputs, size, seed=1)
    assert_apart(spans)
    assert_complete(spans, cluster.summary.trace.elements, cluster.summary.elements)


@pytest.mark.parametrize("mapping", ["static", "hybrid"])
def test_in_each_mapping_all_ranks_tell(mapping):
    workflow = chain(Given(), Slow(), Pair(), RunningTotal(), Total())
    cluster, spans = traced(workflow, items(200), 5, 3, mapping=mapping)
    assert_apart(spans)
    assert_complete(spans, cluster.summary.trace.elements, cluster.summary.elements)
    assert {rank.rank for rank in cluster.summary.trace.ranks} == set(range(5))
    assert {Kind.RUN, Kind.WAIT, Kind.COMMIT} <= {span.kind for span in spans}


def test_of_a_rank_that_is_lost_there_is_what_it_has_told(monkeypatch):
    monkeypatch.setattr(ring, "TELL_S", 0.002)  # these runs are short
    told = lost = 0
    for seed in range(12):
        workflow = chain(Given(), Slow(), Pair(), Total())
        cluster, spans = traced(workflow, items(400), 6, seed, kills=1)
        assert_apart(spans)
        for rank in cluster.lost:
            lost += 1
            told += any(span.rank == rank and span.kind == Kind.RUN for span in spans)
    assert lost
    assert told


def test_without_being_asked_nobody_tells_anything():
    cluster = Cluster(chain(Given(), Pair(), Total()), 3, items(40), 1)
    assert cluster.run().trace is None
    assert all(loop.account.spans is None for loop in cluster.ranks.values())


@pytest.mark.parametrize("size", [3, 5])
def test_what_ran_beside_a_rank_is_there_in_a_lane_of_its_own(size):
    cluster, spans = traced(chain(Given(), Nap(), Total()), items(300), size, 0)
    assert_apart(spans)
    assert_complete(spans, cluster.summary.trace.elements, cluster.summary.elements)
    lenders = {figures.rank for figures in cluster.summary.ranks_figures if figures.lent_s}
    assert lenders
    assert {span.rank for span in spans if span.lane == BESIDE} == lenders


def test_a_rank_that_is_parked_says_for_how_long():
    settings = TRACED._replace(autoscale="fixed:1", scale_s=0.02)
    cluster = Cluster(chain(Given(), Nap(), Total()), 5, items(300), 1, settings=settings)
    summary = cluster.run()
    spans = spans_of(summary.trace)
    assert_apart(spans)
    for figures in summary.ranks_figures:
        parked = sum(s.end_s - s.begin_s for s in spans if (s.rank, s.kind) == (figures.rank, Kind.PARK))
        assert parked == pytest.approx(figures.parked_s)
    assert summary.parked_s > 0


class LongBurst(IterativePE):
    """Writes more than others can take, and works all the while."""

    def _process(self, number):
        for i in range(20_000):
            if not i % 50:
                work(TICK_S)
            self.write("output", (i % 7, i))


@pytest.mark.parametrize("size", [2, 4])
def test_a_call_in_the_middle_of_which_others_work_is_in_several_parts(size):
    settings = TRACED._replace(inbox_high_tuples=2000)
    cluster = Cluster(chain(Given(), LongBurst(), Total()), size, items(4), 1, settings=settings)
    summary = cluster.run()
    spans = spans_of(summary.trace)
    assert_apart(spans)
    assert_complete(spans, summary.trace.elements, summary.elements)
    burst = [span for span in spans if summary.trace.elements[span.element] == "LongBurst1"]
    assert len([span for span in burst if not span.tuples and span.end_s > span.begin_s]) > 4


def test_a_source_has_a_lane_of_its_own():
    _, spans = traced(chain(Numbers(), Pair(), Total()), 50, 3, 1)
    assert {(span.rank, span.lane) for span in spans if span.element == 0} == {(0, 1)}


def test_a_task_that_was_given_back_counts_once(monkeypatch):
    looks = count(1)
    vouch = Probation.vouch

    def sometimes(self, ran, can_forget):
        """As if another rank had claimed an element of some tasks."""
        if next(looks) % 5 == 0 and can_forget(set()):
            raise Abandoned
        vouch(self, ran, can_forget)

    monkeypatch.setattr(Probation, "vouch", sometimes)
    cluster, spans = traced(chain(Given(), Slow(), Pair(), Total()), items(200), 4, 1)
    assert_apart(spans)
    assert_complete(spans, cluster.summary.trace.elements, cluster.summary.elements)
    assert any(span.kind == Kind.UNDONE for span in spans)
