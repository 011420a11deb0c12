"""Studies on Slurm: arrays through submitit, without accounting, whatever happens to jobs and drivers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from hpcd4p.record.reader import read_record
from hpcd4p.study.results.reader import read_results
from tests.slurm.conftest import CHECKOUT, HERE

pytestmark = pytest.mark.slurm

STUDY = """
[study]
name = "s"
workflow = "w.py"
time = "40"
repeats = 2

[axes]
ranks = [4, 8]
mode = ["good", "raise", "hang"]

[launch]
cluster = "slurm"
at_once = 4
ranks_per_node = 4
"""


@pytest.fixture
def study(cluster):
    from tests.e2e.test_sweep import WORKFLOW

    (cluster.folder / "w.py").write_text(WORKFLOW)
    (cluster.folder / "s.toml").write_text(STUDY)
    return cluster


def rows(cluster) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in read_results(cluster.folder / "results" / "s.h5").rows:
        found.setdefault(row["key"], []).append(row["state"])
    return found


def kill_processes(*variables):
    """Kill every process that has these in its environment, at once and without a word."""
    wanted = {text.encode() for text in variables}
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            if wanted <= set((entry / "environ").read_bytes().split(b"\0")):
                os.kill(int(entry.name), signal.SIGKILL)


def test_twelve_points_with_failures_and_a_driver_that_is_killed(study):
    line = [sys.executable, "-m", "hpcd4p", "sweep", "s.toml"]
    driver = subprocess.Popen(
        line, cwd=study.folder, env=study.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    ends = lambda: len(list((study.folder / "results/s").glob("*/*/end.json")))  # noqa: E731
    study.until(lambda: ends() >= 2)
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    jobs = len(study.run(["squeue", "-h", "-r"]).stdout.splitlines())
    assert jobs > 0, "all was over before the driver was killed"
    status = study.hpcd4p("sweep", "status", "s.toml")
    assert status.returncode == 3, status.stdout + status.stderr
    done = study.hpcd4p("sweep", "s.toml", timeout=300)
    assert done.returncode == 1, done.stdout + done.stderr
    found = rows(study)
    assert len(found) == 12
    states = {"good": "completed", "raise": "failed tuples", "hang": "timed out"}
    for key, of in found.items():
        (mode,) = (m for m in states if f"mode={m}," in key)
        assert of == [states[mode]], (key, of)  # one attempt each: nothing was lost, nothing done twice
    results = read_results(study.folder / "results" / "s.h5")
    assert all(row["job"] for row in results.rows)


def test_a_job_that_dies_without_a_word_is_noticed_without_accounting(study):
    (study.folder / "s.toml").write_text(
        STUDY.replace("repeats = 2", "repeats = 1").replace('"good", "raise", "hang"', '"good", "hang"')
        .replace("[4, 8]", "[4]")
    )  # fmt: skip
    line = [sys.executable, "-m", "hpcd4p", "sweep", "s.toml"]
    driver = subprocess.Popen(
        line, cwd=study.folder, env=study.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    hung = study.folder / "results/s/ranks=4,mode=hang,repeat=1/1/out.txt"
    study.until(hung.exists)
    array, _, task = json.loads((hung.parent / "plan.json").read_text())["job"].partition("_")
    kill_processes(f"SLURM_ARRAY_JOB_ID={array}", f"SLURM_ARRAY_TASK_ID={task}")
    out, _ = driver.communicate(timeout=150)
    assert driver.returncode == 1, out
    found = rows(study)
    assert found["ranks=4,mode=good,repeat=1"] == ["completed"]
    assert found["ranks=4,mode=hang,repeat=1"] == ["lost"], out
    assert "ended without a word; Slurm says" in out


def test_the_documented_commands_run(cluster):
    """`sweep configs/strong_scaling.toml` and `report`, with less of each to do."""
    text = (CHECKOUT / "configs" / "strong_scaling.toml").read_text()
    text = text.replace("repeats = 3", "repeats = 1").replace("[2, 4, 8, 16, 32]", "[2, 4, 8]")
    text = text.replace("galaxies = 200", "galaxies = 40").replace("ranks_per_node = 8", "ranks_per_node = 2")
    (cluster.folder / "strong_scaling.toml").write_text(text)
    done = cluster.hpcd4p("sweep", "strong_scaling.toml", timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr + cluster.output()
    results = read_results(cluster.folder / "results" / "strong_scaling.h5")
    assert sorted((r["ranks"], r["nodes"], r["state"]) for r in results.rows) == [
        (2, 1, "completed"), (4, 2, "completed"), (8, 4, "completed"),
    ]  # fmt: skip
    told = cluster.hpcd4p("report", "results/strong_scaling.h5", timeout=120)
    assert told.returncode == 0, told.stderr
    assert (cluster.folder / "results" / "strong_scaling-report" / "report.html").exists()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('at_once = 4', "at_once = 4\npartition = 'nowhere'"), "nvalid partition"),
        (("[4, 8]", "[4096]"), "Slurm does not take the jobs"),
    ],
)  # fmt: skip
def test_what_slurm_refuses_is_one_message(study, change, told):
    (study.folder / "s.toml").write_text(STUDY.replace(*change))
    done = study.hpcd4p("sweep", "s.toml")
    assert done.returncode == 2, done.stdout + done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_submit_runs_a_workflow_without_a_script(cluster):
    words = [str(HERE / "words.py"), "--lines", "50"]
    done = cluster.hpcd4p("submit", *words, "--nodes", "2", "--ntasks-per-node", "3", "--time", "5")
    assert done.returncode == 0, done.stderr
    number = done.stdout.split()[1].rstrip(":")
    assert cluster.wait(number) == "COMPLETED", cluster.output(number)
    assert "6 ranks of 2 hosts" in cluster.output(number)
    assert len(cluster.records()) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--partition", "nowhere"), "nvalid partition"),
        (("--nodes", "9"), "Slurm does not take the job"),
        (("--time", "soon"), "--time must be a limit"),
        (("--nodes", "0"), "--nodes must be from 1"),
        (("-n", "4"), "submit takes no -n"),
        (("--autoscale", "kne"), "unknown policy"),
        (("--linse", "4"), "--linse"),
    ],
)
def test_submit_says_in_one_message_what_cannot_be(cluster, words, told):
    done = cluster.hpcd4p("submit", str(HERE / "words.py"), *words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert not cluster.run(["squeue", "-h"]).stdout


GOES_ON = """
[study]
name = "s"
workflow = "w.py"
time = "10:00"

