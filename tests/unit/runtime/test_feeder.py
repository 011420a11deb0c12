"""How long the head leaves its sources alone."""

from __future__ import annotations

from hpcd4p import ProducerPE, WorkflowGraph
from hpcd4p.testing.cluster import Cluster


class Numbers(ProducerPE):
    def __init__(self):
        super().__init__()
        self.last = 0

    def _process(self, inputs):
        self.last += 1
        return self.last


def test_a_head_whose_window_is_full_does_not_look_at_its_sources_all_the_time(monkeypatch):
    graph = WorkflowGraph()
    graph.add(Numbers())
    head = Cluster(graph, 2, 10).head
    head.start(threads=False)
    (source,) = head.sources
    assert head._patience(source) == 0.0  # it has more, and there is room
    monkeypatch.setattr(type(head), "window_full", True)
    assert head._patience(source) is None
