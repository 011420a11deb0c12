"""srun as the launcher: how the ranks find each other, and where it must not be used."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hpcd4p.errors import MpiSetupError, SettingsError
from hpcd4p.launch.mpi_program import SRUN, Mpi, command
from hpcd4p.launch.mpirun import AUTO, MPIRUN, _choose
from hpcd4p.launch.mpirun import SRUN as SRUN_WORD
from hpcd4p.launch.srun import check_place, find_srun, fitting, kinds_in

LIST = """MPI plugin types are...
\tpmix
\tnone
\tpmi2
specific pmix plugin versions available: pmix_v4
"""


def test_the_kinds_that_srun_knows_are_read():
    assert kinds_in(LIST) == ["pmix", "none", "pmi2", "pmix_v4"]


@pytest.mark.parametrize(
    ("library", "kinds", "kind"),
    [
        ("Open MPI v5.0.11", ["none", "pmi2", "pmix"], "pmix"),
        ("MPICH Version: 5.0.2", ["none", "pmi2", "pmix"], "pmi2"),
        ("Intel(R) MPI Library 2021.11", ["pmi2", "pmix"], "pmi2"),
        ("MPICH Version: 5.0.2", ["none", "cray_shasta"], "cray_shasta"),
    ],
)
def test_the_kind_that_fits_the_library_is_chosen(library, kinds, kind):
    assert fitting(library, kinds) == kind


def test_an_srun_without_a_kind_that_fits_is_told():
    with pytest.raises(MpiSetupError, match="needs srun --mpi=pmix, and srun here knows none, pmi2"):
        fitting("Open MPI v5.0.11", ["none", "pmi2"])


@pytest.mark.parametrize("step", ["4294967290", "4294967291", ""])
def test_the_batch_script_and_the_shell_of_salloc_are_no_steps_of_srun(step):
    check_place(4, {"SLURM_JOB_ID": "1", "SLURM_STEP_ID": step, "SLURM_NTASKS": "4"})


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"SLURM_JOB_ID": "1", "SLURM_STEP_ID": "0"}, "inside a step of srun"),
        ({"SLURM_JOB_ID": "1", "SLURM_NTASKS": "3"}, "the job has 3 tasks"),
    ],
)
def test_a_place_where_ranks_cannot_be_started_is_told(environ, told):
    with pytest.raises(MpiSetupError, match=told):
        check_place(4, environ)


def test_one_machine_takes_so_many_ranks_and_a_batch_job_what_it_was_given(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(4)))
    check_place(512, {})
    with pytest.raises(MpiSetupError, match="this machine has 4 cores, and takes up to 512 ranks"):
        check_place(513, {})
    check_place(100_000, {"SLURM_JOB_ID": "1", "SLURM_NTASKS": "100000"})
    hosts = tmp_path / "hosts"
    hosts.write_text("one\ntwo\n")
    check_place(100_000, {"PBS_NODEFILE": str(hosts)})
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0})
    check_place(256, {})


def test_outside_a_job_srun_is_refused(tmp_path, monkeypatch):
    program = tmp_path / "srun"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MpiSetupError, match="this is no job of Slurm"):
        find_srun({})
    assert find_srun({"SLURM_JOB_ID": "1", "SLURM_MPI_TYPE": "pmix_v4"}).pmi == "pmix_v4"
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    with pytest.raises(MpiSetupError, match="no srun on PATH"):
        find_srun({"SLURM_JOB_ID": "1"})


def test_srun_is_told_the_kind_and_to_let_the_others_live(tmp_path):
    line = command(Mpi(tmp_path / "srun", SRUN, (), "pmi2"), 8, ["python"], several_nodes=True)
    assert line == [
        str(tmp_path / "srun"),
        "-n",
        "8",
        "--mpi=pmi2",
        "--cpu-bind=none",
        "--kill-on-bad-exit=0",
        "python",
    ]


def test_srun_is_taken_by_itself_only_in_a_job_without_an_mpirun(monkeypatch):
    srun = Mpi(Path("/usr/bin/srun"), SRUN, (), "pmi2")
    lack = MpiSetupError("no mpirun")

    def none_there():
        raise lack

    monkeypatch.setattr("hpcd4p.launch.mpi_program.find_mpi", none_there)
    monkeypatch.setattr("hpcd4p.launch.srun.find_srun", lambda: srun)
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    with pytest.raises(MpiSetupError, match="no mpirun"):
        _choose(AUTO)
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    assert _choose(AUTO) == srun
    assert _choose(SRUN_WORD) == srun
    with pytest.raises(MpiSetupError, match="no mpirun"):
        _choose(MPIRUN)
    with pytest.raises(SettingsError, match="--launcher takes auto, mpirun, srun; not 'aprun'"):
        _choose("aprun")
