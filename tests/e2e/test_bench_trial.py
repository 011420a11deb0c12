"""What the benchmark starts cannot outlive it."""

from __future__ import annotations

import os
import time

import pytest

from hpcd4p.bench.trial import Launcher, TrialError

HANGS = """
import multiprocessing, os, sys, time
def hang():
    with open(sys.argv[1], "a") as file:
        file.write(f"{os.getpid()}\\n")
    time.sleep(600)
processes = [multiprocessing.Process(target=hang) for _ in range(2)]
for process in processes: process.start()
for process in processes: process.join()
"""


def wait_until(what, seconds=30.0):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)


def lives(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"  # a zombie waits for init only
    except OSError:
        return False


def test_the_children_of_a_mapping_that_hangs_are_ended_with_it(tmp_path):
    path = tmp_path / "pids"
    began = lambda: path.exists() and path.read_text().count("\n") == 2  # noqa: E731
    with pytest.raises(TrialError, match="no end after 0 s"):
        Launcher().run(["-c", HANGS, str(path)], meanwhile=lambda _: wait_until(began), deadline_s=0.1)
    pids = [int(pid) for pid in path.read_text().split()]
    assert os.getpid() not in pids
    wait_until(lambda: not any(map(lives, pids)))
