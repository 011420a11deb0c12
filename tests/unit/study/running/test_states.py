"""What is still to be done, from what lies on disk and what the scheduler says."""

from __future__ import annotations

import pytest

from hpcd4p.study.definition.points import Point
from hpcd4p.study.running.squeue import parse
from hpcd4p.study.running.states import ENDED, counted, point_state, to_do

POINT = Point("ranks=2,repeat=1", {"ranks": 2}, 1, 2, 1, ("run",))


def at(state=None, job=None, started=False, attempt=1):
    plan = {"job": job} if attempt else None
    return point_state(POINT, attempt, plan, {"state": state} if state else None, started)


@pytest.mark.parametrize("state", ENDED)
def test_an_ended_attempt_says_how(state):
    assert at(state).ended
    assert at(state).state == state


def test_a_marker_of_an_unknown_state_is_a_failure():
    assert at("splendid").state == "failed"


@pytest.mark.parametrize(("started", "state"), [(False, "pending"), (True, "running")])
def test_an_attempt_without_marker_waits_or_works(started, state):
    found = at(job="7", started=started)
    assert (found.ended, found.state) == (False, state)


@pytest.mark.parametrize(
    ("point", "retry", "again"),
    [
        (at(attempt=0), None, True),
        (at("completed"), None, False),
        (at("completed"), "failed", False),
        (at("failed"), None, False),
        (at("failed"), "failed", True),
        (at("failed tuples"), "failed", True),
        (at("timed out"), "failed", True),
        (at("timed out"), "timed-out", True),
        (at("failed"), "timed-out", False),
        (at("stopped"), "failed", True),
        (at("lost"), None, True),
        (at("cancelled"), None, True),
        (at(job="alive"), None, False),
        (at(job="alive", started=True), "failed", False),
        (at(job="dead"), None, True),
        (at(job=None), None, True),
    ],
)
def test_only_what_is_missing_is_done(point, retry, again):
    assert to_do([point], {"alive"}, retry) == ([point] if again else [])


def test_states_are_counted_in_words():
    assert counted([at("completed"), at("failed"), at("completed"), at(job="x")]) == (
        "2 completed, 1 failed, 1 pending"
    )


@pytest.mark.parametrize(
    ("line", "state", "ended"),
    [
        ("17|PENDING||Resources", "pending", False),
        ("17_3|RUNNING|n[1-4]|None", "running", False),
        ("17|COMPLETING|n1|None", "running", False),
        ("17|COMPLETED|n1|None", "lost", True),
        ("17|FAILED|n1|NonZeroExitCode", "lost", True),
        ("17|NODE_FAIL|n1|NodeDown", "lost", True),
        ("17|OUT_OF_MEMORY|n1|OutOfMemory", "lost", True),
        ("17|TIMEOUT|n1|TimeLimit", "timed out", True),
        ("17|CANCELLED|n1|None", "cancelled", True),
        ("17|SOMETHING_NEW|n1|None", "lost", True),
    ],
)
def test_what_slurm_says_of_a_job_is_read(line, state, ended):
    ((_, found),) = parse(line + "\nslurm: a line that is none\n").items()
    assert (found.state, found.ended) == (state, ended)
    assert line.split("|")[1] in found.words
