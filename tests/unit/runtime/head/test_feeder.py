"""How long the head leaves its sources alone."""

from __future__ import annotations

import pytest

from hpcd4p import ProducerPE, WorkflowGraph
from hpcd4p.control.rounds import LONGEST_LINE, MANY_TUPLES
from hpcd4p.runtime import clock
from hpcd4p.runtime.head.head import Head
from hpcd4p.testing.cluster import Cluster


class Numbers(ProducerPE):
    def __init__(self):
        super().__init__()
        self.last = 0

    def _process(self, inputs):
        self.last += 1
        return self.last


def head_of(calls: int) -> Head:
    """A head with one source, which makes a batch of calls at each take."""
    graph = WorkflowGraph()
    graph.add(Numbers())
    head = Cluster(graph, 2, calls).head
    head.start(threads=False)
    return head


def test_a_head_whose_window_is_full_does_not_look_at_its_sources_all_the_time(monkeypatch):
    head = head_of(10)
    (source,) = head.sources
    assert head._patience(source) == 0.0  # it has more, and there is room
    monkeypatch.setattr(type(head), "window_full", True)
    assert head._patience(source) is None


@pytest.fixture
def now():
    """A clock that the test sets; its only item is the time in seconds."""
    time = [100.0]
    before = clock.use(lambda: time[0])
    yield time
    clock.use(before)


def test_what_a_slow_source_writes_is_left_together_and_longer_while_tasks_wait(now):
    head = head_of(10_000)
    (source,) = head.sources
    apart = head.settings.flush_s

    def taken_after(seconds: float) -> bool:
        """Whether there is a take so long after the last one, and none just before."""
        begin = source.taken_at
        now[0] = begin + 0.99 * seconds
        head._take_sources()
        assert source.taken_at == begin
        now[0] = begin + 1.01 * seconds
        head._take_sources()
        return source.taken_at == now[0]

    assert head._take_sources()  # the first is not kept waiting
    assert 0 < source.taken < MANY_TUPLES
    assert taken_after(apart)
    head.waiting_tasks = 3
    assert taken_after(3 * apart)
    head.waiting_tasks = 1000
    assert taken_after(LONGEST_LINE * apart)


def test_one_that_writes_quickly_is_taken_from_at_every_look(now):
    head = head_of(10_000)
    (source,) = head.sources
    head.waiting_tasks = 3
    while source.taken < MANY_TUPLES:
        now[0] += 1.0
        head._take_sources()
    for _ in range(3):
        now[0] += 1e-6
        head._take_sources()
        assert source.taken_at == now[0]


def test_the_end_of_a_source_is_not_kept_waiting(now):
    head = head_of(1)
    head.waiting_tasks = 9
    for _ in range(10):
        now[0] += 1.0
        head._take_sources()
        if head.sources and head.sources[0].done:
            break
    now[0] += 1e-6
    head._take_sources()
    assert not head.sources
