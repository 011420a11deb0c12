"""Runs of workflows on real ranks, as child processes that cannot outlive their test.

Every process that descends from a run carries a mark in its environment, and so is found again
whatever session, process group or parent it has. A run that passes its deadline tells where every
thread of every rank stands, and is killed.

A test that does something to a run holds it: the second half of its source (`workflows/held.py`) waits until
the test waits for the end. So the run is not over before, on any number of ranks of any speed.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from hpcd4p.launch.mpi_program import Mpi, _version_text, command, environment, find_mpi, identify
from hpcd4p.record.reader import read_record
from hpcd4p.record.summary import DeadLetter, Summary
from hpcd4p.record.survival import Survival
from tests.e2e.answers import Multiset, multiset, plain
from tests.e2e.conftest import clean_environment
from tests.e2e.processes import (
    blocks_folders,
    environ_of,
    mapped,
    oldest_first,
    processes,
    rank_of,
    words_of,
)

MPICH = Path(sys.prefix) / "mpich" / "bin" / "python"
"""A Python whose MPI is MPICH, beside the one that runs the tests."""

PYTHONS = [
    pytest.param(sys.executable, id="this MPI"),
    pytest.param(
        str(MPICH),
        id="MPICH",
        marks=pytest.mark.skipif(not MPICH.exists(), reason="needs MPICH: make .venv/.ready-mpich"),
    ),
]

WORKFLOWS = Path(__file__).parent / "workflows"
STACKS = Path(__file__).parent / "stacks"

DEADLINE_S = 120.0
"""A run of a few seconds on an idle machine; tests must also pass on one that others use."""

HOLD_S = 240.0
"""The second half of a source comes within this time, while its test holds the run: one by one, so that
something is under way and there is always something new to save. Longer than any deadline."""

WITHOUT = ("--checkpoint", "off")
"""For what ends a run that has no checkpoints."""

COUNTS = ("-i", "--range", "--more")
"""Options of a run or a workflow that say how much a source gives."""

LEFT_S = 30.0
"""What is left of a run this long after its end is a leftover. The watchdog and mpirun's own
helpers need a moment."""

STACK_S = 1.0
"""For the ranks to write their stacks."""

LOOK_S = 0.3
"""Between two looks at the shared memory of the ranks."""

MARK = "E2E_MARK"


@dataclass
class Ended:
    """A run that has ended."""

    status: int
    out: str
    err: str
    took_s: float
    summary: Summary | None
    outputs: Multiset
    letters: list[DeadLetter]
    events: list[tuple[str, str]]
    leftovers: list[str]
    survival: Survival | None = None
    sequences: dict[str, list[Any]] = field(default_factory=dict)
    """The same as `outputs`, in the order of the record."""

    def lost(self) -> set[int]:
        """Ranks that the record calls lost."""
        assert self.summary is not None, self.err
        return {f.rank for f in self.summary.ranks_figures if f.state == "lost"}


@dataclass
class Run:
    """A run under way. `folder` is its working folder, `tmp` its TMPDIR."""

    folder: Path
    tmp: Path
    mark: str
    process: subprocess.Popen[bytes]
    began: float
    inputs: int | None = None
    """How much its source gives; the second half is held."""
    before: set[Path] = field(default_factory=set)
    """What earlier runs in the same folder have left in results/."""
    shm: set[str] = field(default_factory=set)
    """Shared memory that its ranks have been seen to use."""
    _looked: float = 0.0

    # ---- its processes

    def pids(self) -> list[int]:
        """All living processes that descend from the run, the launcher first."""
        mark = f"{MARK}={self.mark}".encode()
        # Redis writes its title over its environment, and names its socket there
        socket = f"{self.tmp}/"
        found = (pid for pid in processes() if mark in environ_of(pid) or socket in words_of(pid))
        return oldest_first(found)

    def rank(self, rank: int) -> int:
        """Process of a rank."""
        # a program that a rank has started has its variables too; the rank is older
        return self._first(lambda pid: rank_of(pid) == rank and "hpcd4p" in words_of(pid))

    def redis(self) -> int:
        """Process of the run's own Redis server."""
        return self._first(lambda pid: _program(pid).endswith(("redis-server", "valkey-server")))

    def launcher(self) -> int:
        """Process of mpirun."""
        return self._first(lambda pid: os.path.basename(_program(pid)) in LAUNCHERS)

    def _first(self, is_it: Callable[[int], bool]) -> int:
        """The oldest process that is it, as soon as there is one: some start late, or again."""
        found: list[int] = []

        def look() -> bool:
            found[:] = filter(is_it, self.pids())
            return bool(found)

        self.until(look)
        return found[0]

    def describe(self) -> str:
        """Processes, outputs and errors so far."""
        lines = [f"{pid}: {words_of(pid)[:150]}" for pid in self.pids()]
        return "\n".join([*lines, self._read("out"), self._read("err")])

    # ---- waiting

    def until(self, what: Callable[[], object], seconds: float = 60.0) -> None:
        """Wait until `what()` is true; the run must not end before."""
        end = time.monotonic() + seconds
        while not what():
            if self.process.poll() is not None:
                pytest.fail(
                    f"the run ended with {self.process.returncode} before its time\n{self.describe()}"
                )
            if time.monotonic() > end:
                self.fail("did not come so far")
            self._look()
            time.sleep(0.02)

    def until_touched(self, name: str, count: int = 1) -> None:
        """Wait until elements have made `count` files of that pattern."""
        self.until(lambda: len(list(self.folder.glob(name))) >= count)

    def is_held(self) -> bool:
        """Whether the second half of its source has begun, which comes slowly."""
        return (self.folder / "held").exists()

    def let_go(self) -> None:
        """Hold it no longer."""
        (self.folder / "go-on").touch()

    def until_at_work(self, count: int = 2) -> None:
        """Wait until so many processes have begun to work after what it has said last (it goes on, say)."""
        said = (self.folder / "err").stat().st_mtime_ns
        self.until(
            lambda: sum(each.stat().st_mtime_ns > said for each in self.folder.glob("begun-*")) >= count
        )

    def stop_with_checkpoint(self) -> Ended:
        """Ask it to end, for which it makes a last checkpoint; gives how it has ended."""
        self.until_at_work()
        self.process.send_signal(signal.SIGUSR1)
        return self.wait(held=True)

    def wait(
        self, deadline_s: float = DEADLINE_S, may_stay: tuple[str, ...] = (), held: bool = False
    ) -> Ended:
        """Wait for the end and look at what is there.

        Parameters
        ----------
        deadline_s
            From now on.
        may_stay
            Leftovers with one of these words are none.
        held
            Something has been done to it that ends it: it is not let go, so it cannot end by itself.
        """
        if not held:
            self.let_go()
        end = time.monotonic() + deadline_s
        while self.process.poll() is None:
            if time.monotonic() > end:
                self.fail(f"still there after {deadline_s:.0f} s")
            self._look()
            time.sleep(0.01)
        took = time.monotonic() - self.began
        leftovers = self._leftovers(may_stay)
        self.kill()
        summary, sequences, letters, events, survival = self._record()
        return Ended(
            self.process.returncode,
            self._read("out"),
            self._read("err"),
            took,
            summary,
            multiset(sequences),
            letters,
            events,
            leftovers,
            survival,
            sequences,
        )

    def fail(self, why: str) -> None:
        """End the test and say where every rank is."""
        stacks = self.stacks()
        told = self.describe()
        self.kill()
        pytest.fail(f"{why}\n{told}\n{stacks}")

    def stacks(self) -> str:
        """Where every thread of every rank is."""
        folder = self.folder / "stacks"
        asked = [pid for pid in self.pids() if (folder / str(pid)).exists()]
        for pid in asked:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGUSR2)
        time.sleep(STACK_S)
        return "\n".join(f"-- rank {rank_of(pid)}:\n{(folder / str(pid)).read_text()}" for pid in asked)

    def kill(self) -> None:
        """End whatever is left, all at once: nobody hears of the end of another."""
        for _ in range(20):
            left = self.pids()
            for number in (signal.SIGSTOP, signal.SIGKILL):
                for pid in left:
                    with suppress(ProcessLookupError):
                        os.kill(pid, number)
            if not left:
                break
            time.sleep(0.1)
        self.process.wait(10)

    def _look(self) -> None:
        """Note the shared memory of the ranks, now and then: after the end nobody says whose it was."""
        now = time.monotonic()
        if now - self._looked > LOOK_S:
            self._looked = now
            for pid in self.pids():
                self.shm |= mapped(pid)
                self.shm.update(map(str, blocks_folders(pid)))

    # ---- what is there after the end

    def _leftovers(self, may_stay: tuple[str, ...]) -> list[str]:
        end = time.monotonic() + LEFT_S
        while True:
            found = [f"process {pid}: {words_of(pid)[:150]}" for pid in self.pids()]
            found += [f"temporary: {path}" for path in sorted(self.tmp.rglob("*"))]
            found += [f"shared memory: {path}" for path in sorted(self.shm) if os.path.exists(path)]
            found += [f"results: {path}" for path in {*self.folder.glob("results/.*")} - self.before]
            found = [what for what in found if not any(word in what for word in may_stay)]
            if not found or time.monotonic() > end:
                return found
            time.sleep(0.1)

    def _record(
        self,
    ) -> tuple[
        Summary | None, dict[str, list[Any]], list[DeadLetter], list[tuple[str, str]], Survival | None
    ]:
        found = [path for path in self.folder.glob("results/*.h5") if path not in self.before]
        paths = sorted(found, key=lambda path: path.stat().st_mtime)
        if not paths:
            return None, {}, [], [], None
        path = paths[-1]  # a run that was started again has one for each time
        with read_record(path) as record:
            sequences = {name: [plain(v) for v in record.outputs(name)] for name in record.names}
            events = [(e.kind, e.text) for e in record.events()]
            return record.summary, sequences, list(record.dead_letters()), events, record.survival()

    def _read(self, name: str) -> str:
        return (self.folder / name).read_text(errors="replace")


