"""Faults from outside: a folder that cannot be written, a full disk, signals."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

DEADLINE_S = 120.0

ENDLESS = """
    import time
    from pathlib import Path
    from hpcd4p import IterativePE, ProducerPE, WorkflowGraph

    class Ticks(ProducerPE):
        def _process(self, inputs):
            time.sleep(0.02)
            return 1

    class Touch(IterativePE):
        def _process(self, data):
            Path("started").touch()
            return data

    ticks, touch = Ticks(), Touch()
    graph = WorkflowGraph()
    graph.connect(ticks, "output", touch, "input")
"""

BULKY = """
    import random
    from hpcd4p import ProducerPE, WorkflowGraph

    class Bulky(ProducerPE):
        def _process(self, inputs):
            return random.randbytes(4000).hex()

    graph = WorkflowGraph()
    graph.add(Bulky())
"""


def no_large_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))


@pytest.mark.parametrize("ranks", [1, 4])
def test_a_results_folder_that_cannot_be_written_is_found_before_the_run(hpcd4p, tmp_path, ranks):
    (tmp_path / "results").write_text("a file stands in the way")
    start = ["-n", str(ranks)] if ranks > 1 else []
    ended = hpcd4p("run", *start, "w.py", "-i", "3", workflow=ENDLESS)
    assert ended.status == 2, ended.err
    assert "results" in ended.error
    assert not (tmp_path / "started").exists()


def test_a_disk_that_fills_up_is_told_and_the_figures_are_shown(hpcd4p, tmp_path):
    ended = hpcd4p("run", "w.py", "-i", "1000", workflow=BULKY, preexec_fn=no_large_files)
    assert ended.status == 2, ended.err
    assert "Traceback" not in ended.err
    assert "results" in ended.error
    assert not list((tmp_path / "results").glob("*.h5"))


def start_endless(folder: Path, ranks: int, environment: dict[str, str]) -> subprocess.Popen[str]:
    (folder / "w.py").write_text(textwrap.dedent(ENDLESS))
    words = ["-n", str(ranks)] if ranks > 1 else []
    child = subprocess.Popen(
        [sys.executable, "-m", "hpcd4p", "run", *words, "w.py", "-i", "1000000"],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment | {"TMPDIR": str(folder / "tmp"), "HPCD4P_SCRATCH": str(folder / "tmp")},
    )  # fmt: skip
    deadline = time.monotonic() + DEADLINE_S
    while not (folder / "started").exists():
        if time.monotonic() > deadline or child.poll() is not None:
            child.kill()
            pytest.fail(f"did not start: {child.communicate()}")
        time.sleep(0.02)
    return child


def processes_in(folder: Path) -> list[str]:
    """Command lines of living processes whose working folder is `folder`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if os.readlink(entry / "cwd") == str(folder):
                    found.append((entry / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
    return [line for line in found if line]


@pytest.mark.parametrize("ranks", [1, 4])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_and_the_record_says_so(tmp_path, environment, ranks, number):
    (tmp_path / "tmp").mkdir()
    child = start_endless(tmp_path, ranks, environment)
    child.send_signal(number)
    _, err = child.communicate(timeout=DEADLINE_S)
    assert child.returncode == 3, err
    # the launcher turns what it gets into the one signal that mpirun only hands on
    told = number.name if ranks == 1 else "SIG"
    assert f"hpcd4p: error: stopped by {told}" in err
    assert "Traceback" not in err
    (path,) = (tmp_path / "results").glob("*.h5")
    shown = subprocess.run(
        [sys.executable, "-m", "hpcd4p", "show", str(path)],
        capture_output=True, text=True, timeout=DEADLINE_S, env=environment, check=True,
    )  # fmt: skip
    assert "INTERRUPTED" in shown.stdout
    assert f"stopped by {told}" in shown.stdout
    assert processes_in(tmp_path) == []
    assert list((tmp_path / "tmp").iterdir()) == []
    assert not list((tmp_path / "results").glob(".*"))
