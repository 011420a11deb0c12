"""A command line of one's own: hpcd4p in a subprocess, in an empty folder, with a deadline."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

DEADLINE_S = 180

# what the launcher of this very test run, or the user's shell, may have set
_FOREIGN = ("OMPI_", "PMI_", "PMIX_", "PRTE_", "SLURM_", "HPCD4P_", "MPI_")


def clean_environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN)}


@dataclass
class Ended:
    status: int
    out: str
    err: str
    folder: Path

    @property
    def error(self) -> str:
        """The one message."""
        lines = self.err.splitlines()
        starts = [i for i, line in enumerate(lines) if line.startswith("hpcd4p: error: ")]
        assert len(starts) == 1, self.err
        return "\n".join(lines[starts[0] :])

    def record(self) -> dict:
        """What `show --json` says of the one record of this run."""
        (path,) = (self.folder / "results").glob("*.h5")
        shown = subprocess.run(
            [sys.executable, "-m", "hpcd4p", "show", "--json", str(path)],
            capture_output=True, text=True, timeout=DEADLINE_S, env=clean_environment(), check=True,
        )  # fmt: skip
        return json.loads(shown.stdout)


Command = Callable[..., Ended]


@pytest.fixture
def environment() -> dict[str, str]:
    """The environment without what an outer launcher or the user's shell has set."""
    return clean_environment()


@pytest.fixture
def hpcd4p(tmp_path: Path) -> Command:
    """Run `hpcd4p WORDS`; `workflow` is the text of w.py in the folder, `variables` the environment's."""

    def run(*words: str, workflow: str = "", variables: dict[str, str] | None = None, **given) -> Ended:
        if workflow:
            (tmp_path / "w.py").write_text(textwrap.dedent(workflow))
        done = subprocess.run(
            [sys.executable, "-m", "hpcd4p", *words],
            cwd=tmp_path, capture_output=True, text=True, timeout=DEADLINE_S,
            env=clean_environment() | (variables or {}), check=False, **given,
        )  # fmt: skip
        return Ended(done.returncode, done.stdout, done.stderr, tmp_path)

    return run


@pytest.fixture
def runs(tmp_path: Path):
    """Starts runs on real ranks; see `harness.Runs`. What is left of them is killed after the test."""
    from tests.e2e.harness import Runs

    started = Runs(tmp_path)
    yield started
    started.close()
