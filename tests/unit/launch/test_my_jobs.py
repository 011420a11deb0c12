from __future__ import annotations

import os
from pathlib import Path

from hpcd4p.launch.my_jobs import MyJob, my_jobs, parse

SAID = """17|PENDING|Resources|hpcd4p|/home/ann/work
18_3|RUNNING|None|other|/home/ann/a|b
nothing that squeue would print
"""


def test_each_job_has_number_state_reason_name_and_folder():
    assert parse(SAID) == [
        MyJob("17", "PENDING", "Resources", "hpcd4p", Path("/home/ann/work")),
        MyJob("18_3", "RUNNING", "None", "other", Path("/home/ann/a|b")),
    ]


def squeue(folder: Path, text: str) -> None:
    program = folder / "squeue"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)


def test_where_there_is_no_squeue_nothing_is_known(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert my_jobs() is None


def test_a_squeue_that_fails_says_nothing_about_jobs(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), os.environ["PATH"]]))
    squeue(tmp_path, "exit 1")
    assert my_jobs() is None
    squeue(tmp_path, "echo '17|RUNNING|None|hpcd4p|/w'")
    assert my_jobs() == [MyJob("17", "RUNNING", "None", "hpcd4p", Path("/w"))]
