"""A run with `--trace` has what its ranks did in its record, whatever happens to them."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

from hpcd4p.record.reader import read_record
from hpcd4p.record.spans import BESIDE, OWN, Kind
from hpcd4p.record.trace import Span
from tests.e2e.harness import WITHOUT, Run
from tests.traces import assert_apart, assert_complete

WORKFLOW = """
from hpcd4p import GenericPE, IterativePE, KeyedPE, ProducerPE, WorkflowGraph

class Numbers(ProducerPE):
    def __init__(self):
        super().__init__()
        self.next = 0

    def _process(self, inputs):
        self.next += 1
        return self.next

class Halves(IterativePE):
    def _process(self, number):
        for _ in range(200):
            number = number * 0.5 + 1
        self.write("output", (int(number * 1e6) % 7, number))
        if number > 1e9:
            return number
        self.write("output", (3, number))

class Square(IterativePE):
    def _process(self, pair):
        return pair[0], pair[1] ** 2

class Sums(KeyedPE):
    partitions = 4

    def process_key(self, key, value, state):
        return (state or 0) + value

def add_options(parser):
    parser.add_argument("--stateless", action="store_true")

def build(options):
    graph = WorkflowGraph()
    halves, square = Halves(), Square()
    graph.connect(Numbers() if not options.stateless else Same(), "output", halves, "input")
    graph.connect(halves, "output", square, "input")
    if not options.stateless:
        graph.connect(square, "output", Sums(), "input")
    return graph

class Same(ProducerPE):
    def _process(self, inputs):
        return 7
"""

CASES = {
    "one process": (),
    "hybrid": ("-n", "4"),
    "hybrid on two ranks": ("-n", "2"),
    "static": ("-n", "6", "--mapping", "static"),
    "dynamic": ("-n", "3", "--mapping", "dynamic", "--stateless"),
    "simple": ("--mapping", "simple"),
}


def record_of(folder: Path) -> Path:
    (path,) = (folder / "results").glob("*.h5")
    return path


def assert_right(path: Path, whole: bool = True) -> list[Span]:
    """The spans, which have all that the record has."""
    with read_record(path) as record:
        trace, spans, figures = record.trace(), list(record.spans()), record.summary.elements
    assert trace is not None
    assert (trace.spans, trace.dropped) == (len(spans), 0)
    assert_apart(spans)
    if whole:
        assert_complete(spans, trace.elements, figures)
    return spans


@pytest.mark.parametrize("words", CASES.values(), ids=list(CASES))
def test_it_has_the_tuples_and_the_time_of_each_element(hpcd4p, words):
    ended = hpcd4p("run", "w.py", "-i", "3000", "--trace", *words, workflow=WORKFLOW)
    assert ended.status == 0, ended.err
    spans = assert_right(record_of(ended.folder))
    ranks = int(words[1]) if "-n" in words else 1
    assert {span.rank for span in spans} == set(range(ranks))
    assert Kind.RUN in {span.kind for span in spans}
    if ranks > 1:
        assert {Kind.WAIT, Kind.COMMIT} <= {span.kind for span in spans}
    with read_record(record_of(ended.folder)) as record:
        elapsed_s, memory = record.summary.elapsed_s, record.trace().memory
    assert all(span.begin_s > -1 and span.end_s < elapsed_s + 5 for span in spans)
    assert {look.rank for look in memory} == set(range(ranks))


def test_without_it_there_is_nothing(hpcd4p):
    ended = hpcd4p("run", "w.py", "-i", "10", workflow=WORKFLOW)
    assert ended.status == 0, ended.err
    with read_record(record_of(ended.folder)) as record:
        assert record.trace() is None


def test_what_ran_beside_a_rank_has_a_lane_of_its_own(runs):
    run = runs.start("naps", 2, "-i", "60", "--trace", *WITHOUT)
    ended = run.wait()
    assert ended.status == 0, ended.err
    spans = assert_right(record_of(run.folder))
    assert {span.lane for span in spans if span.kind == Kind.WAIT} <= {OWN}
    if any(figures.lent_s for figures in ended.summary.ranks_figures):  # a machine may have no core to spare
        assert any(span.lane == BESIDE for span in spans)


LONG = (
    "-i",
    "1000",
    "--task-ms",
    "15",
    "--autoscale",
    "none",
    "--lend",
    "off",
    "--trace",
    "--log-level",
    "debug",
)
"""Each rank works for several seconds, and says when it tells what it did."""


def until_told(run: Run, rank: int) -> None:
    """Wait until rank 0 has what that rank did: when it tells more, what it told before has been sent."""
    word = re.compile(rf"rank {rank}\b.*\btells [1-9]")
    run.until(lambda: len(word.findall((run.folder / "err").read_text(errors="replace"))) > 1)


def test_of_a_rank_of_the_pool_that_is_killed_there_is_what_it_has_told(runs):
    run = runs.start("survivor", 5, *LONG, *WITHOUT)
    until_told(run, 4)
    os.kill(run.rank(4), signal.SIGKILL)
    ended = run.wait()
    assert ended.status in (0, 1), ended.err
    assert ended.lost() == {4}
    spans = assert_right(record_of(run.folder), whole=False)
    assert any(span.rank == 4 and span.kind == Kind.RUN for span in spans)


def test_of_a_run_that_goes_on_there_are_all_its_lives(runs):
    run = runs.start("survivor", 5, *LONG, "--checkpoint", "0.3")
    until_told(run, 1)
    os.kill(run.rank(1), signal.SIGKILL)
    run.until(lambda: "it goes on" in (run.folder / "err").read_text(errors="replace"))
    ended = run.wait()
    assert ended.lost() == {1}
    spans = assert_right(record_of(run.folder), whole=False)
    assert {span.life for span in spans} == {0, 1}
    assert any(span.rank == 1 and span.life == 0 for span in spans)
    assert not any(span.rank == 1 and span.life == 1 for span in spans)
    assert max(span.end_s for span in spans if span.life == 0) < min(
        span.begin_s for span in spans if span.life == 1 and span.rank == 0
    )
