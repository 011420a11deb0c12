"""A process apart: what ends it is told, and costs nothing else."""

from __future__ import annotations

import os
import pickle
from contextlib import suppress

import pytest

from hpcd4p.errors import ElementFailed
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.execute.setup import Setup
from hpcd4p.runtime.rank.apart import ProcessCell
from hpcd4p.runtime.rank.apart_process import Process
from hpcd4p.runtime.rank.cell import CannotPart
from hpcd4p.wire.codec import Codec
from hpcd4p.workflow.graph import WorkflowGraph
from hpcd4p.workflow.identity import pack
from tests.contract import deadly

CODEC = Codec(b"secret")


class Apart:
    """One element and a cell for it."""

    def __init__(self, kind):
        graph = WorkflowGraph()
        graph.connect(deadly.Calls(), "output", kind(), "input")
        plan, elements = make_plan(graph, 4, EngineSettings())
        packed = pack([pickle.dumps(pe) for pe in elements])
        setup = Setup(plan, packed, EngineSettings(), None, b"", False, None, ("here", 0), False)
        self.said = []
        self.cell = ProcessCell(setup, 3, Clock(started=0.0), lambda rows, left_out: self.said.extend(rows))

    def run(self, values):
        """Parts of a task of these values, joined: outputs, failures, and who killed how."""
        body = CODEC.check(CODEC.seal(("input", values)))
        out, failed, killed, count = [], [], [], 0
        self.errors = []
        for part in self.cell.run(1, body, len(values)):
            if part is None:
                self.cell.wait(1.0)
                continue
            count += part.tuples
            out += [each for _, many in part.out for each in many]
            failed += [f.letter.value_text for f in part.failures]
            self.errors += [f.letter.error for f in part.failures]
            if part.killed is not None:
                killed.append(part.killed)
        assert count == len(values)
        return out, failed, killed


@pytest.fixture
def apart():
    made = []

    def make(kind):
        made.append(Apart(kind))
        return made[-1]

    yield make
    for each in made:
        each.cell.close()


@pytest.mark.parametrize("how", deadly.HOW)
@pytest.mark.parametrize("where", [0, 4, 9])
def test_the_tuple_that_ends_it_is_found_and_the_others_are_run(apart, how, where):
    values = [(2 * i, how if i == where else "") for i in range(10)]
    out, failed, (killed,) = apart(deadly.Deadly).run(values)
    assert out == [number for number, word in values if not word]
    assert failed == []
    assert (killed.first, killed.port, killed.shown) == (where, "input", repr(values[where]))
    assert killed.how.startswith(how)


def test_several_of_them_and_tuples_that_fail_are_told_apart(apart):
    values = [(i, "with status 7" if i % 4 == 1 else "") for i in range(12)]
    values[6] = (-6, "")
    out, failed, killed = apart(deadly.Deadly).run(values)
    assert sorted(out) == sorted([0, 2, 3, 3, 4, 7, 7, 8, 10, 11, 11])
    assert failed == ["(-6, '')"]
    assert [each.first for each in killed] == [1, 5, 9]


def test_a_segfault_says_where_it_was(apart):
    _, _, (killed,) = apart(deadly.Deadly).run([(0, "by SIGSEGV")])
    assert "by_segfault" in killed.trace


def test_a_tuple_that_dies_only_after_others_is_not_guilty(apart):
    values = [(2 * i, "the second time") for i in range(5)]
    out, _, killed = apart(deadly.Deadly).run(values)
    assert out == [0, 2, 4, 6, 8]
    assert killed == []


def test_what_elements_say_there_comes_back_with_the_number_of_the_rank(apart):
    cell = apart(deadly.Talks)
    cell.run([(0, ""), (1, "with status 7"), (2, "")])
    said = [row[1:] for row in cell.said]
    assert (3, "Talks1", 0, "WARNING", "before any") in said
    assert (3, "Talks1", 0, "INFO", "got 2") in said
    assert all(rank == 3 for rank, *_ in said)


