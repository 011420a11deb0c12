"""The progress line: drawn on a terminal, through mpirun too, and nowhere else."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import textwrap
import time

import pytest

from hpcd4p.launch.mpi_program import command, find_mpi
from hpcd4p.launch.mpi_program import environment as of_mpi

SLOW = """
    import time
    from hpcd4p import ProducerPE, WorkflowGraph

    class Slow(ProducerPE):
        def _process(self, inputs):
            time.sleep(0.01)
            return 1

    graph = WorkflowGraph()
    graph.add(Slow())
"""


def on_a_terminal(words: list[str], **given) -> tuple[str, list[tuple[float, str]]]:
    """What `words` write on the terminal that is their stderr, and when what came."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(words, stderr=theirs, stdout=subprocess.DEVNULL, **given)
    os.close(theirs)
    moments = []
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if select.select([ours], [], [], 0.1)[0]:
            try:
                part = os.read(ours, 4096)
            except OSError:  # the last writer is gone
                break
            if not part:
                break
            moments.append((time.monotonic(), part.decode()))
        elif child.poll() is not None:
            break
    os.close(ours)
    assert child.wait(timeout=10) == 0, moments
    return "".join(text for _, text in moments), moments


def shown(seen: str) -> list[str]:
    return [part for part in seen.split("\r") if "tuples done" in part]


@pytest.mark.parametrize("ranks", [1, 3])
@pytest.mark.parametrize("plain", [False, True], ids=["run -n", "plain mpirun"])
def test_a_terminal_shows_progress_as_it_comes_and_is_clean_afterwards(tmp_path, environment, ranks, plain):
    (tmp_path / "w.py").write_text(textwrap.dedent(SLOW))
    program = [sys.executable, "-m", "hpcd4p", "run"]
    if plain:
        mpi = find_mpi()
        program = command(mpi, ranks, program)
        environment = of_mpi(mpi, environment)
    elif ranks > 1:
        program += ["-n", str(ranks)]
    seen, moments = on_a_terminal(
        [*program, "w.py", "-i", "150", "--no-record"], cwd=tmp_path, env=environment
    )
    lines = shown(seen)
    assert len(lines) > 2
    assert all("/150 inputs" in line for line in lines)
    assert len({m for m, text in moments if shown(text)}) > 2, f"it came all at once: {moments}"
    assert seen.endswith(" \r"), "the line was not taken away"


def test_a_log_file_stays_quiet(hpcd4p):
    ended = hpcd4p("run", "-n", "3", "w.py", "-i", "50", "--no-record", workflow=SLOW)
    assert ended.status == 0, ended.err
    assert ended.err == ""


OFTEN = """
    import hpcd4p.cli.progress
    hpcd4p.cli.progress.EVERY_S = 0.3  # a minute is long for a test
"""

FAILS = """
    from hpcd4p import IterativePE

    class Fails(IterativePE):
        def _process(self, number):
            raise ValueError("no")

    graph.connect(next(iter(graph.get_contained_objects())), "output", Fails(), "input")
"""


@pytest.mark.parametrize("ranks", ["1", "3"])
def test_without_a_terminal_a_long_run_says_whole_lines(hpcd4p, ranks):
    workflow = "".join(map(textwrap.dedent, (OFTEN, SLOW, FAILS)))
    settings = ["--hopeless-after", "1000", "--no-record"]
    ended = hpcd4p("run", "-n", ranks, "w.py", "-i", "150", *settings, workflow=workflow)
    assert ended.status == 1, ended.err
    said = [line for line in ended.err.splitlines() if "tuples done" in line]
    assert said
    pattern = r"hpcd4p: after 0:00:0\d: \d+ of 150 inputs, \d+ tuples done \(\d+/s\), \d+ failed, "
    assert all(re.match(pattern, line) for line in said), said
    assert "the end is expected at" in said[0]
    assert "\r" not in ended.err
