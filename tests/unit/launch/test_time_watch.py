"""When a run in a job of Slurm is asked to end, by the clock."""

from __future__ import annotations

import threading
import time

import pytest

from hpcd4p.launch import time_watch
from hpcd4p.launch.time_watch import Look, TimeWatch, decide
from hpcd4p.slurm_job import SlurmJob

NOW = 1_800_000_000.0
RUNNING = SlurmJob("RUNNING", "None", True, True, False, NOW, NOW + 3600, "main")


@pytest.mark.parametrize(
    ("job", "said_end", "passed_s", "grace_s", "look"),
    [
        (RUNNING, None, 0, 0, Look(False, 3450.0)),  # before the signal that our scripts ask for
        (RUNNING, None, 3450, 0, Look(True, 30.0)),
        (RUNNING._replace(end=NOW + 60), None, 0, 0, Look(False, 30.0)),  # a minute is the least limit
        (RUNNING._replace(end=NOW + 600), None, 0, 0, Look(False, 540.0)),
        (RUNNING._replace(end=NOW + 7200), NOW + 3600, 3500, 0, Look(False, 3550.0)),  # it was given more
        (RUNNING._replace(end=None), None, 0, 0, Look(False, None)),  # no limit, no preemption
        (RUNNING._replace(end=None), None, 0, 60, Look(False, 15.0)),
        (RUNNING, None, 0, 60, Look(False, 15.0)),
        (RUNNING, None, 0, 4, Look(False, 5.0)),
        (RUNNING._replace(preempted=True), None, 0, 60, Look(True, None)),
        (None, None, 0, 0, Look(False, 60.0)),
        (None, NOW + 3600, 0, 0, Look(False, 60.0)),  # Slurm gives no answer: asked again
        (None, NOW + 3600, 3571, 0, Look(True, 30.0)),
    ],
)
def test_the_last_moment_follows_from_the_limit_and_from_a_preemption(job, said_end, passed_s, grace_s, look):
    assert decide(job, said_end, NOW + passed_s, grace_s) == look


def printed(end: float, preempted: str = "None") -> str:
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(end))
    return f"JobId=17 JobState=RUNNING PreemptTime={preempted} EndTime={moment} Partition=spot"


def test_a_watch_looks_until_the_job_is_preempted(monkeypatch):
    answers = [printed(time.time() + 900), printed(time.time() + 900, "2026-01-01T00:00:00")]
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    monkeypatch.setattr(time_watch, "POLL_S", 0.01)
    monkeypatch.setattr(
        time_watch, "show",
        lambda what, name: "PartitionName=spot GraceTime=0.01" if what == "partition" else answers.pop(0),
    )  # fmt: skip
    monkeypatch.setattr(time_watch, "grace_s", lambda said: 0.01)
    ended = threading.Event()
    with TimeWatch(ended.set) as watch:
        assert watch.left_s() == 0.0
        assert ended.wait(30)
        assert 800 < watch.left_s() <= 880
    assert answers == []


def test_a_run_that_ends_first_is_left_alone(monkeypatch):
    asked = threading.Event()
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    monkeypatch.setattr(time_watch, "show", lambda what, name: (asked.set(), printed(time.time() + 900))[1])
    with TimeWatch(lambda: pytest.fail("asked to end")) as watch:
        assert asked.wait(30)
    watch._thread.join(30)
    assert not watch._thread.is_alive()


def test_outside_a_job_nobody_looks(monkeypatch):
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    with TimeWatch() as watch:
        assert not watch._thread.is_alive()
