"""A signal in a run of one process: it comes up in the middle of user code, and must get out of it."""

from __future__ import annotations

import signal
from contextlib import suppress

import pytest

import hpcd4p
from hpcd4p import BatchPE, IterativePE, WorkflowGraph
from hpcd4p.errors import Interrupted
from tests.counting import Numbers


class CatchesAll(IterativePE):
    def _process(self, data):
        with suppress(Exception):
            signal.raise_signal(signal.SIGINT)
        return data


class Batch(BatchPE):
    def process_batch(self, items):
        if len(items) > 1:  # those that fail are tried again one by one; these must not be
            signal.raise_signal(signal.SIGTERM)
        return items


class Preprocess(IterativePE):
    def preprocess(self):
        signal.raise_signal(signal.SIGINT)

    def _process(self, data):
        return data


@pytest.mark.parametrize("element", [CatchesAll, Batch, Preprocess])
def test_a_signal_ends_the_run_wherever_it_comes(element):
    graph = WorkflowGraph()
    graph.connect(Numbers(), "output", element(), "input")
    with pytest.raises(Interrupted, match=r"stopped by SIG(INT|TERM) before the end") as caught:
        hpcd4p.run(graph, 100)
    assert caught.value.summary.failed == 0
    assert caught.value.summary.state == "interrupted"


def test_the_handlers_are_those_of_before_afterwards():
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)]
    graph = WorkflowGraph()
    graph.add(Numbers())
    hpcd4p.run(graph, 1)
    after = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)]
    assert after == before
