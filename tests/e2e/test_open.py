"""A run is looked at from outside: under way, killed with all its processes, and when it has finished."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

import hpcd4p
from hpcd4p.launch.later import SOON_BYTES
from tests.e2e.conftest import clean_environment
from tests.e2e.harness import Run, Runs

WORKFLOW = """
    import time
    from hpcd4p import IterativePE, ProducerPE, WorkflowGraph

    class Numbers(ProducerPE):
        stateful = True

        def __init__(self):
            super().__init__()
            self.next = 0

        def _process(self, inputs):
            self.next += 1
            return self.next - 1

    class Square(IterativePE):
        def _process(self, number):
            time.sleep(0.01)
            if number % 100 == 13:
                raise ValueError(number)
            return number, number**2

    graph = WorkflowGraph()
    graph.connect(Numbers(), "output", Square(), "input")
"""

NAME = "Square1.output"


def right(values: Iterable[Any]) -> Counter:
    """Of which numbers there are squares."""
    found = Counter(number for number, square in values if square == number**2)
    assert set(found.values()) <= {1}
    return found


def folder_of(run: Run) -> Path:
    (folder,) = run.folder.glob("results/*.checkpoints")
    return folder


def show(where: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "hpcd4p", "show", *words], cwd=where, env=clean_environment(), text=True,
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def runs(tmp_path):
    runs = Runs(tmp_path)
    yield runs
    runs.close()


@pytest.mark.parametrize("ranks", [1, 3])
def test_a_run_can_be_read_while_it_goes_on_when_it_is_dead_and_when_it_has_finished(runs, tmp_path, ranks):
    file = tmp_path / "w.py"
    file.write_text(textwrap.dedent(WORKFLOW))
    run = runs.start(str(file), ranks, "-i", "3000", "--checkpoint", "0.3")
    run.until(lambda: [*run.folder.glob("results/*.checkpoints/epoch-??????")])
    folder = folder_of(run)

    def seen() -> hpcd4p.results.run.OpenedRun:
        now = hpcd4p.open(folder)
        assert (now.status, now.resume) == ("under way", "")
        return now

    run.until(lambda: NAME in seen().outputs)
    before = seen()
    first = right(before.outputs[NAME])
    run.until(lambda: len(seen().outputs[NAME]) > len(first))
    assert right(before.outputs[NAME]) == first  # as it was
    assert first <= right(seen().outputs[NAME])
    text = show(run.folder, str(folder))
    assert f"under way (process {run.rank(0) if ranks > 1 else run.process.pid} on " in text
    run.until(lambda: seen().failures)

    run.kill()
    dead = hpcd4p.open(folder)
    assert dead.status == "dead"
    so_far = right(dead.outputs[NAME])
    assert first <= so_far
    assert dead.checkpoints
    assert dead.failures[0].error.startswith("ValueError")
    text = show(run.folder, str(folder.relative_to(run.folder)))
    assert "dead since" in text
    assert f"{NAME}: {sum(so_far.values()):,} tuples" in text
    (line,) = [each for each in text.splitlines() if each.startswith("Go on from the last checkpoint:")]
    told = json.loads(show(run.folder, "--json", str(folder)))
    assert told["outputs"][NAME]["count"] == sum(so_far.values())

    typed = shlex.split(line.partition(":")[2])
    assert typed[:2] == ["hpcd4p", "resume"]
    done = subprocess.run(
        [sys.executable, "-m", *typed, "-n", "2"], cwd=run.folder, env=clean_environment(), timeout=120,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr  # tuples have failed
    (record,) = run.folder.glob("results/*.h5")
    with hpcd4p.open(record) as ended:
        assert ended.status == "failed tuples"
        assert right(ended.outputs[NAME]) == Counter(n for n in range(3000) if n % 100 != 13)
        assert len(ended.failures) == 30
        # where ranks are starved to death it goes on by itself, and says so
        again = done.stderr.count("it goes on from checkpoint")
        assert len(ended.gone_on) == 1 + again, (ended.gone_on, done.stderr)
        assert not ended.gone_on[0].here
        assert ended.resume == ""
    assert not folder.exists()


LARGE = """
    import random
    import time
    from hpcd4p import IterativePE, ProducerPE, WorkflowGraph

    class Numbers(ProducerPE):
        stateful = True

        def __init__(self):
            super().__init__()
            self.next = 0

        def _process(self, inputs):
            self.next += 1
            return self.next - 1

    class Bytes(IterativePE):
        def _process(self, number):
            time.sleep(0.01)
            return number, random.Random(number).randbytes(50_000)

    graph = WorkflowGraph()
    graph.connect(Numbers(), "output", Bytes(), "input")
"""


def test_a_run_that_can_go_on_is_not_kept_waiting_for_a_large_record(runs, tmp_path):
    file = tmp_path / "w.py"
    file.write_text(textwrap.dedent(LARGE))
    run = runs.start(str(file), 3, "-i", "1500", "--checkpoint", "0.3")
    run.until(lambda: [*run.folder.glob("results/*.checkpoints/epoch-??????")])
    folder = folder_of(run)
    run.until(lambda: (folder / "outputs.journal").stat().st_size > 1.5 * SOON_BYTES)
    os.kill(run.process.pid, signal.SIGINT)
    ended = run.wait()
    assert ended.status == 3, ended.err
    assert ended.summary is None, "there is a record"
    assert "what came out so far is not in a record yet" in ended.out
    stopped = hpcd4p.open(folder)
    assert stopped.status == "stopped"
    assert len(stopped.outputs["Bytes1.output"]) > SOON_BYTES / 50_000
    again = runs.start("", 3, "-n", "2", after=run).wait()
    assert again.status == 0, again.err
    (record,) = run.folder.glob("results/*.h5")
    with hpcd4p.open(record) as done:
        numbers = sorted(number for number, data in done.outputs["Bytes1.output"] if len(data) == 50_000)
    assert numbers == list(range(1500))


def test_what_is_none_is_one_line_and_status_2(tmp_path):
    for name in ("none.h5", "none.checkpoints", "."):
        done = subprocess.run(
            [sys.executable, "-m", "hpcd4p", "show", name], cwd=tmp_path, env=clean_environment(), text=True,
            capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 2
        (line,) = done.stderr.splitlines()
        assert line.startswith("hpcd4p: error: ")
