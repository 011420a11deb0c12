"""Elements that start processes of their own: a sample; `forks_loop.py` does each way in each place."""

from __future__ import annotations

import sys

import pytest

from tests.e2e.forks_loop import PLACES, WAYS, fault

CASES = [
    *((way, ranks, "stateless") for way in WAYS for ranks in (1, 4)),
    *((way, 4, where) for way in ("pool", "fork") for where in PLACES if where != "stateless"),
]


@pytest.mark.parametrize(("way", "ranks", "where"), CASES)
def test_an_element_may_have_processes_of_its_own(way, ranks, where):
    if way in ("joblib", "loky"):
        pytest.importorskip("joblib")
    assert fault(sys.executable, way, where, ranks) == ""


FORKS = """
import os
import sys
from pathlib import Path
from hpcd4p import IterativePE, ProducerPE, WorkflowGraph

class Numbers(ProducerPE):
    def __init__(self):
        super().__init__()
        self.next = 0

    def _process(self, inputs):
        self.next += 1
        return self.next

class Forks(IterativePE):
    stateful = False

    def _process(self, data):
        child = os.fork()
        if child == 0:
            Path(f"child-{data}-{os.getpid()}").touch()
            CHILD
        return data, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

numbers, forks = Numbers(), Forks()
graph = WorkflowGraph()
graph.connect(numbers, "output", forks, "input")
"""


def forked(hpcd4p, ranks: int, child: str):
    start = ["-n", str(ranks)] if ranks > 1 else []
    ended = hpcd4p("run", *start, "w.py", "-i", "20", workflow=FORKS.replace("CHILD", child))
    assert ended.status == 0, ended.err
    # one child for each tuple: none has gone on with the next, or as a rank
    assert len(list(ended.folder.glob("child-*"))) == 20
    values = ended.record()["outputs"]["Forks1.output"]["values"]
    assert sorted(number for number, _ in values) == list(range(1, 21))
    return ended, {status for _, status in values}


@pytest.mark.parametrize("ranks", [1, 3])
def test_a_forked_child_that_comes_back_is_ended_and_told_of(hpcd4p, ranks):
    ended, statuses = forked(hpcd4p, ranks, "return None")
    assert statuses == {0}
    assert "hpcd4p: a process that Forks1 forked came back from its call" in ended.err


@pytest.mark.parametrize("ranks", [1, 3])
def test_a_forked_child_that_raises_ends_as_without_the_engine(hpcd4p, ranks):
    ended, statuses = forked(hpcd4p, ranks, "raise ValueError('in the child')")
    assert statuses == {1}
    assert "ValueError: in the child" in ended.err


def test_a_forked_child_that_calls_exit_has_that_status(hpcd4p):
    ended, statuses = forked(hpcd4p, 3, "sys.exit(7)")
    assert statuses == {7}
    assert ended.err == ""


def test_a_forked_child_that_writes_very_much_does_not_send_it(hpcd4p):
    _, statuses = forked(hpcd4p, 3, "[self.write('output', 'x') for _ in range(100_000)]")
    assert statuses == {0}