[axes]
ranks = [3]

[settings]
checkpoint = "1"

[options]
lines = 1000
nap = 0.04

[launch]
cluster = "slurm"
ranks_per_node = 3
exclusive = true
{more}
"""


@pytest.mark.parametrize("requeue", [True, False] if os.environ.get("LONG") else [False])
def test_a_point_that_is_preempted_goes_on_and_says_so(cluster, requeue):
    more = (
        "partition = 'scavenge'\nslurm = { nodelist = 'n1'"
        + ("" if requeue else ", no_requeue = true")
        + " }"
    )
    (cluster.folder / "w.py").write_text((HERE / "words.py").read_text())
    (cluster.folder / "s.toml").write_text(GOES_ON.format(more=more))
    driver = subprocess.Popen(
        [sys.executable, "-m", "hpcd4p", "sweep", "s.toml"], cwd=cluster.folder, env=cluster.environ,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    point = cluster.folder / "results/s/ranks=3,repeat=1"
    cluster.until(lambda: list(point.glob("1/*.checkpoints/epoch-*[0-9]")))
    other = cluster.sbatch("--nodelist=n1", "--exclusive", "--time=1", "--wrap", "true")
    cluster.wait(other)
    out, _ = driver.communicate(timeout=200)
    assert driver.returncode == 0, out
    rows = read_results(cluster.folder / "results" / "s.h5").rows
    if requeue:
        assert [(r["attempt"], r["state"]) for r in rows] == [(1, "completed")]
    else:
        assert [(r["attempt"], r["state"]) for r in rows] == [(1, "stopped"), (2, "completed")]
        assert "it can go on: hpcd4p resume" in str(rows[0]["reason"])
    assert rows[-1]["continued"] == 1
    with read_record(cluster.folder / "results" / str(rows[-1]["record"])) as record:
        assert sum(count for _, count in record.outputs("Count2.output")) == 9000
    told = cluster.hpcd4p("report", "results/s.h5", timeout=120)
    assert told.returncode == 0, told.stderr


def until_done(cluster, lines=500):
    return subprocess.Popen(
        [
            sys.executable, "-m", "hpcd4p", "submit", "--until-done", "--no-requeue", "--ntasks-per-node=3",
            str(HERE / "words.py"), "--checkpoint", "1", "--lines", str(lines), "--nap", "0.04",
        ],
        cwd=cluster.folder, env=cluster.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def running(cluster, jobs):
    """Wait until so many jobs have been submitted, and the last one has made a checkpoint; its number."""
    newest = lambda: max(cluster.folder.glob("results/*.checkpoints/epoch-*[0-9]"), default=None)  # noqa: E731
    listed = lambda: cluster.run(["squeue", "-h", "-o", "%i", "-t", "all"]).stdout.split()  # noqa: E731
    before = set(jobs)
    cluster.until(lambda: set(listed()) - before and cluster.state(max(listed())) == "RUNNING")
    at = newest()
    cluster.until(lambda: newest() not in (None, at), number=max(listed()))
    return max(listed())


def test_submit_until_done_submits_what_is_left(cluster):
    known = cluster.run(["squeue", "-h", "-o", "%i", "-t", "all"]).stdout.split()
    driver = until_done(cluster)
    first = running(cluster, known)
    cluster.run(["scancel", "--signal=USR1", "--batch", first])
    second = running(cluster, [*known, first])
    kill_processes(f"SLURM_JOB_ID={second}")
    out, _ = driver.communicate(timeout=200)
    assert driver.returncode == 0, out
    assert out.count("it goes on from checkpoint") == 2, out
    with read_record(max(cluster.records(), key=lambda path: path.stat().st_mtime)) as record:
        assert sum(count for _, count in record.outputs("Count2.output")) == 4500


def test_submit_until_done_ends_when_its_job_is_cancelled(cluster):
    known = cluster.run(["squeue", "-h", "-o", "%i", "-t", "all"]).stdout.split()
    driver = until_done(cluster, lines=100_000)
    cluster.run(["scancel", running(cluster, known)])
    out, _ = driver.communicate(timeout=100)
    assert driver.returncode == 3, out
    assert "Go on from the last checkpoint:  hpcd4p resume" in out
    assert not cluster.run(["squeue", "-h", "-t", "pending,running"]).stdout
