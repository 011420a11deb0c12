"""A job whose time is over, or that is preempted, comes back by itself and goes on from a checkpoint."""

from __future__ import annotations

import os

import pytest

from hpcd4p.record.reader import read_record
from tests.slurm.test_run import RUN, WORDS, answer

pytestmark = pytest.mark.slurm

LIMIT = ("--time=1", "--signal=B:USR1@50")
"""The least that Slurm knows. The sign comes at one of its looks, 30 s apart, so after some 17 s."""

LINES, NAP_S = int(os.environ.get("LINES", 8000)), 0.04


def newest_answer(cluster):
    newest = max(cluster.records(), key=lambda path: path.stat().st_mtime)
    with read_record(newest) as record:
        return answer(newest), record.summary, [e.text for e in record.events() if e.kind == "resumed"]


def whole(cluster, lines):
    done = cluster.hpcd4p("run", WORDS, "--results", "sequential", "--lines", str(lines))
    assert done.returncode == 0, done.stderr
    (path,) = (cluster.folder / "sequential").glob("*.h5")
    return answer(path)


def submit(cluster, lines, *words):
    return cluster.sbatch(
        "--nodes=1", "--ntasks-per-node=4", *words, RUN, WORDS, "--lines", str(lines), "--nap", str(NAP_S),
        "--checkpoint", "5",
    )  # fmt: skip


def test_a_job_that_needs_three_times_its_limit_ends_by_itself(cluster):
    # four ranks do it in 80 s, and of each minute they get some 25 s; LINES=18000: three whole minutes
    number = submit(cluster, LINES, *LIMIT)
    assert cluster.wait(number, 600) == "COMPLETED", cluster.output(number)
    assert int(cluster.job(number)["Restarts"]) >= 2, cluster.output(number)
    found, summary, resumed = newest_answer(cluster)
    assert found == whole(cluster, LINES)
    assert summary.state == "completed"
    assert len(resumed) >= 2
    assert "the job is put back into the queue" in cluster.output(number)
    assert not list(cluster.folder.glob(".hpcd4p-job-*"))


def test_a_job_that_is_preempted_goes_on(cluster):
    number = submit(cluster, 1500, "--partition=spot", "--exclusive", "--nodelist=n1")
    cluster.until(lambda: list((cluster.folder / "results").glob("*.checkpoints/epoch-*[0-9]")), 60, number)
    other = cluster.sbatch("--nodelist=n1", "--exclusive", "--time=1", "--wrap", "true")
    assert cluster.wait(other) == "COMPLETED"
    assert cluster.wait(number, 300) == "COMPLETED", cluster.output(number)
    found, _, resumed = newest_answer(cluster)
    assert found == whole(cluster, 1500)
    assert resumed


@pytest.mark.parametrize("words", [("--no-requeue",), ()], ids=["--no-requeue", "scancel"])
def test_a_job_that_is_not_to_come_back_does_not(cluster, words):
    number = submit(cluster, LINES, *words)
    cluster.until(lambda: list((cluster.folder / "results").glob("*.checkpoints/epoch-*[0-9]")), 60, number)
    if words:
        cluster.run(["scancel", "--signal=USR1", "--batch", number])
    else:
        cluster.run(["scancel", number])
    assert cluster.wait(number, 60) in ("FAILED", "CANCELLED")
    assert cluster.job(number)["Restarts"] == "0"
    assert "put back into the queue, and will" not in cluster.output(number)
