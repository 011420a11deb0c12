from __future__ import annotations

import pytest

from hpcd4p.launch.place import launched_rank, launched_size


@pytest.mark.parametrize(
    ("environ", "rank", "size"),
    [
        ({}, 0, 1),
        ({"OMPI_COMM_WORLD_RANK": "3", "OMPI_COMM_WORLD_SIZE": "8"}, 3, 8),
        ({"PMI_RANK": "2", "PMI_SIZE": "4"}, 2, 4),
        ({"PMIX_RANK": "5", "SLURM_PROCID": "5", "SLURM_STEP_NUM_TASKS": "6"}, 5, 6),
        ({"SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "2"}, 1, 2),
        # a batch script, and a shell in an allocation, are no ranks
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "64"}, 0, 1),
        # an mpirun inside a step of one task
        (
            {
                "SLURM_PROCID": "0",
                "SLURM_STEP_NUM_TASKS": "1",
                "OMPI_COMM_WORLD_RANK": "1",
                "OMPI_COMM_WORLD_SIZE": "4",
            },
            1,
            4,
        ),
        ({"PMI_RANK": "", "PMI_SIZE": "x"}, 0, 1),
    ],
)
def test_the_launcher_says_rank_and_size(environ, rank, size):
    assert (launched_rank(environ), launched_size(environ)) == (rank, size)
