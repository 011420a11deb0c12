"""A job whose time is over, that is preempted, or that loses a node, comes back by itself and goes on.

With LONG=1 more of it, and a job that needs five times its limit (see CONTRIBUTING.md).
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from hpcd4p.record.reader import read_record
from tests.slurm.test_run import RUN, WORDS, answer

pytestmark = pytest.mark.slurm

LONG = bool(os.environ.get("LONG"))


LINES, NAP_S = 100_000, 0.04
"""More than any of these jobs has time for."""

OWN = """#!/bin/bash
#SBATCH --output=%x-%j.out --open-mode=append --ntasks-per-node=4
{python} -m hpcd4p run -n 4 "$@"
"""
"""What a user writes who knows nothing of signals."""


def newest_answer(cluster):
    newest = max(cluster.records(), key=lambda path: path.stat().st_mtime)
    with read_record(newest) as record:
        return answer(newest), record.summary, [e.text for e in record.events() if e.kind == "resumed"]


def whole(cluster, lines):
    done = cluster.hpcd4p("run", WORDS, "--results", "sequential", "--lines", str(lines))
    assert done.returncode == 0, done.stderr
    (path,) = (cluster.folder / "sequential").glob("*.h5")
    return answer(path)


def submit(cluster, lines, *words, script=RUN, every="5"):
    return cluster.sbatch(
        "--ntasks-per-node=4", *words, script, WORDS, "--lines", str(lines), "--nap", str(NAP_S),
        "--checkpoint", every,
    )  # fmt: skip


def own_script(cluster):
    path = cluster.folder / "own.sh"
    path.write_text(OWN.format(python=sys.executable))
    return str(path)


def epochs(cluster):
    return list((cluster.folder / "results").glob("*.checkpoints/epoch-*[0-9]"))


def kept(cluster, number):
    """Wait for a checkpoint."""
    cluster.until(lambda: epochs(cluster), number=number)


def right_at_the_end(cluster, number, lines, restarts):
    assert cluster.wait(number, 1200) == "COMPLETED", cluster.output(number)
    assert int(cluster.job(number)["Restarts"]) >= restarts, cluster.output(number)
    found, summary, resumed = newest_answer(cluster)
    assert found == whole(cluster, lines)
    assert summary.state == "completed"
    assert len(resumed) >= restarts
    assert not epochs(cluster)


def test_a_job_that_is_longer_than_its_limit_goes_on_without_any_signal(cluster):
    """By the clock: its script asks for none. A minute is the least limit, of which the run gets 30 s."""
    lines = 30_000 if LONG else 4_500
    number = submit(cluster, lines, "--time=1", script=own_script(cluster), every="auto")
    right_at_the_end(cluster, number, lines, 5 if LONG else 1)
    said = cluster.output(number)
    assert "the job is put back into the queue" in said
    assert "the time limit of 00:01:00 of job" in said
    assert "DUE TO TIME LIMIT" not in said


def preempt(cluster, node="n1"):
    other = cluster.sbatch(f"--nodelist={node}", "--exclusive", "--time=1", "--wrap", "true")
    assert cluster.wait(other) == "COMPLETED"


@pytest.mark.parametrize("partition", ["spot", "scavenge"] if LONG else ["scavenge"])
def test_a_job_that_is_preempted_twice_makes_a_checkpoint_in_its_grace_time(cluster, partition):
    lines = 2700
    number = submit(
        cluster, lines, f"--partition={partition}", "--exclusive", "--nodelist=n1",
        script=own_script(cluster), every="1",
    )  # fmt: skip
    for times in (1, 2):
        cluster.until(lambda: cluster.state(number) == "RUNNING", number=number)
        before = max(epochs(cluster), default=None)
        cluster.until(lambda before=before: max(epochs(cluster), default=None) != before, number=number)
        preempt(cluster)
        cluster.until(lambda times=times: cluster.job(number)["Restarts"] == str(times), number=number)
    right_at_the_end(cluster, number, lines, 2)
    said = cluster.output(number)
    assert said.count("is preempted by another one") >= 2
    assert "DUE TO PREEMPTION" not in said, "killed when its time of grace was over"


def test_scancel_ends_a_job_for_good_and_says_how_to_go_on(cluster):
    number = submit(cluster, LINES)
    kept(cluster, number)
    cluster.run(["scancel", number])
    assert cluster.wait(number) == "CANCELLED"
    assert cluster.job(number)["Restarts"] == "0"
    said = cluster.output(number)
    assert "is not put back into the queue: it was cancelled (scancel)" in said
    assert "Go on from the last checkpoint:  hpcd4p resume results/" in said


def test_a_job_that_may_not_be_put_back_says_how_to_go_on(cluster):
    number = submit(cluster, LINES, "--no-requeue")
    kept(cluster, number)
    cluster.run(["scancel", "--signal=USR1", "--batch", number])
    assert cluster.wait(number) == "FAILED"
    assert cluster.job(number)["ExitCode"] == "3:0"
    said = cluster.output(number)
    assert "is not put back into the queue: it may not be (--no-requeue" in said
    assert "Go on from the last checkpoint:  hpcd4p resume results/" in said


@pytest.mark.long
def test_tasks_of_an_array_go_on_each_by_itself(cluster):
    script = str(Path(RUN).with_name("array.sh"))
    number = cluster.sbatch(
        "--array=1-2",
        "--ntasks-per-node=4",
        script,
        WORDS,
        "--lines=500",
        f"--nap={NAP_S}",
        "--checkpoint=1",
    )
    cluster.until(lambda: len({path.parent for path in epochs(cluster)}) == 2, number=number)
    cluster.run(["scancel", "--signal=USR1", "--batch", f"{number}_1"])
    cluster.until(lambda: not cluster.run(["squeue", "-h"]).stdout, 120, number)
    assert cluster.job(f"{number}_1")["Restarts"] == "1", cluster.output(number)
    assert cluster.job(f"{number}_2")["Restarts"] == "0", cluster.output(number)
    answers = []
    for path in cluster.records():
        with read_record(path) as record:
            if record.summary.status == 0:
                answers.append(
                    (record.summary.provenance["command_line"].rpartition("--seed ")[2], answer(path))
                )
    for seed, found in answers:
        done = cluster.hpcd4p("run", WORDS, "--results", f"s{seed}", "--lines=500", "--seed", seed)
        assert done.returncode == 0, done.stderr
        (path,) = (cluster.folder / f"s{seed}").glob("*.h5")
        assert found == answer(path)
    assert sorted(seed for seed, _ in answers) == ["1", "2"]


# ---- a node dies


def slurmd_of(cluster, node):
    return int((cluster.home / "run" / f"slurmd.{node}.pid").read_text())


def processes_on(cluster, node):
    """All processes of a pretended node, but for its slurmd: those of Slurm first, for they would report."""
    found = []
    slurmd = slurmd_of(cluster, node)
    here = os.readlink(f"/proc/{slurmd}/ns/uts")  # each node has a hostname of its own
    if here == os.readlink("/proc/self/ns/uts"):
        pytest.skip("needs pretended nodes with hostnames of their own (unshare --uts)")
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            if os.readlink(entry / "ns" / "uts") == here and int(entry.name) != slurmd:
                found.append(((entry / "comm").read_text().strip() != "slurmstepd", int(entry.name)))
    return [pid for _, pid in sorted(found)]


def kill(pids):
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def nodes(cluster):
    yield cluster
    cluster.up()  # starts the slurmd that was killed
    for node in ("n1", "n2"):
        cluster.run(["scontrol", "update", f"nodename={node}", "state=resume"])
    cluster.until(lambda: "down" not in cluster.run(["sinfo", "-h"]).stdout, 60)


@pytest.mark.parametrize(
    ("node", "words"), [("n1", ()), ("n2", ()), ("n2", ("--no-kill",))] if LONG else [("n2", ("--no-kill",))]
)
def test_a_job_goes_on_when_one_of_its_nodes_dies(nodes, node, words):
    lines = 3000
    number = submit(nodes, lines, "--nodes=2", "--nodelist=n1,n2", *words, every="2")
    kept(nodes, number)
    kill([slurmd_of(nodes, node), *processes_on(nodes, node)])
    nodes.run(["scontrol", "update", f"nodename={node}", "state=down", "reason=dead"])
    nodes.run(["scontrol", "update", f"jobid={number}", "nodelist="])
    nodes.run(["scontrol", "update", f"jobid={number}", "reqnodelist="])
    right_at_the_end(nodes, number, lines, 1)


@pytest.mark.long
def test_a_job_whose_processes_on_one_node_die_goes_on_in_the_job(nodes):
    lines = 2000
    number = submit(nodes, lines, "--nodes=2", "--nodelist=n1,n2", every="2")
    kept(nodes, number)
    kill(processes_on(nodes, "n2"))
    assert nodes.wait(number, 300) == "COMPLETED", nodes.output(number)
    found, _, resumed = newest_answer(nodes)
    assert found == whole(nodes, lines)
    assert resumed
