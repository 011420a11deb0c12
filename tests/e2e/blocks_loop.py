"""Kill a rank of the pool while arrays lie in shared memory, again and again: right, and nothing is left.

python -m tests.e2e.blocks_loop --times 50
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.e2e.answers import Multiset, missing_and_extra
from tests.e2e.harness import Ended, Run, Runs
from tests.e2e.processes import blocks_folders

RANKS = 5
POOL = range(2, RANKS)
"""Rank 1 is the stateful group."""

WORDS = ("-i", "600", "--size", str(1 << 18))
"""About 2 s of work for the pool, in blocks of 256 KiB."""

SPREAD_S = 1.0
"""A kill comes within this time of the first task."""


def blocks(run: Run) -> list[Path]:
    """The blocks of a run that is under way."""
    return [block for pid in run.pids() for folder in blocks_folders(pid) for block in folder.iterdir()]


def kill_one(runs: Runs, seed: int) -> tuple[Ended, int]:
    """A run in which a rank of the pool is killed while there are blocks; which and when, `seed` says."""
    chance = random.Random(seed)
    run = runs.start("arrays", RANKS, *WORDS)
    run.until_touched("begun-*")
    time.sleep(chance.uniform(0, SPREAD_S))
    victim = chance.choice(POOL)
    run.until(lambda: blocks(run))
    os.kill(run.rank(victim), signal.SIGKILL)
    return run.wait(), victim


def wrong(ended: Ended, expected: Multiset, victim: int) -> list[str]:
    """What is not as it should be after such a run."""
    said = [missing_and_extra(expected, ended.outputs), *ended.leftovers]
    if ended.status or ended.letters or ended.summary is None or ended.lost() != {victim}:
        said.append(f"status {ended.status}, letters {ended.letters}: {ended.err}")
    return [each for each in said if each]


def main() -> int:
    """Give 1 if anything was wrong."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--times", type=int, default=50)
    made.add_argument("--seed", type=int, default=1)
    asked = made.parse_args()
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        runs = Runs(Path(folder))
        expected = runs.run("arrays", 1, *WORDS, "--task-ms", "0").outputs
        runs.close()
    for seed in range(asked.seed, asked.seed + asked.times):
        with tempfile.TemporaryDirectory() as folder:
            runs = Runs(Path(folder))
            try:
                ended, victim = kill_one(runs, seed)
            finally:
                runs.close()
        faults = wrong(ended, expected, victim)
        bad += bool(faults)
        sys.stdout.write(f"seed {seed}: rank {victim} killed, {faults or 'right, and nothing left'}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{asked.times - bad} of {asked.times} were right and left nothing\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
