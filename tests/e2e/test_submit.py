"""``hpcd4p submit`` where there is no Slurm: the text it would submit, and what it says."""

from __future__ import annotations

import os
import subprocess
import sys
from textwrap import dedent

import pytest

from tests.e2e.conftest import clean_environment
from tests.e2e.test_bad_words import GOOD


@pytest.fixture
def submit(tmp_path):
    (tmp_path / "w.py").write_text(dedent(GOOD))

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        environ = clean_environment() | {"PATH": os.path.dirname(sys.executable)}
        return subprocess.run(
            [sys.executable, "-m", "hpcd4p", "submit", *words], cwd=tmp_path, timeout=120, check=False,
            env=environ, capture_output=True, text=True,
        )  # fmt: skip

    return run


def test_a_dry_run_prints_the_batch_text(submit):
    done = submit(
        "w.py", "--nodes", "4", "--ntasks-per-node", "16", "--time", "2:00:00", "-i", "5", "--dry-run"
    )
    assert done.returncode == 0, done.stderr
    for line in ("#SBATCH --nodes=4", "#SBATCH --ntasks-per-node=16", "#SBATCH --time=2:00:00"):
        assert line in done.stdout.splitlines()
    assert done.stdout.rstrip().endswith('run "$SLURM_NTASKS" w.py -i 5')


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ("w.py",),
            "there is no sbatch on PATH: submit from a login node, or look at the text with --dry-run",
        ),
        (("nowhere.py",), "nothing was submitted: "),
        (("w.py", "-n", "8"), "submit takes no -n"),
        (("w.py", "--time", "soon"), "--time must be a limit such as 30, 1:00:00"),
        (("w.py", "--nodes", "0"), "--nodes"),
    ],
)
def test_what_cannot_be_submitted_is_one_message(submit, words, says):
    done = submit(*words)
    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
