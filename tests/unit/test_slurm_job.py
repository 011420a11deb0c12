"""Whether a job comes back, of what scontrol says of it."""

from __future__ import annotations

import time

import pytest

from hpcd4p import slurm_job
from hpcd4p.slurm_job import BY_SLURM, number_of, put_back, read_job, why_not

NOW = 1_800_000_000.0


def local(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(moment))


def said(
    state: str, *, reason="None", batch=1, again=1, preempted="None", end: float | None = NOW + 9
) -> str:
    return (
        f"JobId=17 JobName=x\n   JobState={state} Reason={reason} Dependency=(null)\n   Requeue={again} "
        f"Restarts=0 BatchFlag={batch}\n   EndTime={'Unknown' if end is None else local(end)} Deadline=N/A\n"
        f"   PreemptEligibleTime={local(NOW)} PreemptTime={preempted}\n   Partition=main"
    )


@pytest.mark.parametrize(
    ("text", "gained", "why"),
    [
        (said("RUNNING"), True, ""),
        (said("RUNNING"), False, "nothing was done since it began"),
        (said("RUNNING", preempted=local(NOW)), True, ""),  # in its time of grace, whatever follows then
        (said("RUNNING", again=0), True, "--no-requeue"),
        (said("RUNNING", batch=0), True, "no batch script"),
        (said("TIMEOUT"), True, ""),
        (said("COMPLETING", reason="TimeLimit", end=NOW), True, ""),
        (said("COMPLETING", preempted=local(NOW), end=NOW), True, ""),  # PreemptMode=CANCEL
        (said("COMPLETING", end=NOW - 1), True, "scancel"),
        (said("CANCELLED", end=NOW), True, "scancel"),
        (said("COMPLETING", end=NOW + 3600), True, BY_SLURM),  # PreemptMode=REQUEUE, or a node has failed
        (said("COMPLETING", end=None), True, BY_SLURM),
        (said("PENDING", end=None), True, BY_SLURM),
        ("", True, "scontrol does not say"),
    ],
)
def test_a_job_comes_back_unless_there_is_a_reason(text, gained, why):
    found = why_not(read_job(text), gained, NOW)
    assert why in found
    assert bool(found) == bool(why)


def test_a_cluster_that_refuses_is_told_of(monkeypatch):
    asked = []
    monkeypatch.setattr(slurm_job, "show", lambda what, name: said("RUNNING"))
    monkeypatch.setattr(
        slurm_job, "told", lambda words: (asked.append(words), (False, "Requested operation is disabled"))[1]
    )
    assert put_back("17_3", True, NOW) == "Slurm refuses: Requested operation is disabled"
    assert asked == [["requeue", "17_3"]]
    monkeypatch.setattr(slurm_job, "told", lambda words: (True, ""))
    assert put_back("17_3", True, NOW) == ""


def test_a_task_of_an_array_has_a_number_of_its_own():
    assert number_of({}) == ""
    assert number_of({"SLURM_JOB_ID": "17"}) == "17"
    assert number_of({"SLURM_JOB_ID": "17", "SLURM_ARRAY_JOB_ID": "17", "SLURM_ARRAY_TASK_ID": "3"}) == "17_3"
