"""Where the words go: a full disk, a closed stream, a reader that has gone, a terminal of few characters."""

from __future__ import annotations

import subprocess
import sys

import pytest

WORKFLOW = """
from hpcd4p import IterativePE, ProducerPE, WorkflowGraph

class Numbers(ProducerPE):
    def _process(self, inputs):
        return 1

class Fail(IterativePE):
    def _process(self, data):
        raise ValueError("never")

numbers = Numbers()
graph = WorkflowGraph()
graph.add(numbers)
bad = WorkflowGraph()
bad.connect(Numbers(), "output", Fail(), "input")
"""


@pytest.fixture
def by_shell(tmp_path, environment):
    """`hpcd4p WORDS` as a shell runs it: (status, standard error)."""
    (tmp_path / "w.py").write_text(WORKFLOW)

    def run(words: str, **variables: str) -> tuple[int, str]:
        line = words.replace("hpcd4p", f"{sys.executable} -m hpcd4p", 1)
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line],
            cwd=tmp_path, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
            env=environment | variables,
        )  # fmt: skip
        return done.returncode, done.stderr

    return run


def test_a_run_whose_words_find_a_full_disk_says_so_and_names_its_record(by_shell, tmp_path):
    status, err = by_shell("hpcd4p run w.py -a graph > /dev/full")
    assert status == 2
    (record,) = (tmp_path / "results").glob("*.h5")
    (line,) = err.splitlines()
    assert "the standard output cannot be written: No space left on device" in line
    assert record.name in line


def test_another_command_whose_words_find_a_full_disk_says_so(by_shell):
    status, err = by_shell("hpcd4p plan w.py -a graph > /dev/full")
    assert status == 2
    assert err == "hpcd4p: error: the standard output cannot be written: No space left on device\n"


@pytest.mark.parametrize("ranks", [1, 2])
def test_a_closed_standard_output_hinders_nobody(by_shell, tmp_path, ranks):
    assert by_shell(f"hpcd4p run -n {ranks} w.py -a graph >&- <&-") == (0, "")
    assert len(list((tmp_path / "results").glob("*.h5"))) == 1


def test_the_status_of_a_run_does_not_depend_on_who_reads_its_words(by_shell):
    status, err = by_shell("hpcd4p run w.py -a bad | true")
    assert (status, err) == (1, "")


def test_a_terminal_of_few_characters_gets_numbers_for_the_others(by_shell):
    assert by_shell("hpcd4p run w.py -a graph > /dev/null", PYTHONIOENCODING="ascii") == (0, "")
