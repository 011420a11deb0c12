"""Why Slurm ended a job: from its end in the environment, and from what scontrol says."""

from __future__ import annotations

import time

import pytest

from hpcd4p.errors import BrokerLost
from hpcd4p.launch.slurm_stop import full_reason, why_ended

NOW = 1_800_000_000.0
JOB = {"SLURM_JOB_ID": "17"}
RUNNING = "JobId=17\n  JobState=RUNNING Reason=None\n  TimeLimit=1-00:02:00 StartTime={}\n  PreemptTime=None"
COMPLETING = "JobId=17 JobState=COMPLETING TimeLimit=00:01:00 PreemptTime=None StartTime={}"


def local(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(moment))


@pytest.mark.parametrize(
    ("environ", "said", "why"),
    [
        ({}, "JobState=CANCELLED", ""),
        (JOB, "", ""),
        (JOB, RUNNING.format(local(NOW - 3600)), ""),
        (JOB, RUNNING.format(local(NOW - 86400)), "the time limit of 1-00:02:00 of job 17 has come"),
        (JOB | {"SLURM_JOB_END_TIME": str(int(NOW) + 60)}, "", "the time limit of job 17 has come"),
        (JOB | {"SLURM_JOB_END_TIME": str(int(NOW) + 3600)}, RUNNING.format(local(NOW - 7200)), ""),
        (JOB, "JobState=TIMEOUT TimeLimit=00:01:00", "the time limit of 00:01:00 of job 17 has come"),
        (JOB, "JobState=CANCELLED EndTime=" + local(NOW), "job 17 was cancelled (scancel)"),
        (JOB, "JobState=RUNNING PreemptTime=" + local(NOW), "job 17 is preempted by another one"),
        (JOB, COMPLETING.format(local(NOW - 30)), "job 17 was cancelled (scancel, or an operator)"),
        (JOB, COMPLETING.format(local(NOW - 61)), "the time limit of 00:01:00 of job 17 has come"),
        # its end was moved by an administrator: the limit itself is still to come
        (
            JOB,
            COMPLETING.format(local(NOW - 30)) + " Reason=TimeLimit",
            "the time limit of 00:01:00 of job 17 has come",
        ),
        (JOB, "JobState=PREEMPTED", "job 17 is preempted by another one"),
    ],
)
def test_says_why_as_far_as_it_is_known(environ, said, why):
    found = why_ended(environ, NOW, lambda job: said)
    assert found.startswith(why)
    assert bool(found) == bool(why)


def test_a_run_that_ended_for_another_reason_has_that_one(monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    monkeypatch.setenv("SLURM_JOB_END_TIME", "1")
    assert full_reason(BrokerLost("Redis is gone")) == "Redis is gone"
