"""The package as it is installed from a wheel: without the checkout, it still has all that is promised."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
from pathlib import Path

import pytest

from hpcd4p.launch.mpi_program import command as command_line
from hpcd4p.launch.mpi_program import environment as of_mpi
from hpcd4p.launch.mpi_program import find_mpi
from tests.e2e.conftest import clean_environment

CHECKOUT = Path(__file__).parents[2]


def run(words: list[object], folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    environ = {k: v for k, v in clean_environment().items() if k != "PYTHONPATH"} | more
    return subprocess.run(
        list(map(str, words)),
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Folder with a wheel, made from an sdist, made from a copy of the checkout as git has it."""
    folder = tmp_path_factory.mktemp("built")
    listed = run(["git", "ls-files", "-z", "-co", "--exclude-standard"], CHECKOUT)
    if listed.returncode:
        pytest.skip("needs a checkout with git")
    for name in filter(None, listed.stdout.split("\0")):
        target = folder / "copy" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(CHECKOUT / name):
            shutil.copy2(CHECKOUT / name, target, follow_symlinks=False)
    sdist = "import setuptools.build_meta as b; print(b.build_sdist('..'))"
    made = run([sys.executable, "-c", sdist], folder / "copy")
    assert made.returncode == 0, made.stdout + made.stderr
    (packed,) = folder.glob("*.tar.gz")
    with tarfile.open(packed) as tar:
        tar.extractall(folder / "unpacked", filter="data")
    (source,) = (folder / "unpacked").iterdir()
    wheel = "import setuptools.build_meta as b; print(b.build_wheel('../..'))"
    made = run([sys.executable, "-c", wheel], source)
    assert made.returncode == 0, made.stdout + made.stderr
    return folder


@pytest.fixture(scope="module")
def python(built):
    """A Python that has the wheel, and of this one only the other packages."""
    (wheel,) = built.glob("*.whl")
    venv.create(built / "venv", with_pip=False)
    program = built / "venv" / "bin" / "python"
    done = run(
        [sys.executable, "-m", "pip", "--python", program, "install", "--no-deps", "--no-index", wheel], built
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (packages,) = (built / "venv" / "lib").glob("python*/site-packages")
    (packages / "others.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    said = run([program, "-c", "import hpcd4p; print(hpcd4p.__file__)"], built)
    assert said.stdout.startswith(str(built)), said.stdout + said.stderr
    return program


def test_the_sdist_has_what_a_checkout_is_used_with(built):
    (source,) = (built / "unpacked").iterdir()
    for name in ("configs/demo.toml", "slurm/run.sh", "results/README.md", "Makefile", "tests/conftest.py"):
        assert (source / name).is_file(), name


def test_an_installed_package_runs_and_writes_studies_that_run(built, python, tmp_path):
    path = f"{find_mpi().path.parent}:{os.environ['PATH']}"
    line = [python, "-m", "hpcd4p", "run", "-n", "3", "--top", "3", "--input", built / "copy" / "configs"]
    ran = run(line, tmp_path, PATH=path)
    assert ran.returncode == 0, ran.stderr
    assert "concordance: completed" in ran.stdout
    made = run([python, "-m", "hpcd4p", "init"], tmp_path)
    assert made.returncode == 0, made.stderr
    assert f"HPCD4P_PYTHON={python}" in (tmp_path / "slurm" / "site.env").read_text()
    swept = run([python, "-m", "hpcd4p", "sweep", "configs/demo.toml", "--dry-run"], tmp_path, PATH=path)
    assert swept.returncode == 0, swept.stderr
    assert "12 points" in swept.stdout


def test_the_scripts_that_init_wrote_start_a_run(python, tmp_path):
    assert run([python, "-m", "hpcd4p", "init"], tmp_path).returncode == 0
    (tmp_path / "bin").mkdir()
    scontrol = tmp_path / "bin" / "scontrol"
    scontrol.write_text("#!/bin/sh\nexit 1\n")
    scontrol.chmod(0o755)
    variables = {
        "PATH": f"{tmp_path}/bin:{find_mpi().path.parent}:{os.environ['PATH']}",
        "SLURM_SUBMIT_DIR": str(tmp_path), "SLURM_NTASKS": "2",
    }  # fmt: skip
    ran = run(["bash", "slurm/run.sh", "--top", "3", "--input", "configs"], tmp_path, **variables)
    assert ran.returncode == 0, ran.stderr
    assert "concordance: completed" in ran.stdout
    assert "on 2 ranks" in ran.stdout


def test_a_job_of_several_nodes_is_not_warned_of_variables_that_are_not_set(python, tmp_path):
    mpi = find_mpi()
    environ = {k: v for k, v in of_mpi(mpi, clean_environment()).items() if k != "PYTHONPATH"}
    line = command_line(mpi, 2, [python, "-c", "pass"], several_nodes=True, environ=environ)
    done = subprocess.run(
        line, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "PYTHONPATH" not in done.stdout + done.stderr
