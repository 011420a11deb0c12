"""Which ranks keep a watch over those of their node, how many these are, and who says what of a signal."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

from hpcd4p.launch.place import keeps_watch, launched_here

OPEN_MPI = {"OMPI_COMM_WORLD_SIZE": "8", "OMPI_COMM_WORLD_LOCAL_SIZE": "4"}


@pytest.mark.parametrize(("local", "keeps"), [("0", True), ("1", True), ("2", False), ("3", False)])
def test_the_first_two_ranks_of_a_node_keep_a_watch(local, keeps):
    assert keeps_watch(OPEN_MPI | {"OMPI_COMM_WORLD_LOCAL_RANK": local}) is keeps


def test_nobody_does_where_our_launcher_looks_itself():
    assert not keeps_watch(
        OPEN_MPI | {"OMPI_COMM_WORLD_LOCAL_RANK": "0", "HPCD4P_STATUS_FILE": "/proc/7/fd/3"}
    )


def test_ranks_of_srun_do_whoever_has_started_it():
    ranks = {
        "SLURM_STEP_NUM_TASKS": "4",
        "SLURM_STEP_TASKS_PER_NODE": "4",
        "SLURM_NODEID": "0",
        "SLURM_LOCALID": "0",
    }
    assert keeps_watch(ranks | {"HPCD4P_STATUS_FILE": "/proc/7/fd/3"})


def test_on_several_nodes_they_do_beside_our_launcher():
    assert keeps_watch(OPEN_MPI | {"OMPI_COMM_WORLD_LOCAL_RANK": "0", "HPCD4P_STATUS_FILE": "/home/me/.note"})


def test_a_rank_that_is_alone_keeps_none():
    alone = {
        "OMPI_COMM_WORLD_SIZE": "1",
        "OMPI_COMM_WORLD_LOCAL_SIZE": "1",
        "OMPI_COMM_WORLD_LOCAL_RANK": "0",
    }
    assert not keeps_watch(alone)


def test_a_process_without_a_launcher_keeps_none():
    assert not keeps_watch({})
    assert not keeps_watch({"SLURM_LOCALID": "0", "SLURM_PROCID": "0", "SLURM_TASKS_PER_NODE": "4"})


@pytest.mark.parametrize(
    ("counts", "node", "local", "found"),
    [
        ("4", "0", "1", (1, 4)),
        ("16(x3),8", "2", "15", (15, 16)),
        ("16(x3),8", "3", "7", (7, 8)),
        ("16(x3),8", "4", "0", (0, 0)),
        ("2,1(x2)", "1", "0", (0, 1)),
        ("nonsense", "0", "0", (0, 0)),
        ("", "0", "0", (0, 0)),
    ],
)
def test_srun_says_how_many_ranks_each_node_has(counts, node, local, found):
    said = {"SLURM_STEP_TASKS_PER_NODE": counts, "SLURM_NODEID": node, "SLURM_LOCALID": local}
    assert launched_here(said) == found


RANK = """
    import os, signal, sys
    from pathlib import Path
    from hpcd4p.launch.node_watch import NodeWatch

    def told(word):
        lines = Path(f"/proc/{child}/status").read_text().splitlines()
        return next(line.split()[1] for line in lines if line.startswith(word))

    watch = NodeWatch()
    (child,) = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    while not int(told("SigCgt"), 16) >> (signal.SIGTERM - 1) & 1:
        pass
    if sys.argv[1] == "interrupted":
        os.kill(int(child), signal.SIGTERM)  # as the launcher does to all of its ranks
        while told("State") != "Z":
            pass
    print(watch.close(), watch.close())
"""


@pytest.mark.parametrize(("start", "said"), [("as usual", False), ("interrupted", True)])
def test_whoever_closes_the_watch_hears_whether_it_has_said_that_the_start_was_interrupted(
    tmp_path, start, said
):
    (tmp_path / "rank.py").write_text(textwrap.dedent(RANK))
    place = {f"OMPI_COMM_WORLD_{name}": value for name, value in
             {"SIZE": "2", "RANK": "0", "LOCAL_SIZE": "2", "LOCAL_RANK": "0"}.items()}  # fmt: skip
    launcher = ["sh", "-c", '"$@"; true', "sh", sys.executable, "rank.py", start]
    environ = os.environ | place | {"PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(
        launcher, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.stdout == f"{said} {said}\n", ended.stderr
    assert ("interrupted before the run began" in ended.stderr) is said
