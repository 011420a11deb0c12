"""The long proof by simulation: thousands of seeds, each a scene of its own.

    python -m tests.sim.proof                               # both proofs, 10,000 seeds each
    python -m tests.sim.proof order --seeds 500 --jobs 2    # one of them
    python -m tests.sim.proof order --start 17 --seeds 1    # one seed again

A seed counts once: a workflow, a run of it, and all runs that go on from its checkpoints (`scenes.py`).
What is wrong is told at once, with the line that has it again. The status is 1 if anything was wrong, or if
the time was over before all seeds were done.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from tests.sim.scenes import SUBJECTS, Scene

SEEDS = 10_000

LOOK_S = 30.0
"""Between two lines of progress."""

MOST_WRONG = 20
"""Seeds that go wrong before a proof is left: the first tell as much as all would."""

FRESH_SEEDS = 500
"""A process beside this one is left after so many seeds, for what runs leave in it adds up."""

FAR = 10**9
"""Where seeds begin if nobody says: anywhere below this."""


class Played(NamedTuple):
    """What came of one seed."""

    seed: int
    tally: Counter[str]
    wrong: str


def play(proof: str, seed: int) -> Played:
    """Play the scene of a seed."""
    scene = None
    try:
        scene = Scene(proof, seed)
        scene.play()
    except Exception as error:  # noqa: BLE001  # whatever it is, it is told with its seed
        way = "" if scene is None else f" ({', '.join(scene.way)})"
        return Played(
            seed, Counter() if scene is None else scene.tally, f"{type(error).__name__}: {error}{way}"
        )
    return Played(seed, scene.tally, "")


@contextmanager
def players(proof: str, seeds: range, jobs: int) -> Iterator[Iterator[Played]]:
    """Give what comes of each seed, as it comes; for one job in this process."""
    how = partial(play, proof)
    if jobs == 1:
        yield map(how, seeds)
        return
    with multiprocessing.Pool(jobs, maxtasksperchild=FRESH_SEEDS) as pool:
        yield pool.imap_unordered(how, seeds)


class Progress:
    """How far one proof is, in lines."""

    def __init__(self, proof: str, seeds: range) -> None:
        self.proof = proof
        self.seeds = seeds
        self.done = self.wrong = 0
        self.tally: Counter[str] = Counter()
        self._began = self._told = time.monotonic()

    def add(self, played: Played) -> None:
        """Count a seed; tell of it if it went wrong, and now and then how far all are."""
        self.done += 1
        self.tally += played.tally
        if played.wrong:
            self.wrong += 1
            again = f"python -m tests.sim.proof {self.proof} --start {played.seed} --seeds 1"
            say(f"{self.proof}: seed {played.seed} went wrong: {played.wrong}\n  again: {again}")
        if time.monotonic() - self._told >= LOOK_S:
            self._told = time.monotonic()
            say(self.line())

    def line(self) -> str:
        """How many seeds are done, how fast, and when all will be."""
        spent = time.monotonic() - self._began
        left_s = (len(self.seeds) - self.done) * spent / max(1, self.done)
        ends = time.strftime("%H:%M", time.localtime(time.time() + left_s))
        return (
            f"{self.proof}: {self.done:,} of {len(self.seeds):,} seeds, {self.tally['runs']:,} runs, "
            f"{self.done / spent:.1f} seeds/s, {self.wrong} went wrong; all are done at {ends}"
        )

    def end(self) -> str:
        """What was proved."""
        spent = time.monotonic() - self._began
        told = ", ".join(f"{self.tally[name]:,} {name}" for name in self.tally if name != "runs")
        return (
            f"{self.proof}: {self.done:,} of {len(self.seeds):,} seeds from {self.seeds.start} on, "
            f"{self.tally['runs']:,} runs ({told}) in {spent:,.0f} s: {self.wrong} went wrong"
        )


def say(text: str) -> None:
    """Print it at once, also into a file."""
    print(text, flush=True)


def prove(proof: str, seeds: range, jobs: int, ends: float) -> bool:
    """Whether all seeds were played until the monotonic time `ends`, and nothing was wrong."""
    progress = Progress(proof, seeds)
    say(f"{proof}: {len(seeds):,} seeds from {seeds.start} on")
    with players(proof, seeds, jobs) as played:
        for each in played:
            progress.add(each)
            if time.monotonic() >= ends or progress.wrong >= MOST_WRONG:
                break
    say(progress.end())
    return progress.done == len(seeds) and not progress.wrong


def main(words: list[str] | None = None) -> int:
    """See the head of this file."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.sim.proof", description="The long proof by simulation: thousands of seeds."
    )
    parser.add_argument("proof", nargs="*", metavar="PROOF", help=f"{' or '.join(SUBJECTS)}; none: all")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="seeds of each proof (%(default)s)")
    parser.add_argument("--start", type=int, help="the first seed (else a random one)")
    parser.add_argument("--jobs", type=int, default=1, help="processes beside each other (%(default)s)")
    parser.add_argument("--limit", type=float, default=float("inf"), help="seconds for all (no limit)")
    given = parser.parse_args(words)
    for name in given.proof:
        if name not in SUBJECTS:
            parser.error(f"there is no proof {name!r}; there are {' and '.join(SUBJECTS)}")
    if given.seeds < 1 or given.jobs < 1:
        parser.error("--seeds and --jobs take 1 or more")
    start = random.randrange(FAR) if given.start is None else given.start
    seeds, ends = range(start, start + given.seeds), time.monotonic() + given.limit
    right = [prove(name, seeds, given.jobs, ends) for name in given.proof or SUBJECTS]
    return 0 if all(right) else 1


if __name__ == "__main__":
    sys.exit(main())
