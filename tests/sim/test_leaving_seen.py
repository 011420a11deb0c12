"""What is seen of outputs that wait for earlier ones; and that what waits is bounded."""

from __future__ import annotations

from hpcd4p.record.order_words import order_lines
from hpcd4p.record.report import summary_text
from hpcd4p.testing.cluster import Cluster
from tests.sim.test_order import Stays, straight
from tests.sim.test_order_seen import COUNT, MOST, SETTINGS, SLOW_S, OneIsSlow, deadline

__all__ = ["deadline"]  # a fixture


def run(ordered):
    settings = SETTINGS._replace(ordered_outputs=ordered)
    cluster = Cluster(straight(Stays(), OneIsSlow()), 8, COUNT, 1, settings=settings)
    told = []
    cluster.head.watching.on_progress = lambda progress: told.append(progress.awaits)
    cluster.run()
    (values,) = cluster.sink.results.values()
    numbers = [number for *_, number in values]
    assert sorted(numbers) == [*range(1, COUNT + 1)]
    assert (numbers == sorted(numbers)) is ordered
    return cluster, told


def test_outputs_that_wait_for_an_earlier_one_are_told_and_bounded():
    cluster, told = run(ordered=True)
    (found,) = [e for e in cluster.summary.elements if e.waited_most]
    assert found.name == "ordered output"
    # until senders heard that they should pause, each rank may have sent what it had begun
    assert MOST <= found.waited_most < 3 * MOST
    assert SLOW_S / 2 < found.waited_longest_s < 1.5 * SLOW_S
    assert order_lines(cluster.summary)[-1].split()[:3] == ["ordered", "output", f"{found.waited_most:,}"]
    waits = "for an earlier tuple of OneIsSlow1, at work on rank "
    assert any(line.startswith(f"ordered output waits 3 s {waits}") for line in told)
    (event,) = [event for event in cluster.sink.events if event.kind == "waits"]
    assert event.text.startswith(f"ordered output has waited 5 s {waits}")
    # it is no element of the user's
    assert "ordered output  collector" not in summary_text(cluster.summary)


def test_outputs_that_leave_in_any_order_wait_for_nobody():
    cluster, told = run(ordered=False)
    assert not order_lines(cluster.summary)
    assert set(told) == {""}
