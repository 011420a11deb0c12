"""Starts what is measured: processes, under mpirun or alone, each with a deadline.

Everything is a process of its own, so that no measurement warms another; ranks of ours and bare
ones are started by the same command line.
"""

from __future__ import annotations

import compileall
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hpcd4p
from hpcd4p.launch.mpi_program import Mpi, command, environment, find_mpi, identify

DEADLINE_S = 300.0
"""Nothing here takes a tenth of this; what does has hung."""

NOTHING_SET: Mapping[str, str] = {}

LEAVE_S = 5.0
"""mpirun ends its ranks within this after SIGTERM."""


class TrialError(Exception):
    """A measured process failed or gave no answer; the figure cannot be had."""


@dataclass(frozen=True)
class Ended:
    """A process that has ended well."""

    wall_s: float
    at_s: float
    """When it had gone, by the clock of the world."""
    text: str


@dataclass(frozen=True)
class TrialOutcome:
    """What a run of a workload on our engine gave."""

    elapsed_s: float
    """While active: start-up of MPI and Redis is not in it."""
    wall_s: float
    right: bool
    pool: int
    redis_cpu_s: float
    redis_peak_bytes: int
    summary: dict[str, Any]
    ways: list[list[float]] = field(default_factory=list)
    """Of *latency*: for each tuple the seconds from place to place."""
    redis_read_bytes: int = 0
    """What Redis was sent; 0 from a version that does not tell."""
    pauses_s: list[float] = field(default_factory=list)
    """How long ranks stood still for each checkpoint."""


class Launcher:
    """The Python, the MPI and the hpcd4p that measured processes are started with.

    Parameters
    ----------
    home
        Folder that holds the package; that of this process if it is not given.
    """

    def __init__(self, python: str = sys.executable, home: Path | None = None) -> None:
        self.python = python
        self.mpi = find_mpi() if python == sys.executable else _beside(python)
        package = Path(hpcd4p.__file__).parent if home is None else home.resolve() / "hpcd4p"
        self.home = str(package.parent)
        # as an installed package is: measured processes do not compile
        compileall.compile_dir(package, quiet=1)

    def run(
        self,
        words: Sequence[str],
        ranks: int = 0,
        meanwhile: Callable[[int], None] | None = None,
        deadline_s: float = DEADLINE_S,
    ) -> Ended:
        """Run ``python WORDS`` on `ranks` (0: alone, without MPI) and wait for its end.

        `meanwhile` is called with the pid of the launcher while it runs.

        Raises
        ------
        TrialError
            Another status than 0, or not ended by the deadline.
        """
        line = [self.python, *words]
        environ = environment(self.mpi, os.environ, self.home)
        environ["PYTHONSAFEPATH"] = (
            "1"  # the package at home, not one in the folder where the bench is called
        )
        # a Redis or another program that was installed beside this Python is for the measured one too
        environ["PATH"] = os.pathsep.join([environ.get("PATH", ""), os.path.dirname(sys.executable)])
        if ranks:
            line = command(self.mpi, ranks, line)
        with tempfile.TemporaryFile() as out:
            began = time.monotonic()
            process = subprocess.Popen(
                line, env=environ, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )
            try:
                if meanwhile is not None:
                    meanwhile(process.pid)
                status = process.wait(deadline_s)
            except subprocess.TimeoutExpired:
                raise TrialError(f"no end after {deadline_s:.0f} s: {' '.join(line)}\n{_tail(out)}") from None
            finally:
                ended, at_s = time.monotonic(), time.time()
                _end(process)
            if status:
                raise TrialError(f"status {status}: {' '.join(line)}\n{_tail(out)}")
            out.seek(0)
            return Ended(ended - began, at_s, out.read().decode(errors="replace"))

    def measure(
        self,
        workload: str,
        calls: int,
        ranks: int = 0,
        meanwhile: Callable[[int], None] | None = None,
        deadline_s: float = DEADLINE_S,
        settings: Mapping[str, str] = NOTHING_SET,
    ) -> TrialOutcome:
        """Run a workload on our engine: in process with `ranks` 0, else on that many."""
        with tempfile.TemporaryDirectory(prefix="hpcd4p-bench-") as folder:
            answer = Path(folder, "answer.json")
            words = ["-m", "hpcd4p.bench.rank", workload, str(calls), str(answer)]
            words += [f"{name}={value}" for name, value in settings.items()]
            ended = self.run(words, ranks, meanwhile, deadline_s)
            if not answer.exists():
                raise TrialError(f"{workload} on {ranks} ranks left no answer:\n{ended.text[-2000:]}")
            figures = json.loads(answer.read_text(encoding="utf-8"))
        elapsed_s = float(figures["summary"]["elapsed_s"])
        return TrialOutcome(elapsed_s=elapsed_s, wall_s=ended.wall_s, **figures)

    def ask(self, function: str, *arguments: object, ranks: int = 0) -> dict[str, float]:
        """Run a function of `hpcd4p.bench.bare` and give the numbers that it prints."""
        words = ["-m", "hpcd4p.bench.bare", function, *map(str, arguments)]
        text = self.run(words, ranks).text
        for row in reversed(text.splitlines()):
            if row.startswith("{"):
                return {name: float(value) for name, value in json.loads(row).items()}
        raise TrialError(f"bench.bare {function} said nothing:\n{text[-2000:]}")


def _beside(python: str) -> Mpi:
    path = Path(python).parent / "mpirun"
    try:
        subprocess.run(
            [python, "-c", "import mpi4py, hiredis"], capture_output=True, text=True, timeout=30, check=True
        )
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise TrialError(f"{python} needs mpi4py, hiredis, and mpirun beside it: {error}") from error
    return Mpi(path, *identify(done.stdout))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what still runs, launcher first: it takes its ranks along."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(LEAVE_S)
        # itself, or what it has left behind: the processes of another system's mapping do not notice its end
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _tail(out: Any) -> str:
    out.seek(0)
    return str(out.read()[-3000:].decode(errors="replace"))
