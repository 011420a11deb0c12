from __future__ import annotations

from pathlib import Path

from hpcd4p.launch.doctor import _ranks, _survivors
from hpcd4p.launch.mpi_program import MPICH, OPEN_MPI, Mpi
from hpcd4p.launch.rank_probe import read_probe

OMPI = Mpi(Path("/opt/bin/mpirun"), OPEN_MPI, (5, 0, 11))
HYDRA = Mpi(Path("/opt/bin/mpirun"), MPICH, (5, 0, 2))


def said(*lines: str, rest: str = "") -> str:
    return "".join(f"hpcd4p-probe {line} Open MPI v5.0.11\n" for line in lines) + rest


UP = ("up 0 3 100.1", "up 2 3 100.2", "up 1 3 100.2")


def test_a_machine_where_ranks_outlive_each_other_is_fine():
    probe = read_probe(said(*UP, "alive 0 3 102.0", "alive 2 3 102.0"), 100.0)
    ranks = _ranks("MPI", OMPI, probe)
    assert ranks.ok
    assert "3 ranks up in 0.2 s" in ranks.found
    assert _survivors("lost rank", OMPI, probe).ok


def test_tells_a_launcher_that_ends_all_ranks_when_one_is_lost():
    finding = _survivors("lost rank", HYDRA, read_probe(said(*UP), 100.0))
    assert not finding.ok
    assert "Open MPI 5" in finding.advice


def test_tells_an_mpirun_that_belongs_to_another_mpi_than_mpi4py():
    text = said("up 0 1 100.1", "up 1 1 100.1", "up 2 1 100.1", "alive 0 1 102", "alive 2 1 102")
    finding = _ranks("MPI", HYDRA, read_probe(text, 100.0))
    assert not finding.ok
    assert "each is alone" in finding.found
    assert "Open MPI v5.0.11" in finding.found


def test_tells_a_python_without_mpi4py():
    finding = _ranks("MPI", OMPI, read_probe("ModuleNotFoundError: No module named 'mpi4py'\n", 100.0))
    assert not finding.ok
    assert finding.advice == "pip install mpi4py"


def test_repeats_what_a_launcher_complains_about():
    finding = _ranks("MPI", OMPI, read_probe("There are not enough slots available\n", 100.0))
    assert not finding.ok
    assert "0 of 3 ranks" in finding.found
    assert "not enough slots" in finding.found
