from __future__ import annotations

import pytest

from hpcd4p.errors import MpiSetupError
from hpcd4p.launch import mpirun


@pytest.mark.parametrize(
    "variables",
    [
        {"OMPI_COMM_WORLD_SIZE": "1"},
        {"PMI_SIZE": "4"},
        {"PMIX_RANK": "0"},
        {"SLURM_STEP_NUM_TASKS": "4"},
    ],
)
def test_knows_a_rank_by_what_its_launcher_left(variables):
    assert mpirun.under_mpi(variables)


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"SLURM_JOB_ID": "7", "SLURM_NTASKS": "64", "SLURM_PROCID": "0"},  # a batch script
        {"SLURM_STEP_NUM_TASKS": "1", "SLURM_STEP_ID": "4294967290"},  # the shell of salloc
    ],
)
def test_takes_no_script_or_shell_of_slurm_for_a_rank(variables):
    assert not mpirun.under_mpi(variables)


def test_refuses_to_start_ranks_from_a_rank(monkeypatch):
    monkeypatch.setattr(mpirun, "under_mpi", lambda: True)
    with pytest.raises(MpiSetupError, match="ranks cannot start ranks"):
        mpirun.launch(4, ["run"])
