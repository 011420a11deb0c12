"""What an element holds is on every rank what it is in one process, also to ``is``."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from tests.e2e.harness import WORKFLOWS

with warnings.catch_warnings():
    warnings.simplefilter("ignore", SyntaxWarning)  # Python warns of `is` with a literal, too
    from tests.e2e.workflows.asks_is import EXPECTED, NUMBERS, answer, problems

LITERALS = 5
"""In the code of the file, behind ``is``."""

FILE = WORKFLOWS / "asks_is.py"
MPICH = Path(sys.prefix) / "mpich" / "bin"
"""Where the Makefile puts another Python, with MPICH."""


def outputs_of(ended):
    """Values by 'element.output'."""
    found: dict[str, list] = {}
    for (name, value), count in ended.outputs.items():
        found.setdefault(name, []).extend([value] * count)
    return found


@pytest.mark.parametrize(
    ("mapping", "sizes"), [("hybrid", "1 2 4"), ("static", "2 4"), ("simple", "1")], ids=lambda word: word
)
def test_elements_of_a_script_mean_the_same_on_every_rank(tmp_path, environment, mapping, sizes):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(FILE), mapping, *sizes.split()],
        cwd=tmp_path, capture_output=True, text=True, timeout=110, env=environment, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "good\n"), done.stderr


@pytest.mark.parametrize(
    ("mapping", "size"),
    [("simple", 1), ("hybrid", 1), ("hybrid", 2), ("hybrid", 4), ("static", 2), ("static", 4)],
    ids=str,
)
def test_elements_of_a_file_mean_the_same_on_every_rank(runs, mapping, size):
    ended = runs.run(str(FILE), size, "-a", "graph", "--mapping", mapping)
    assert ended.status == 0, ended.err
    assert ended.err.count('"is" with a literal') == LITERALS  # said by one rank, not by each
    assert list(problems(outputs_of(ended))) == []


@pytest.mark.skipif(not (MPICH / "mpirun").exists(), reason="no MPICH here")
def test_elements_mean_the_same_with_mpich(runs):
    ended = runs.run(str(FILE), 4, "-a", "graph", python=str(MPICH / "python"))
    assert ended.status == 0, ended.err
    assert list(problems(outputs_of(ended))) == []


@pytest.mark.parametrize("size", [1, 2, 4])
def test_elements_mean_the_same_where_any_rank_runs_anything(runs, size):
    ended = runs.run(str(FILE), size, "-a", "stateless", "--mapping", "dynamic")
    assert ended.status == 0, ended.err
    (rows,) = [values for name, values in outputs_of(ended).items() if name.startswith("Pool")]
    assert sorted(row[1] for row in rows) == sorted(map(answer, range(NUMBERS)))


def test_elements_mean_the_same_in_a_process_apart(runs):
    ended = runs.run(str(FILE), 4, "-a", "deadly")
    assert ended.status == 1, ended.err
    (rows,) = [values for name, values in outputs_of(ended).items() if name.startswith("Deadly")]
    assert any(apart for apart, _ in rows)
    assert sorted(told for _, told in rows) == sorted(answer(n) for n in range(NUMBERS) if n != 13)
    assert all(told.endswith(EXPECTED) for _, told in rows)
