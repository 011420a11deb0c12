"""Kill a run that keeps checkpoints, go on with it on other ranks, kill that, too: the answer of one process.

Or it goes on by itself, in its job or by its launcher, while one thing after the other is killed.

python -m tests.e2e.survival_loop 600                 # for ten minutes, each seed another case
python -m tests.e2e.survival_loop 0 --seed 17         # one case again
python -m tests.e2e.survival_loop 600 --only job      # only this is killed: job, head, state or redis
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from hpcd4p.checkpoint.folder import Folder
from tests.e2e.answers import Multiset, missing_and_extra
from tests.e2e.harness import MPICH, Ended, Run, Runs
from tests.e2e.processes import rank_of, words_of

EVERY_S = "0.3"

KEEP = ("--checkpoint", EVERY_S, "--restarts", "0")

BY_ITSELF = ("--checkpoint", EVERY_S, "--restarts", "5")

STAYS = ("mpich_shm", "temporary", "shared memory", "results: ")
"""What those leave that the launcher had to start again."""

SPREAD_S = 1.5

SIZES = ((2, 4, 3), (4, 8, 2), (8, 2, 5), (4, 2, 6), (3, 5, 4))
"""Ranks of a run, and of those that go on with it."""

WORKFLOWS: dict[str, tuple[str, ...]] = {
    "load": ("-i", "300"),
    "naps": ("-i", "300"),
    "hpcd4p.workflows.concordance": (),
    "arrays": ("-i", "400", "--size", "65536", "--task-ms", "8"),
    "survivor": ("-i", "600"),
    "survivor range": ("--range", "600"),
    "ledger": ("--more", "2000"),
}

SHORT: dict[str, tuple[str, ...]] = {
    "survivor short": ("-i", "250"),
    "survivor range short": ("--range", "250"),
    "ledger short": ("--more", "800"),
    "load short": ("-i", "120"),
    "arrays short": ("-i", "150", "--size", "65536", "--task-ms", "8"),
}
"""For a sample that takes little time."""

VICTIMS = ("job", "head", "state", "redis")

BY_ITSELF_VICTIMS = ("state", "redis", "state", "redis", "pool", "two", "head")

STARTED = " are lost (start "
"""In what is said when the launcher has started a run again."""

KILLED = 2
"""Runs of a case that are killed, before the one that ends."""


class Case(NamedTuple):
    """What is run, and what is killed."""

    workflow: str
    sizes: tuple[int, ...]
    victims: tuple[str, ...]
    mapping: str = "hybrid"
    python: str = sys.executable
    redis_url: str = ""
    spread_s: float = SPREAD_S
    """A kill comes within this time of a checkpoint."""
    by_itself: bool = False
    """Whether the run goes on by itself; its sizes count but for the first."""
    referring: bool = False
    """Wait for a checkpoint that refers to an older one."""

    @property
    def words(self) -> tuple[str, ...]:
        """Of the run."""
        shared = ("--redis-url", self.redis_url) if self.redis_url else ()
        keep = BY_ITSELF if self.by_itself else KEEP
        return (*(WORKFLOWS | SHORT)[self.workflow], "--mapping", self.mapping, *keep, *shared)

    def __str__(self) -> str:
        mpi = "" if self.python == sys.executable else ", MPICH"
        shared = ", shared Redis" if self.redis_url else ""
        sizes = f"{self.sizes[0]} by itself" if self.by_itself else "→".join(map(str, self.sizes))
        return f"{self.workflow}, {self.mapping}{mpi}{shared}, {sizes}, killed {', '.join(self.victims)}"


def case_of(seed: int, only: str = "") -> Case:
    """The case of a seed; `only` this is killed, then it is gone on with by hand."""
    chance = random.Random(seed)
    mapping = "static" if chance.random() < 0.25 and only != "redis" else "hybrid"
    python = str(MPICH) if MPICH.exists() and chance.random() < 0.25 else sys.executable
    by_itself = not only and chance.random() < 0.5
    known = BY_ITSELF_VICTIMS if by_itself else VICTIMS
    victims = tuple(v for v in known if mapping == "hybrid" or v != "redis")
    return Case(
        chance.choice(list(WORKFLOWS)),
        chance.choice(SIZES),
        tuple(only or chance.choice(victims) for _ in range(KILLED + by_itself)),
        mapping,
        python,
        by_itself=by_itself,
    )


def sequential(runs: Runs, workflow: str) -> tuple[Multiset, Counter[tuple[str, ...]]]:
    """What one process gives."""
    quick = () if "." in workflow or workflow == "naps" else ("--task-ms", "0")
    # the last of two counts
    ended = runs.run(workflow.partition(" ")[0], 1, *(WORKFLOWS | SHORT)[workflow], *quick)
    assert ended.status in (0, 1), ended.err
    return ended.outputs, letters(ended)


def letters(ended: Ended) -> Counter[tuple[str, ...]]:
    """Dead letters as what can be compared."""
    return Counter((each.element, each.input, each.value_text, each.error) for each in ended.letters)


# ---- one case


def epochs(folder: Path) -> list[str]:
    """Complete checkpoints, by name."""
    return sorted(path.name for path in folder.glob("results/*.checkpoints/epoch-??????"))


def refers(folder: Path) -> bool:
    """Whether the newest checkpoint holds only what has changed."""
    (path,) = folder.glob("results/*.checkpoints")
    found = Folder.open(path).latest(whole=False)
    return found is not None and bool(found.older())


def kill(run: Run, who: str, after_s: float, referring: bool = False) -> str:
    """Kill a part of a run once it has a checkpoint of its own; what was killed, or empty: it was over.

    Parameters
    ----------
    referring
        Once it has one that refers to an older one.
    """
    before = epochs(run.folder)
    begun = time.monotonic()
    while (
        epochs(run.folder)[-1:] == before[-1:] or (referring and not refers(run.folder))
    ) and time.monotonic() < begun + 90:
        if run.process.poll() is not None:
            return ""
        time.sleep(0.01)
    time.sleep(after_s)
    try:
        pids = {
            "job": run.pids,
            "head": lambda: [run.rank(0)],
            "state": lambda: others(run)[:1],
            "pool": lambda: others(run)[-1:],
            "two": lambda: [*others(run)[:1], *others(run)[-1:]],
            "redis": lambda: [run.redis()],
        }[who]()
    except pytest.fail.Exception:  # it has ended meanwhile
        return ""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return who if run.process.poll() is None or who == "job" else ""


def others(run: Run) -> list[int]:
    """Processes of the ranks that live, but for rank 0, in their order."""
    found = {rank_of(pid): pid for pid in reversed(run.pids()) if "hpcd4p" in words_of(pid)}
    return [found[rank] for rank in sorted(r for r in found if r)]


def settle(run: Run) -> tuple[int, str]:
    """Wait for the end of a run that was killed; its status, and what is wrong with how it has ended."""
    end = time.monotonic() + 60
    while run.process.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    if run.process.poll() is None:
        told = run.describe() + run.stacks()
        run.kill()
        return -1, f"still there 60 s after the kill\n{told}"
    time.sleep(0.5)  # what hears of the end by a closed pipe
    run.kill()
    return run.process.returncode, ""


def survive(runs: Runs, case: Case, seed: int) -> tuple[Ended | None, list[str], list[str]]:
    """Run a case; gives how the last run ended, what was killed, and what was wrong."""
    chance = random.Random(seed)
    run = runs.start(case.workflow.partition(" ")[0], case.sizes[0], *case.words, python=case.python)
    killed: list[str] = []
    if case.by_itself:
        for victim in case.victims:
            what = kill(run, victim, chance.uniform(0, case.spread_s))
            if not what:
                break
            killed.append(what)
        return run.wait(may_stay=STAYS if STARTED in (run.folder / "err").read_text() else ()), killed, []
    for victim, size in zip(case.victims, case.sizes[1:], strict=False):
        what = kill(run, victim, chance.uniform(0, case.spread_s), case.referring)
        if not what:
            break
        killed.append(what)
        status, wrong = settle(run)
        if wrong:
            return None, killed, [wrong]
        if status in (0, 1):
            break  # it had ended by itself just before
        if not list(run.folder.glob("results/*.checkpoints")):
            return None, killed, []  # the same, and its process was still there
        shared = ("--redis-url", case.redis_url) if case.redis_url else ()
        run = runs.start(case.workflow, size, *shared, python=case.python, after=run)
    return run.wait(), killed, []


def faults(ended: Ended, outputs: Multiset, failed: Counter[tuple[str, ...]], folder: Path) -> list[str]:
    """What is not as it should be."""
    said = [missing_and_extra(outputs, ended.outputs), *ended.leftovers]
    if letters(ended) != failed:
        said.append(f"letters: missing {failed - letters(ended)}, extra {letters(ended) - failed}")
    if ended.status != (1 if failed else 0) or ended.summary is None:
        said.append(f"status {ended.status}: {ended.err[-3000:]}")
    said += [f"left: {path}" for path in folder.glob("results/*.checkpoints")]
    return [each for each in said if each]


class Answers:
    """What one process gives, by workflow."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Multiset, Counter[tuple[str, ...]]]] = {}

    def of(self, workflow: str) -> tuple[Multiset, Counter[tuple[str, ...]]]:
        """Outputs and letters."""
        if workflow not in self._known:
            with tempfile.TemporaryDirectory() as folder:
                runs = Runs(Path(folder))
                try:
                    self._known[workflow] = sequential(runs, workflow)
                finally:
                    runs.close()
        return self._known[workflow]