def _count(words: Sequence[str], otherwise: int | None) -> int | None:
    """How much a source gives with these words."""
    given = [int(value) for name, value in pairwise(words) if name in COUNTS]
    return given[-1] if given else otherwise


def _hold(folder: Path, inputs: int | None) -> dict[str, str]:
    """What tells a source to wait; see `workflows/held.py`."""
    if not inputs:
        return {}
    first = inputs // 2
    return {"E2E_HOLD": f"{first} {HOLD_S / (inputs - first)} {folder}"}


def _program(pid: int) -> str:
    return words_of(pid).split(" ")[0]


LAUNCHERS = ("mpirun", "mpiexec", "prterun", "mpiexec.hydra")


class Runs:
    """Starts runs, each in a folder of its own, and removes them after the test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runs: list[Run] = []

    def start(
        self,
        workflow: str,
        n: int,
        *words: str,
        by_mpirun: bool = False,
        each: Sequence[str] = (),
        variables: dict[str, str] | None = None,
        python: str = sys.executable,
        under: Sequence[str] = (),
        resume: bool = False,
        after: Run | None = None,
        inputs: int | None = None,
    ) -> Run:
        """Start `workflow` (a file in workflows/, or a module) on `n` ranks.

        Parameters
        ----------
        words
            Options of the run and of the workflow.
        by_mpirun
            Start mpirun here, as users with a launcher do, and not ``run -n``.
        each
            A program that runs the program of each rank, which is its last words; with `by_mpirun`.
        python
            What runs hpcd4p; one that has another MPI, say.
        under
            A program that runs the program that is its last words.
        resume
            `workflow` is the folder of checkpoints of a run that this one goes on with.
        after
            A run that was stopped, which this one goes on with, in its folder; `workflow` does not count.
        inputs
            How much its source gives, if neither `words` nor `after` say it.
        """
        folder = self._folder / f"run{len(self._runs)}" if after is None else after.folder
        (folder / "stacks").mkdir(parents=True, exist_ok=True)
        # Unix sockets have short paths, and those of pytest are long
        tmp = Path(tempfile.mkdtemp(prefix="e2e-", dir="/tmp"))
        for left in [folder / "go-on", folder / "held", *folder.glob("begun-*")]:
            left.unlink(missing_ok=True)
        mark = secrets.token_hex(8)
        path = WORKFLOWS / f"{workflow}.py"
        line = ["run", str(path) if path.exists() else workflow, *words]
        if resume:
            line[0] = "resume"
        if after is not None:
            line = ["resume", *words]
        inputs = _count(words, after.inputs if after else inputs)
        environ = clean_environment() | (variables or {})
        environ |= {
            MARK: mark,
            "TMPDIR": str(tmp),
            "E2E_STACKS": str(folder / "stacks"),
            **_hold(folder, inputs),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(STACKS), environ.get("PYTHONPATH")])),
        }
        program = [python, "-m", "hpcd4p"]
        if by_mpirun:
            other = Path(python).with_name("mpirun")
            mpi = find_mpi() if python == sys.executable else Mpi(other, *identify(_version_text(other)))
            line = command(mpi, n, [*each, *program, *line])
            environ = environment(mpi, environ, str(WORKFLOWS.parents[2]))
        else:
            line = [*program, *line, *(["-n", str(n)] if n > 1 or resume else [])]
            environ["PYTHONPATH"] += os.pathsep + str(WORKFLOWS.parents[2])
        before = {*folder.glob("results/*.h5"), *folder.glob("results/.*")}
        with open(folder / "out", "ab") as out, open(folder / "err", "ab") as err:
            process = subprocess.Popen(
                [*under, *line], cwd=folder, env=environ, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                process_group=0,
            )  # fmt: skip
        run = Run(folder, tmp, mark, process, time.monotonic(), inputs, before)
        self._runs.append(run)
        return run

    def run(
        self,
        workflow: str,
        n: int,
        *words: str,
        deadline_s: float = DEADLINE_S,
        may_stay: tuple[str, ...] = (),
        **given: Any,
    ) -> Ended:
        """Run it to its end."""
        return self.start(workflow, n, *words, **given).wait(deadline_s, may_stay)

    def close(self) -> None:
        """End and remove whatever is left."""
        for run in self._runs:
            run.kill()
            shutil.rmtree(run.tmp, ignore_errors=True)
