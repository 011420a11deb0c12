"""Which ranks keep a watch over those of their node, and how many these are."""

from __future__ import annotations

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