def tried(case: Case, seed: int, answers: Answers) -> tuple[list[str], list[str]]:
    """What was killed in a case, and what was wrong."""
    outputs, failed = answers.of(case.workflow)
    with tempfile.TemporaryDirectory() as name:
        runs = Runs(Path(name))
        try:
            ended, killed, wrong = survive(runs, case, seed)
            if ended is not None:
                wrong = faults(ended, outputs, failed, Path(name) / "run0")
        except BaseException as error:  # pytest.fail, of the harness
            if isinstance(error, KeyboardInterrupt):
                raise
            killed, wrong = ["?"], [str(error)]
        finally:
            runs.close()
    return killed, wrong


def main() -> int:
    """Give 1 if anything was wrong."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("seconds", type=float)
    made.add_argument("--seed", type=int, default=1, help="the first")
    made.add_argument("--only", choices=VICTIMS, default="")
    asked = made.parse_args()
    answers, counts, bad, seed = Answers(), Counter[str](), 0, asked.seed
    end = time.monotonic() + asked.seconds
    while True:
        case = case_of(seed, asked.only)
        killed, wrong = tried(case, seed, answers)
        counts.update(killed)
        bad += bool(wrong)
        sys.stdout.write(f"seed {seed}: {case}; done {', '.join(killed) or 'none'}: {wrong or 'right'}\n")
        sys.stdout.flush()
        seed += 1
        if time.monotonic() >= end:
            break
    sys.stdout.write(f"{seed - asked.seed - bad} of {seed - asked.seed} were right; kills: {dict(counts)}\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
