"""What an element holds is on every rank what it is in one process, also to ``is``."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.e2e.harness import WORKFLOWS

FILE = WORKFLOWS / "asks_is.py"


def output_of(words, folder, environment):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", *words],
        cwd=folder, capture_output=True, text=True, timeout=110, env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("words", [["hybrid", "1", "2", "4"], ["static", "3"]], ids=["hybrid", "static"])
def test_elements_of_a_script_mean_the_same_on_every_rank(tmp_path, environment, words):
    assert output_of([str(FILE), *words], tmp_path, environment) == "good\n"


@pytest.mark.parametrize("mapping", ["hybrid", "static"])
def test_elements_of_a_file_mean_the_same_on_every_rank(runs, mapping):
    alone = runs.run(str(FILE), 1)
    assert alone.status == 0
    several = runs.run(str(FILE), 4, "--mapping", mapping)
    assert several.status == 0
    assert alone.outputs
    assert several.outputs == alone.outputs


def test_a_stateless_workflow_means_the_same_where_any_rank_runs_anything(tmp_path, environment):
    (tmp_path / "flow.py").write_text(
        FILE.read_text().replace("graph.connect(normalise", "# ").replace("stateful = True", "")
    )
    for size in (2, 4):
        words = ["-m", "hpcd4p", "run", "-n", str(size), "--mapping", "dynamic", "--no-record", "flow.py"]
        out = output_of(words, tmp_path, environment)
        assert "Failures: none" in out
