"""The folder of a fresh clone, and what `make clean` leaves of it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]


def git(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", *words], cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_clone_has_results_and_git_ignores_what_runs_write_there():
    if git("rev-parse").returncode:
        pytest.skip("needs a checkout with git")
    assert git("check-ignore", "-q", "results/README.md").returncode == 1
    for name in ("concordance-20260101T000000Z-0000.h5", "demo/points/x", "demo-report/report.html"):
        assert git("check-ignore", "-q", f"results/{name}").returncode == 0, name


def test_make_clean_empties_results_but_for_the_word_of_what_comes_there(tmp_path):
    shutil.copy(CHECKOUT / "Makefile", tmp_path)
    shutil.copytree(CHECKOUT / "results", tmp_path / "results", ignore=lambda *_: {"demo"})
    (tmp_path / "results" / "run.h5").touch()
    (tmp_path / "results" / "study").mkdir()
    (tmp_path / "results" / "study" / "README.md").touch()
    done = subprocess.run(
        ["make", "clean"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert [p.name for p in (tmp_path / "results").iterdir()] == ["README.md"]
