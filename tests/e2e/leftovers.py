"""Kill a part of a run at a random moment, again and again; `doctor --clean` must leave nothing of it.

    python -m tests.e2e.leftovers --times 50                  # run -n 4 and plain mpirun, Open MPI
    python -m tests.e2e.leftovers --times 20 --mpich

Each line: what was killed, when, how long the rest took to end, what was left, and what the doctor left.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from hpcd4p.launch.leftovers import AGE_S
from tests.e2e.harness import MPICH, Run, Runs
from tests.e2e.processes import environ_of, rank_of, words_of

VICTIMS = ("head", "mpirun", "launcher", "all")

ENDS_S = 60.0
"""Whoever is left has ended by then, on a machine that others use, too."""


class Kill(NamedTuple):
    """What came of one kill."""

    took_s: float
    """From the kill to the end of the last process."""
    left: Counter[str]
    still: list[str]
    """What the doctor has not removed, and processes that did not end."""


def kill_and_clean(run: Run, victim: str, moment_s: float) -> Kill:
    """Kill `victim` of `run` after `moment_s` seconds, wait for the rest to end, and clean."""
    time.sleep(moment_s)
    run.until(lambda: _pids(run, victim))
    run._looked = 0.0
    run._look()
    began = time.monotonic()
    for pid in _pids(run, victim):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    while (pids := run.pids()) and time.monotonic() - began < ENDS_S:
        run.process.poll()
        time.sleep(0.05)
    took_s = time.monotonic() - began
    still = [f"process {pid}: {words_of(pid)[:100]}" for pid in pids]
    run.kill()
    left = _left(run)
    for path in left:
        for each in (path, *path.glob("*")):
            _age(each)
    clean = subprocess.run(
        [sys.executable, "-m", "hpcd4p", "doctor", "--clean"],
        cwd=run.folder, env=os.environ | {"TMPDIR": str(run.tmp)}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    still += [str(path) for path in _left(run)]
    if clean.returncode or clean.stderr:
        still.append(f"doctor: {clean.returncode} {clean.stderr}")
    return Kill(took_s, Counter(_kind(path) for path in left), still)


def _pids(run: Run, victim: str) -> list[int]:
    """Processes to kill; none if they are not there yet, or any more."""
    pids = run.pids()
    if victim == "launcher":
        return [run.process.pid]
    if victim == "head":
        return [pid for pid in pids if rank_of(pid) == 0 and "hpcd4p" in words_of(pid)][:1]
    if victim == "mpirun":
        names = ("mpirun", "prterun", "mpiexec")
        return [pid for pid in pids if os.path.basename(words_of(pid).split(" ")[0]) in names]
    return [pid for pid in pids if environ_of(pid)] + pids


def _left(run: Run) -> list[Path]:
    paths = [*run.tmp.iterdir(), *run.folder.glob("results/.*"), *run.folder.glob(".hpcd4p*")]
    return sorted([*paths, *(Path(path) for path in run.shm if os.path.exists(path))])


def _age(path: Path) -> None:
    """Make it older than what the doctor leaves alone."""
    before = time.time() - 2 * AGE_S
    with suppress(OSError):
        os.utime(path, (before, before))


def _kind(path: Path) -> str:
    name = path.name
    return ".part" if name.endswith(".part") else name.split(".")[0].split("_")[0].rstrip("0123456789-")


def main() -> int:
    """Give 1 if anything was left."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--times", type=int, default=50)
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--mpich", action="store_true")
    asked = made.parse_args()
    chance = random.Random(asked.seed)
    python = str(MPICH) if asked.mpich else sys.executable
    bad = 0
    for number in range(asked.times):
        victim, by_mpirun = chance.choice(VICTIMS), chance.random() < 0.5
        if by_mpirun and victim == "launcher":
            victim = "mpirun"
        moment_s = chance.uniform(0.0, 4.0)
        with tempfile.TemporaryDirectory() as folder:
            runs = Runs(Path(folder))
            try:
                run = runs.start("load", 4, "-i", "2000", by_mpirun=by_mpirun, python=python)
                kill = kill_and_clean(run, victim, moment_s)
            finally:
                runs.close()
        bad += bool(kill.still)
        how = "mpirun" if by_mpirun else "run -n"
        sys.stdout.write(
            f"{number:3} {how} {victim:8} at {moment_s:.2f} s, all ended after {kill.took_s:4.1f} s, "
            f"left {dict(kill.left)}, still there: {kill.still or 'nothing'}\n"
        )
        sys.stdout.flush()
    sys.stdout.write(f"{asked.times - bad} of {asked.times} left nothing\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
