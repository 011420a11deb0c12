"""The ranks below a launcher, as /proc shows them: here this process is the launcher."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from hpcd4p.launch.siblings import ranks_under


@pytest.fixture
def started(environment):
    """Processes: two ranks, and one that is none."""
    variables = [{"OMPI_COMM_WORLD_RANK": "3"}, {"OMPI_COMM_WORLD_RANK": "11"}, {}]
    line = [sys.executable, "-c", "import time; time.sleep(60)"]
    made = [subprocess.Popen(line, env=environment | each) for each in variables]
    yield made
    for process in made:
        process.kill()
        process.wait()


@pytest.fixture
def environment():
    return {k: v for k, v in os.environ.items() if k != "OMPI_COMM_WORLD_RANK"}


def until(expected: set[int]) -> None:
    end = time.monotonic() + 60
    while ranks_under(os.getpid()) != expected:
        assert time.monotonic() < end, ranks_under(os.getpid())
        time.sleep(0.01)


def test_finds_the_ranks_and_nothing_else(started):
    until({3, 11})


def test_a_rank_that_was_killed_is_not_found_even_before_its_parent_has_waited_for_it(started):
    until({3, 11})
    started[0].kill()
    until({11})
