"""What is seen of tuples that wait for earlier ones: by the user, in the record, and by the auto-scaler."""

from __future__ import annotations

import pytest

from hpcd4p import IterativePE
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.record.explain import explanation
from hpcd4p.record.order_words import order_lines
from hpcd4p.record.report import summary_text
from hpcd4p.testing import turns
from hpcd4p.testing.cluster import Cluster
from hpcd4p.testing.turns import nap
from tests.sim.test_order import Heard, Hop, Stays, straight

COUNT = 2000
SLOW_S = 8.0
QUICK_S = 0.005
MOST = 64
"""Tuples that may wait before senders are asked to pause."""

SETTINGS = EngineSettings(inbox_high_tuples=MOST, max_task_tuples=4, lend="off")


@pytest.fixture(autouse=True)
def deadline(monkeypatch):
    monkeypatch.setattr(turns, "MOST_TURNS", 2_000_000)


class OneIsSlow(IterativePE):
    """A tuple near the begin takes very long, all others are quick."""

    def _process(self, item):
        nap(self.rank, SLOW_S if item[2] == 40 else QUICK_S)
        return item


class Unordered(Heard):
    ordered = False


def run(last, policy="knee", size=8):
    cluster = Cluster(
        straight(Stays(), OneIsSlow(), last), size, COUNT, 1, settings=SETTINGS._replace(autoscale=policy)
    )
    told = []
    cluster.head.watching.on_progress = lambda progress: told.append(progress)
    cluster.run()
    return cluster, told


@pytest.fixture(scope="module")
def ordered():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(turns, "MOST_TURNS", 2_000_000)
        return run(Heard())


def figures(cluster):
    return {e.name: e for e in cluster.summary.elements}["Heard2"]


def test_the_summary_has_how_many_waited_and_how_long(ordered):
    cluster, _ = ordered
    found = figures(cluster)
    # until senders heard that they should pause, each rank may have sent what it had begun
    assert MOST <= found.waited_most < 3 * MOST
    assert SLOW_S / 2 < found.waited_longest_s < 1.5 * SLOW_S
    assert 0 < found.waited_s < found.waited_longest_s
    head, _, line = order_lines(cluster.summary)
    assert head.startswith("Order (tuples that came before their turn waited")
    assert line.split()[:2] == ["Heard2", f"{found.waited_most:,}"]
    assert line in summary_text(cluster.summary)
    again = type(cluster.summary).from_dict(cluster.summary.as_dict())
    assert order_lines(again) == order_lines(cluster.summary)


def test_the_progress_and_the_story_name_the_element_and_the_rank_that_it_waits_for(ordered):
    cluster, told = ordered
    words = {progress.awaits for progress in told}
    assert "" in words  # nobody waits at the begin, nor at the end
    slow = [line for line in words if line.startswith("Heard2 waits 3 s for an earlier tuple of OneIsSlow1")]
    assert slow
    rank = int(slow[0].rpartition(" ")[2])
    assert rank in cluster.head.spec.plan.pool_ranks
    (event,) = [event for event in cluster.sink.events if event.kind == "waits"]
    assert event.text == (f"Heard2 has waited 5 s for an earlier tuple of OneIsSlow1, at work on rank {rank}")
    said = explanation(cluster.summary, cluster.summary.scaling, iter(cluster.sink.events))
    assert "Heard2 has waited 5 s for an earlier tuple of OneIsSlow1" in said


def test_of_what_does_not_wait_nothing_is_said():
    cluster, told = run(Unordered())
    assert not order_lines(cluster.summary)
    assert {progress.awaits for progress in told} == {""}
    assert not any(event.kind == "waits" for event in cluster.sink.events)


def test_what_is_given_back_to_others_counts_as_well():
    cluster = Cluster(straight(Stays(), Hop("a"), Heard()), 5, 200, 3, kills=1)
    cluster.run()
    assert figures(cluster).waited_most > 0


def active(cluster, begin_s, end_s):
    ticks = cluster.head.coordinator.scaler.scaling.ticks
    return [tick.active for tick in ticks if begin_s < tick.time_s < end_s]


def test_ranks_that_could_only_run_ahead_of_a_slow_tuple_are_parked_and_come_back(ordered):
    cluster, _ = ordered
    pool = len(cluster.head.spec.plan.pool_ranks)
    # as much waits as may: a rank more or less changes nothing before the slow one is done
    during = active(cluster, SLOW_S / 2, SLOW_S - 1)
    assert during
    assert max(during) <= pool // 2
    after = active(cluster, SLOW_S, 10 * SLOW_S)
    assert max(after) > max(during)
    everybody, _ = run(Heard(), policy="none")
    assert cluster.summary.process_time_s < 0.75 * everybody.summary.process_time_s
    assert cluster.summary.elapsed_s < 1.1 * everybody.summary.elapsed_s


def test_without_an_order_nobody_is_parked_for_it():
    cluster, _ = run(Unordered())
    pool = len(cluster.head.spec.plan.pool_ranks)
    busy = active(cluster, 0.5, COUNT * QUICK_S / pool * 0.8)
    assert busy
    assert min(busy) == pool
