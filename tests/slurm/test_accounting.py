"""A cluster that keeps accounts: the same study, and what they tell of jobs that squeue has forgotten."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from hpcd4p.study.results.reader import read_results
from hpcd4p.study.running import sacct
from tests.slurm.conftest import started

pytestmark = pytest.mark.slurm

PACKAGES = "slurmdbd slurm-wlm-mysql-plugin mariadb-server"

STUDY = """
[study]
name = "s"
workflow = "w.py"
time = "40"

[axes]
ranks = [4]
mode = ["good", "raise", "kill"]

[launch]
cluster = "slurm"
ranks_per_node = 4
"""


@pytest.fixture(scope="module")
def accounted():
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    if any(shutil.which(name, path=path) is None for name in ("slurmdbd", "mariadbd")):
        pytest.skip(f"needs Slurm's accounting (apt-get install {PACKAGES})")
    yield from started("--acct")


def test_a_study_on_a_cluster_with_accounts(accounted):
    from tests.e2e.test_sweep import WORKFLOW

    (accounted.folder / "w.py").write_text(WORKFLOW)
    (accounted.folder / "s.toml").write_text(STUDY)
    done = accounted.hpcd4p("sweep", "s.toml")
    found = {row["key"]: row["state"] for row in read_results(accounted.folder / "results" / "s.h5").rows}
    modes = {key.split("mode=")[1].split(",")[0]: state for key, state in found.items()}
    assert modes["good"] == "completed", done.stdout + done.stderr + accounted.output()
    assert modes["raise"] == "failed tuples"
    assert modes["kill"] in ("failed tuples", "stopped")  # of three ranks two die, or all
    assert done.returncode == 1


def test_accounts_tell_how_jobs_ended(accounted, monkeypatch):
    for name, value in accounted.environ.items():
        monkeypatch.setenv(name, value)
    scripts = {"COMPLETED": "true", "FAILED": "exit 7", "CANCELLED": "sleep 60"}
    jobs = {}
    for word, script in scripts.items():
        text = f"#!/bin/bash\n{script}\n"
        done = subprocess.run(
            ["sbatch", "--parsable", "--output=/dev/null"], input=text, cwd=accounted.folder,
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        jobs[word] = done.stdout.strip()
    accounted.until(lambda: accounted.state(jobs["CANCELLED"]) == "RUNNING")
    accounted.run(["scancel", jobs["CANCELLED"]])
    for job in jobs.values():
        accounted.wait(job)
    accounted.until(lambda: len(sacct.ask(sorted(jobs.values()))) == len(jobs), 30)
    told = sacct.ask(sorted(jobs.values()))
    assert {word: told[job].words.split()[0] for word, job in jobs.items()} == {word: word for word in jobs}
    assert told[jobs["CANCELLED"]].state == "cancelled"


def test_a_cluster_without_accounts_tells_nothing(cluster, monkeypatch):
    for name, value in cluster.environ.items():
        monkeypatch.setenv(name, value)
    assert sacct.ask(["1", "2"]) == {}
