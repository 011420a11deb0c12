"""``--against DIR``: this hpcd4p beside another one, in pairs that alternate.

DIR holds another version's package ``hpcd4p`` (a checkout, or the site-packages of an installation). Both run
under this Python and this MPI.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Row, pairs
from hpcd4p.bench.trial import Launcher, TrialError

RUNS = {"hops": (1_000_000, 4), "keyed": (4_000_000, 4), "arrays": (16_000, 4), "sleep": (400, 16)}
"""By figure, its calls and ranks; the same as in the figure itself."""

FIGURES = (*RUNS, "floor")


def rows(bench: Bench, home: Path, figures: Sequence[str]) -> list[Row]:
    """Seconds of each of `figures`, here and there.

    Raises
    ------
    TrialError
        There is no other hpcd4p at `home`.
    """
    other = Launcher(bench.launcher.python, home)
    imported = other.run(["-c", "import hpcd4p; print(hpcd4p.__file__)"]).text.strip()
    if Path(imported).parents[1] != Path(other.home) or other.home == bench.launcher.home:
        raise TrialError(f"{home} holds no other hpcd4p: what is imported there is {imported}")
    return [
        Row(name, what, "s", pair.ours, str(home), pair.other)
        for name in figures
        for what, measure in [_measure(bench, name)]
        for pair in pairs(
            partial(measure, bench.launcher), {"": partial(measure, other)}, bench.repeats
        ).values()
    ]


def _measure(bench: Bench, name: str) -> tuple[str, Callable[[Launcher], float]]:
    """What is measured, and how."""
    if name == "floor":
        return "one tuple, n=8", _floor
    full, ranks = RUNS[name]
    calls = bench.size(full, full // 10)

    def measure(launcher: Launcher) -> float:
        bench.say(f"{name}: {calls} calls, {ranks} ranks, {launcher.home}")
        outcome = launcher.measure(name, calls, ranks)
        bench.check(outcome, f"{name}, {calls} calls, {launcher.home}")
        return outcome.elapsed_s

    return f"{calls:,} calls, n={ranks}", measure


def _floor(launcher: Launcher) -> float:
    with tempfile.TemporaryDirectory(prefix="hpcd4p-bench-") as folder:
        return launcher.run(["-m", "hpcd4p", "run", "--results", folder, "hpcd4p.bench.one"], 8).wall_s
