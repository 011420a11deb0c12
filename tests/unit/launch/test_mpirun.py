from __future__ import annotations

import pytest

from hpcd4p.errors import MpiSetupError, RankLost
from hpcd4p.launch import mpirun
from hpcd4p.launch.starting_again import Ended
from hpcd4p.launch.status_note import Rest


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


def test_ranks_that_were_lost_and_cannot_be_started_again_are_lost(monkeypatch, tmp_path):
    """A node has died: that is no set-up to mend, the job may come back."""
    (tmp_path / "epoch-000004").mkdir()
    (tmp_path / "epoch-000004" / "manifest").touch()
    rest = Rest(str(tmp_path))
    ends = [
        Ended(None, RankLost("rank 0 was killed"), False, rest),
        Ended(None, MpiSetupError("srun ended with status 250"), False, Rest("")),
    ]
    monkeypatch.setattr(mpirun, "under_mpi", lambda: False)
    monkeypatch.setattr(mpirun, "_once", lambda *words: ends.pop(0))
    told = []
    with pytest.raises(RankLost, match="could not be started again: srun ended with status 250"):
        mpirun.launch(
            2, ["run"], object(), restarts=3, can_go_on=lambda folder, status: told.append((folder, status))
        )
    assert told == [(str(tmp_path), 3)]
