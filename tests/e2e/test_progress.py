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
from collections.abc import Callable
from pathlib import Path

import pytest

from hpcd4p.launch.mpi_program import command, find_mpi
from hpcd4p.launch.mpi_program import environment as of_mpi

SLOW = """
    import time
    from pathlib import Path
    from hpcd4p import ProducerPE, WorkflowGraph

    class Slow(ProducerPE):
        def __init__(self):
            super().__init__()
            self.calls = 0

        def _process(self, inputs):
            self.calls += 1
            # it is not over before the test has seen what it waits for
            time.sleep(0.01 if self.calls < 75 or Path("go-on").exists() else 1)
            return 1

    graph = WorkflowGraph()
    graph.add(Slow())
"""


DEADLINE_S = 120.0


def on_a_terminal(
    words: list[str], cwd: Path, enough: Callable[[list[str]], bool], **given
) -> tuple[str, list[str]]:
    """What `words` write on the terminal that is their stderr, and in which parts it came.

    When that is `enough`, there is a file ``go-on`` in `cwd`.
    """
    ours, theirs = pty.openpty()
    child = subprocess.Popen(words, stderr=theirs, stdout=subprocess.DEVNULL, cwd=cwd, **given)
    os.close(theirs)
    parts: list[str] = []
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if select.select([ours], [], [], 0.1)[0]:
            try:
                part = os.read(ours, 4096)
            except OSError:  # the last writer is gone
                break
            if not part:
                break
            parts.append(part.decode(errors="replace"))
            if enough(parts):
                (cwd / "go-on").touch()
        elif child.poll() is not None:
            break
    os.close(ours)
    assert child.wait(timeout=DEADLINE_S) == 0, parts
    return "".join(parts), parts


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
    words = [*program, "w.py", "-i", "150", "--no-record"]
    seen, parts = on_a_terminal(
        words, tmp_path, lambda parts: len([part for part in parts if shown(part)]) > 2, env=environment
    )
    assert (tmp_path / "go-on").exists(), f"it came all at once, or not: {parts}"
    assert all("/150 inputs" in line for line in shown(seen))
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


@pytest.mark.parametrize("ranks", [1, 3])
def test_without_a_terminal_a_long_run_says_whole_lines(runs, tmp_path, ranks):
    file = tmp_path / "w.py"
    file.write_text("".join(map(textwrap.dedent, (OFTEN, SLOW, FAILS))))
    run = runs.start(str(file), ranks, "-i", "150", "--hopeless-after", "1000", "--no-record")
    run.until(lambda: "tuples done" in (run.folder / "err").read_text())
    ended = run.wait()
    assert ended.status == 1, ended.err
    said = [line for line in ended.err.splitlines() if "tuples done" in line]
    assert said
    pattern = r"hpcd4p: after 0:0\d:\d\d: \d+ of 150 inputs, \d+ tuples done \(\d+/s\), \d+ failed, "
    assert all(re.match(pattern, line) for line in said), said
    assert "the end is expected at" in said[0]
    assert "\r" not in ended.err
