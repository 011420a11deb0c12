"""The progress line: drawn on a terminal, through mpirun too, and nowhere else."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import textwrap
import time

import pytest

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


def on_a_terminal(command: list[str], **given) -> str:
    """What `command` writes on the terminal that is its stderr."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(command, stderr=theirs, stdout=subprocess.DEVNULL, **given)
    os.close(theirs)
    seen = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if select.select([ours], [], [], 0.1)[0]:
            try:
                part = os.read(ours, 4096)
            except OSError:  # the last writer is gone
                break
            if not part:
                break
            seen += part
        elif child.poll() is not None:
            break
    os.close(ours)
    assert child.wait(timeout=10) == 0, seen
    return seen.decode()


@pytest.mark.parametrize("ranks", [1, 3])
def test_a_terminal_shows_progress_and_is_clean_afterwards(tmp_path, environment, ranks):
    (tmp_path / "w.py").write_text(textwrap.dedent(SLOW))
    start = ["-n", str(ranks)] if ranks > 1 else []
    seen = on_a_terminal(
        [sys.executable, "-m", "hpcd4p", "run", *start, "w.py", "-i", "150", "--no-record"],
        cwd=tmp_path, env=environment,
    )  # fmt: skip
    assert f"/{ranks} ranks active" in seen
    assert seen.endswith(" \r"), "the line was not taken away"


def test_a_log_file_stays_quiet(hpcd4p):
    ended = hpcd4p("run", "-n", "3", "w.py", "-i", "50", "--no-record", workflow=SLOW)
    assert ended.status == 0, ended.err
    assert ended.err == ""