def test_the_next_task_gets_the_same_process(apart):
    cell = apart(deadly.Deadly)
    first = [cell.run([(0, "")]), cell.cell._process.pid]
    assert [cell.run([(0, "")]), cell.cell._process.pid] == first


def test_what_a_tuple_wrote_before_it_died_is_kept_as_far_as_it_was_told(apart):
    out, _, killed = apart(deadly.Wide).run([(0, ""), (1, "with status 7"), (2, "")])
    assert [each.first for each in killed] == [1]
    for number in (0, 2):
        assert [i for n, i in out if n == number] == list(range(20_000))
    # at first apart, then alone: what was told is told once
    told = [i for n, i in out if n == 1]
    assert told == list(range(len(told)))


def test_what_would_end_the_rank_that_reads_it_ends_the_process_instead(apart):
    out, _, (killed,) = apart(deadly.WritesDeadly).run([(0, ""), (1, "x"), (2, "")])
    assert out == [0, 2]
    assert (killed.first, killed.how) == (1, "with status 9")


def test_what_cannot_be_pickled_is_a_letter(apart):
    out, failed, killed = apart(deadly.WritesLambda).run([(0, ""), (1, "x"), (2, "")])
    assert out == [0, 2]
    assert killed == []
    assert "lambda" in failed[0]


@pytest.mark.parametrize("where", [[0], [4], [9], [2, 3, 7]])
@pytest.mark.parametrize("deep", [False, True])
def test_of_a_batch_that_ends_its_reader_only_the_guilty_tuples_are_lost(apart, where, deep):
    shared = deadly.Word("")
    bad = deadly.DiesInTransit()
    values = [(2 * i, ([shared, {1: bad}] if deep else bad) if i in where else shared) for i in range(10)]
    cell = apart(deadly.Deadly)
    out, failed, killed = cell.run(values)
    assert out == [2 * i for i in range(10) if i not in where]
    # pickled once, where it came first: what refers to it is lost with it
    assert failed == ["<cannot be read: _exit>"] * len(where)
    assert [each.how for each in killed] == ["with status 9"]
    assert all(error == "it ended its process with status 9 while it was unpickled" for error in cell.errors)


def test_each_of_several_objects_that_end_their_reader_is_found(apart):
    values = [(2 * i, deadly.DiesInTransit() if i % 5 == 2 else "") for i in range(15)]
    out, failed, killed = apart(deadly.Deadly).run(values)
    assert out == [2 * i for i in range(15) if i % 5 != 2]
    assert len(failed) == len(killed) == 3


@pytest.mark.parametrize(
    ("kind", "says"), [(deadly.DiesAtStart, "with status 5"), (deadly.RaisesAtStart, "no such thing")]
)
def test_an_element_that_cannot_be_started_there_is_said_so(apart, kind, says):
    with pytest.raises(ElementFailed, match=says):
        apart(kind).run([1, 2])


def test_where_there_can_be_no_such_process_nothing_was_run(apart, monkeypatch):
    monkeypatch.setattr("sys.executable", "/no/such/python")
    with pytest.raises(CannotPart):
        apart(deadly.Deadly).run([(0, "")])


def test_it_leaves_no_descriptor_behind(apart):
    cell = apart(deadly.Deadly)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        cell.run([(0, ""), (1, "by SIGKILL")])
        cell.cell.close()
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("moment", ["before its setup", "in the middle of a request", "while it answers"])
def test_it_leaves_without_a_word_when_its_rank_has_died(apart, capfd, moment):
    given = apart(deadly.Talks).cell._given
    process = Process(*given)
    if moment == "in the middle of a request":
        process.say("changes")
        assert process.answer() == []
        os.write(process._to, pickle.dumps(("run", bytes(99)))[:50])
    elif moment == "while it answers":
        process._write.flush()
        os.close(process._from)  # what the kernel does first to a rank that dies
        process.say("changes")
    os.close(process._to)
    with suppress(OSError):
        process._write.close()
    _, status = os.waitpid(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert capfd.readouterr().err == ""
