"""Every workflow on 1 to 64 ranks, partitions moving at random and all ranks lent: as in one process.

python -m tests.e2e.equality_loop                                 # all, an hour on 2 cores
python -m tests.e2e.equality_loop --only gallery hot --ranks 5 8 --seed 17
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from tests.e2e.answers import missing_and_extra
from tests.e2e.harness import Ended, Runs

RANKS = (1, 2, 3, 4, 5, 8, 16, 64)

CHANCE = 0.8
"""Of a hand-over, at each look of the head."""

DEADLINE_S = 300.0
"""64 ranks on 2 cores take 20 s to start."""


def _together() -> tuple[str, ...]:
    """Options of all workflows of the gallery of dispel4py that can run in one graph."""
    from tests.e2e.test_dispel4py_gallery import GALLERY, words_of

    flows = {name: flow for name, flow in GALLERY.items() if not flow.alone}
    inputs = dict(chain.from_iterable(flow.inputs.items() for flow in flows.values()))
    return (*words_of(inputs), "--only", ",".join(flows))


CASES: dict[str, tuple[str, ...]] = {
    "gallery": ("gallery", "-i", "60"),
    "hot": ("hot", "-i", "60"),
    "keyed": ("hot", "--kind", "keyed", "-i", "60"),
    "naps": ("naps", "-i", "60"),
    "arrays": ("arrays", "-i", "100", "--size", "65536", "--task-ms", "2"),
    "flood": ("flood",),
    "order": (
        "order",
        "--range",
        "120",
        "-d",
        json.dumps({"Calls": [{"item": i} for i in range(60)], "Readings": 1}),
    ),
    "sensors": ("sensors", "--range", "200"),
    "pool_flood": ("pool_flood",),
    "dispel4py": ("together", *_together()),
    "at_once": ("dispel4py/at_once", "-d", json.dumps({"OnceNumbers": 3})),
    "nameless": ("dispel4py/nameless",),
    "published": ("published_together", "-i", "20"),
    "concordance": ("hpcd4p.workflows.concordance",),
    "sentiment": ("hpcd4p.workflows.sentiment", "--articles", "60"),
    "extinction": ("hpcd4p.workflows.extinction", "--galaxies", "40", "--time-scale", "0.05"),
    "seismic": ("hpcd4p.workflows.seismic", "--stations", "12", "--minutes", "10"),
}
"""Workflow and options, by name: the shipped ones, and those of the galleries."""


class Outcome(NamedTuple):
    """What came of a run beside that of one process."""

    wrong: list[str]
    moves: int
    lent_s: float


@contextmanager
def runs_of_one() -> Iterator[Runs]:
    """Runs whose folder goes with them."""
    with tempfile.TemporaryDirectory() as folder:
        runs = Runs(Path(folder))
        try:
            yield runs
        finally:
            runs.close()


def forced(runs: Runs, name: str, ranks: int, seed: int) -> Ended:
    """The run of a case in which partitions move by chance, and ranks lend themselves whatever it costs."""
    workflow, *words = CASES[name]
    chance = {"E2E_MOVES": f"{seed} {CHANCE}", "E2E_LENDS": "1"}
    move = ("--move", "all") if ranks > 1 else ()
    return runs.run(workflow, ranks, *words, *move, variables=chance, deadline_s=DEADLINE_S)


def outcome(expected: Ended, ended: Ended, ranks: int) -> Outcome:
    """What is not as in one process."""
    wrong = [missing_and_extra(expected.outputs, ended.outputs), *ended.leftovers]
    if ended.status or ended.letters or ended.summary is None or ended.summary.ranks != ranks:
        wrong.append(f"status {ended.status}, letters {ended.letters[:3]}: {ended.err[-3000:]}")
    elif expected.summary is not None:
        # what each element has got and given too, not only what left the workflow
        both = (expected.summary, ended.summary)
        figures = [{(e.name, e.tuples_in, e.tuples_out) for e in each.elements} for each in both]
        if figures[0] != figures[1]:
            wrong.append(f"elements: {sorted(figures[0] ^ figures[1])}")
    moves = sum(kind == "moved" and text.startswith("partition") for kind, text in ended.events)
    return Outcome([each for each in wrong if each], moves, ended.summary.lent_s if ended.summary else 0.0)


def alone(name: str) -> Ended:
    """The run of one process."""
    with runs_of_one() as runs:
        workflow, *words = CASES[name]
        ended = runs.run(workflow, 1, *words)
        assert ended.status == 0, ended.err
        assert ended.outputs
        return ended


def tried(name: str, ranks: int, seed: int, expected: Ended) -> Outcome:
    """One run; what the harness itself tells is wrong, too."""
    with runs_of_one() as runs:
        try:
            return outcome(expected, forced(runs, name, ranks, seed), ranks)
        except BaseException as error:  # pytest.fail, of the harness
            if isinstance(error, KeyboardInterrupt):
                raise
            return Outcome([str(error)], 0, 0.0)


def main() -> int:
    """Give 1 if anything was wrong."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--only", nargs="+", choices=CASES, default=list(CASES), help="cases")
    made.add_argument("--ranks", nargs="+", type=int, default=RANKS)
    made.add_argument("--seed", type=int, default=1)
    asked = made.parse_args()
    bad = made_moves = 0
    lent_s = 0.0
    answers = {name: alone(name) for name in asked.only}
    for ranks in asked.ranks:
        for name in asked.only:
            found = tried(name, ranks, asked.seed, answers[name])
            bad, made_moves, lent_s = bad + bool(found.wrong), made_moves + found.moves, lent_s + found.lent_s
            sys.stdout.write(
                f"{name}, n={ranks}: {found.moves} hand-overs, {found.lent_s:.2f} s lent: "
                f"{found.wrong or 'right'}\n"
            )
            sys.stdout.flush()
    runs = len(asked.only) * len(asked.ranks)
    sys.stdout.write(f"{runs - bad} of {runs} were right; {made_moves} hand-overs, {lent_s:.1f} s lent\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
