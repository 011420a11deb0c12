from __future__ import annotations

from pathlib import Path

import pytest

from hpcd4p.launch.mpi_program import (
    INTEL_MPI,
    MPICH,
    OPEN_MPI,
    UNKNOWN,
    Mpi,
    command,
    environment,
    has_several_nodes,
    identify,
)

OMPI5 = Mpi(Path("/opt/bin/mpirun"), OPEN_MPI, (5, 0, 11))
OMPI4 = Mpi(Path("/opt/bin/mpirun"), OPEN_MPI, (4, 1, 4))
HYDRA = Mpi(Path("/opt/bin/mpirun"), MPICH, (5, 0, 2))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mpirun (Open MPI) 5.0.11\n\nReport bugs to https://...", (OPEN_MPI, (5, 0, 11))),
        ("mpirun (Open MPI) 4.1.4\n", (OPEN_MPI, (4, 1, 4))),
        ("HYDRA build details:\n    Version:                                 5.0.2\n", (MPICH, (5, 0, 2))),
        (
            "Intel(R) MPI Library for Linux* OS, Version 2021.10 Build 20230619 (id: c2e19c2f3e)",
            (INTEL_MPI, (2021, 10)),
        ),
        ("something else", (UNKNOWN, ())),
        ("", (UNKNOWN, ())),
    ],
)
def test_names_the_mpi_by_what_it_prints(text, expected):
    assert identify(text) == expected


def test_open_mpi_5_lets_ranks_share_cores_and_outlive_each_other():
    line = command(OMPI5, 8, ["python", "x.py"])
    assert line[:3] == ["/opt/bin/mpirun", "-n", "8"]
    assert line[-2:] == ["python", "x.py"]
    text = " ".join(line)
    assert "--oversubscribe" in text
    assert "--bind-to none" in text
    assert "--enable-recovery" in text
    assert "--mca btl self,sm" in text


def test_open_mpi_4_gets_only_options_that_it_knows():
    text = " ".join(command(OMPI4, 8, ["python"]))
    assert "--with-ft" not in text
    assert "--mca btl self,vader" in text


def test_several_nodes_may_use_the_network_and_get_the_variables():
    given = {"HPCD4P_STATUS_FILE": "/tmp/x", "PYTHONPATH": "/here", "HOME": "/root"}
    line = command(OMPI5, 8, ["python"], several_nodes=True, environ=given)
    assert "btl" not in line
    assert [line[i + 1] for i, word in enumerate(line) if word == "-x"] == [
        "PYTHONPATH",
        "HPCD4P_STATUS_FILE",
    ]


def test_a_variable_that_is_not_set_is_not_named_for_open_mpi_would_warn_of_it():
    line = command(OMPI5, 8, ["python"], several_nodes=True, environ={"HPCD4P_STATUS_FILE": "/tmp/x"})
    assert [line[i + 1] for i, word in enumerate(line) if word == "-x"] == ["HPCD4P_STATUS_FILE"]


def test_mpich_gets_no_options_on_several_nodes():
    assert command(HYDRA, 2, ["python"], several_nodes=True) == ["/opt/bin/mpirun", "-n", "2", "python"]
    assert "UCX_NET_DEVICES" not in environment(HYDRA, {}, several_nodes=True)


def test_mpich_is_kept_to_one_node_on_one():
    assert command(HYDRA, 2, ["python"])[3:] == ["-iface", "lo", "python"]
    assert environment(HYDRA, {}, several_nodes=False)["UCX_NET_DEVICES"] == "lo"


def test_ranks_use_one_thread_each_unless_the_user_said_otherwise():
    made = environment(HYDRA, {"MKL_NUM_THREADS": "4"})
    assert made["OMP_NUM_THREADS"] == "1"
    assert made["MKL_NUM_THREADS"] == "4"
    assert environment(HYDRA, {"SLURM_CPUS_PER_TASK": "3"})["OPENBLAS_NUM_THREADS"] == "3"


def test_root_is_allowed_where_open_mpi_asks():
    assert environment(OMPI5, {})["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] == "1"
    assert "OMPI_ALLOW_RUN_AS_ROOT" not in environment(HYDRA, {})


def test_on_several_nodes_what_a_start_before_has_left_does_not_keep_srun_waiting():
    assert environment(OMPI5, {}, several_nodes=True)["SLURM_OVERLAP"] == "1"
    assert environment(OMPI5, {"SLURM_OVERLAP": "0"}, several_nodes=True)["SLURM_OVERLAP"] == "0"
    assert "SLURM_OVERLAP" not in environment(OMPI5, {}, several_nodes=False)


def test_a_package_that_is_not_installed_goes_before_the_users_own_paths():
    assert environment(HYDRA, {"PYTHONPATH": "/mine"}, "/here")["PYTHONPATH"] == "/here:/mine"
    assert environment(HYDRA, {}, "/here")["PYTHONPATH"] == "/here"
    assert "PYTHONPATH" not in environment(HYDRA, {})


def test_an_allocation_of_two_nodes_is_several():
    assert has_several_nodes({"SLURM_JOB_NUM_NODES": "2"})
    assert not has_several_nodes({"SLURM_JOB_NUM_NODES": "1"})
    assert not has_several_nodes({})
