from __future__ import annotations

from pathlib import Path

import pytest

from hpcd4p.live.causes import Kind, cause
from hpcd4p.live.document import CLOSING
from hpcd4p.live.found import FoundRun, Life
from hpcd4p.live.late import late, limits
from hpcd4p.live.queued import queued
from hpcd4p.live.text import run_text
from hpcd4p.live.why_text import NOTHING_YET, why_text
from tests.unit.live.documents import document, element, identity

FIRST = cause(Kind.CORES, "ranks wait for a core", ["for 40 % of the time"], "fewer ranks", "-n 2")
LESS = cause(Kind.POOL, "the pool is busy", to_type="-n 9")
ASSOC = "sacctmgr show assoc user=$USER format=account,qos,maxjobs,grptres"
WELL = cause(Kind.SOURCE, "the source is slower", wrong=False, to_type="-n 1")


def run(status=None, life=Life.UNDER_WAY, silent_s=0.5):
    return FoundRun(Path("results/factors-1.live"), status or document(), life, silent_s)


def test_the_first_cause_has_its_evidence_and_its_line_and_lesser_ones_follow():
    assert why_text(run(), [FIRST, LESS]).splitlines()[2:] == [
        "What limits it: ranks wait for a core",
        "  - for 40 % of the time",
        "What to change: fewer ranks",
        "  type:  -n 2",
        "",
        "Besides",
        "  the pool is busy",
        "    type:  -n 9",
    ]


def test_where_nothing_is_wrong_that_is_said_and_what_limits_it():
    told = why_text(run(), [WELL]).splitlines()
    assert told[2:4] == [
        "Nothing is wrong. A run is limited by something:",
        "What limits it: the source is slower",
    ]


def test_what_is_not_known_yet_is_not_said():
    assert why_text(run(), []).endswith(NOTHING_YET)


@pytest.mark.parametrize("life", [Life.DEAD, Life.ENDED])
def test_a_run_that_does_not_go_on_is_limited_by_nothing(life):
    told = why_text(run(life=life, silent_s=90.0), [FIRST])
    assert "What limits it" not in told
    assert told.startswith(f"factors: {life.value.upper()}")


def test_of_a_run_whose_work_is_done_nothing_is_slow():
    assert why_text(run(document(state=CLOSING)), [FIRST]).endswith("its record is being written.")


def test_the_status_has_the_first_cause_in_a_line():
    assert "Limited by: ranks wait for a core" in run_text(run(document(limits=[FIRST, LESS]))).splitlines()
    dead = run(document(limits=[FIRST]), Life.DEAD, 90.0)
    assert "Limited by" not in run_text(dead)


# ---- a status that is late


def test_a_status_in_time_tells_what_limits_the_run_itself():
    assert limits(run(document(limits=[FIRST]), silent_s=5.0)) == [FIRST]


def test_one_that_is_late_says_first_that_it_is():
    told = limits(run(document(limits=[FIRST], run=identity(host="elsewhere")), silent_s=40.0))
    assert [each.text for each in told] == ["rank 0 has been in what it does for 40.0 s", FIRST.text]


@pytest.mark.parametrize(
    ("state", "kind", "said", "to_type"),
    [
        ("R", "stuck", "and computes", "ls -l /proc/17/fd"),
        ("S", "outside", "and waits for a socket", "ls -l /proc/17/fd"),
        ("D", "files", "and waits in the kernel for a socket", "ls -l /proc/17/fd"),
        ("T", "stuck", "and its process is stopped", "kill -CONT 17"),
    ],
)
def test_one_process_that_is_late_is_in_a_call_of_the_element_with_most_work(state, kind, said, to_type):
    alone = document(run=identity(ranks=1), elements=[element("A0", busy_s=1.0), element("B1", busy_s=9.0)])
    found = late(alone, 40.0, state, "a socket")
    assert (found.kind, found.element, found.to_type) == (kind, "B1", to_type)
    assert found.text == f"the process has been in one call of B1 for 40.0 s {said}"


# ---- jobs


@pytest.mark.parametrize(
    ("reason", "said", "to_type"),
    [
        ("Priority", "jobs of others come before it", "scontrol update JobId=17 TimeLimit=30"),
        ("Resources", "until enough nodes are free", "squeue --start -j 17"),
        ("JobHeldUser", "held by its user", "scontrol release 17"),
        ("QOSMaxJobsPerUserLimit", "has a limit", ASSOC),
        ("AssocGrpCpuLimit", "has a limit", ASSOC),
        ("Dependency", "waits for another job", "squeue -h -j 17 -o %E"),
        ("SomethingNew", "Slurm says why", "scontrol show job 17"),
    ],
)  # fmt: skip
def test_a_job_that_waits_has_a_reason_and_a_line_to_type(reason, said, to_type):
    found = queued("17", "PENDING", reason, "hpcd4p")
    assert (found.kind, found.to_type) == ("queue", to_type)
    assert said in found.text
    assert found.text.endswith(f"({reason})")
