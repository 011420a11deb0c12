"""What a SIGKILL leaves, `doctor --clean` removes; what is used, young or of others it never touches."""

from __future__ import annotations

import json
import mmap
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from hpcd4p.launch import doctor, leftovers
from hpcd4p.launch.leftovers import AGE_S, find
from tests.e2e.harness import PYTHONS
from tests.e2e.leftovers import kill_and_clean

OLD = 2 * AGE_S


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("victim", ["head", "launcher", "all"])
@pytest.mark.parametrize("by_mpirun", [False, True])
def test_after_a_kill_under_load_the_doctor_leaves_nothing(runs, by_mpirun, victim, python):
    run = runs.start("load", 4, "-i", "2000", by_mpirun=by_mpirun, python=python)
    run.until_touched("begun-*", 2)
    kill = kill_and_clean(run, victim, 0.2)
    assert kill.still == []
    assert kill.left or victim != "all", "nothing was left: this tests nothing"


@pytest.mark.parametrize("by_mpirun", [False, True])
def test_after_a_kill_at_the_start_the_doctor_leaves_nothing(runs, by_mpirun):
    kill = kill_and_clean(runs.start("load", 4, "-i", "2000", by_mpirun=by_mpirun), "all", 0.5)
    assert kill.still == []


def old(path: Path) -> Path:
    before = time.time() - OLD
    os.utime(path, (before, before))
    return path


def folder(path: Path) -> Path:
    path.mkdir()
    (path / "file").write_text("x")
    return old(path)


@pytest.fixture
def gone() -> int:
    """The number of a process that is no more."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


@pytest.fixture
def clean(hpcd4p, tmp_path):
    """`doctor --clean` in the folder, which is TMPDIR as well; gives what of the folder it has removed."""

    def run(*words):
        ended = hpcd4p("doctor", "--clean", "--json", *words, variables={"TMPDIR": str(tmp_path)})
        assert ended.err == ""
        told = json.loads(ended.out)["leftovers"]
        return {Path(each["path"]).name for each in told if str(tmp_path) in each["path"] and each["removed"]}

    return run


def test_what_was_left_is_removed_by_its_name(clean, tmp_path, gone):
    host = os.uname().nodename
    (tmp_path / "results").mkdir()
    names = [f"ompi.{gone}", f"prted.{gone}", f"hpcd4p-call-{host}-{gone}-x", f"hpcd4p-{os.getuid()}-abcdef"]
    for name in names:
        folder(tmp_path / name)
    note = tmp_path / f".hpcd4p-status-{host}-{gone}-x"
    note.touch()
    old(note)
    part = tmp_path / "results" / f".w.h5.{host}-{gone}-abcdef.part"
    part.write_text("x")
    assert clean() == {*names, note.name, part.name}
    assert not any((tmp_path / name).exists() for name in names)
    assert clean() == set()


def test_the_next_run_removes_it_without_writing_there(tmp_path, gone, monkeypatch):
    """Python tries its temporary folder by a file; it would stay if the run ended at that moment."""
    left = folder(tmp_path / f"prterun.{gone}")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_get_default_tempdir", lambda *_: pytest.fail("it writes a file"))
    monkeypatch.setattr(leftovers, "QUIET_S", 0.0)
    leftovers.sweep_quietly()
    deadline = time.monotonic() + 60
    while left.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not left.exists()


def test_what_may_be_in_use_stays(clean, tmp_path, gone):
    folder(tmp_path / f"ompi.{gone}x")  # no name of ours
    folder(tmp_path / f"hpcd4p-call-elsewhere-{gone}-x")  # of another host
    (tmp_path / f"ompi.{gone}").mkdir()  # young
    folder(tmp_path / "prted.1")  # the number of a process that lives ...
    os.utime(tmp_path / "prted.1", (time.time() - OLD,) * 2)
    used = folder(tmp_path / f"prterun.{gone}")
    with open(used / "file"):
        removed = clean()
        # ... and was there before it, unless this machine has been up for less than that
        assert removed <= {"prted.1"}
        assert ("prted.1" in removed) == (float(Path("/proc/uptime").read_text().split()[0]) < OLD)
    assert clean() == {used.name}


def test_shared_memory_goes_only_when_no_process_has_it_mapped(clean):
    path = Path(f"/dev/shm/mpich_shm_{os.urandom(4).hex()}_0")
    path.write_bytes(bytes(4096))
    try:
        with open(path, "r+b") as file:
            mapped = mmap.mmap(file.fileno(), 4096)
        old(path)
        clean()
        assert path.exists()
        mapped.close()
        clean()
        assert not path.exists()
    finally:
        path.unlink(missing_ok=True)


def test_arrays_in_shared_memory_go_only_when_their_run_is_over(clean, gone):
    host = os.uname().nodename
    left = folder(Path(f"/dev/shm/hpcd4p-blocks-{host}-{gone}-{os.urandom(4).hex()}"))
    alive = Path(f"/dev/shm/hpcd4p-blocks-{host}-{os.getpid()}-{os.urandom(4).hex()}")
    alive.mkdir()
    now = time.time()
    os.utime(alive, (now + 1, now + 1))  # made after this process was, as far as anybody can see
    try:
        with open(left / "file", "r+b") as file:
            mapped = mmap.mmap(file.fileno(), 1)
        clean()
        assert left.exists()  # somebody reads it still
        mapped.close()
        clean()
        assert not left.exists()
        assert alive.exists()
    finally:
        shutil.rmtree(left, ignore_errors=True)
        alive.rmdir()


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give files away")
def test_what_belongs_to_another_user_stays(clean, tmp_path, gone):
    left = folder(tmp_path / f"ompi.{gone}")
    os.chown(left, 12345, 12345)
    assert clean() == set()
    assert left.exists()


def test_the_doctor_tells_what_there_is_and_how_to_remove_it(monkeypatch, tmp_path, gone):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    folder(tmp_path / f"ompi.{gone}")
    told = doctor._leftovers(find([Path("results")]))
    assert told.ok
    assert "session of an MPI" in told.found
    assert "hpcd4p doctor --clean" in told.found
