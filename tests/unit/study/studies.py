"""Studies that were never run: attempts made up, with known laws in their run times."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from hpcd4p.study.results.facts import AttemptFacts
from hpcd4p.study.results.reader import Results, read_results
from hpcd4p.study.results.writer import write_results

PROVENANCE = {
    "hpcd4p": "0.1.0", "python": "3.11.9", "platform": "Linux", "git_commit": "0123abcd", "host": "n1",
    "packages": {"numpy": "2.0.0", "h5py": "3.16.0"},
}  # fmt: skip


def usl(n: float, base_s: float = 60.0, sigma: float = 0.02, kappa: float = 0.0004) -> float:
    """Run time by the universal scalability law."""
    return base_s * (1 + sigma * (n - 1) + kappa * n * (n - 1)) / n


def run_time(axes: dict[str, Any], ranks: int) -> float:
    """A run time that depends on policy and mapping."""
    times = {"none": 1.0, "knee": 0.95, "idle": 1.08, "aimd": 1.2, "backlog": 1.02}
    kappa = {"dynamic": 0.0004, "static": 0.0001}[axes.get("mapping", "dynamic")]
    return usl(ranks, 60.0 * times[axes.get("autoscale", "none")], 0.02, kappa)


def process_time(axes: dict[str, Any], ranks: int, elapsed_s: float) -> float:
    """Process time: a policy that parks ranks needs less."""
    active = {"none": 1.0, "knee": 0.7, "idle": 0.8, "aimd": 0.75, "backlog": 0.9}
    return elapsed_s * ranks * active[axes.get("autoscale", "none")]


def attempts_of(
    axes: Mapping[str, Sequence[Any]],
    repeats: int = 3,
    noise: float = 0.03,
    time_of: Callable[[dict[str, Any], int], float] = run_time,
    seed: int = 1,
    record: Path | None = None,
    **given: Any,
) -> list[AttemptFacts]:
    """Attempts at all points, completed, with run times by `time_of` and noise."""
    dice = np.random.default_rng(seed)
    found = []
    for values in product(*axes.values()):
        point = dict(zip(axes, values, strict=True))
        ranks = int(point.get("ranks", 8))
        for repeat in range(1, repeats + 1):
            elapsed_s = time_of(point, ranks) * float(np.exp(noise * dice.standard_normal()))
            key = ",".join([*(f"{n}={v}" for n, v in point.items()), f"repeat={repeat}"])
            found.append(
                AttemptFacts(
                    "made-up", key, 1, "completed", repeat=repeat, axes=point, status=0, ranks=ranks, nodes=1,
                    elapsed_s=elapsed_s, process_time_s=process_time(point, ranks, elapsed_s),
                    cpu_s=elapsed_s,
                    tuples=10_000, efficiency=0.9, failed=0, wall_s=elapsed_s + 1, host="n1", job="",
                    started="2026-01-02T03:04:05+00:00", ended="2026-01-02T03:05:05+00:00", record=record,
                    **given,
                )
            )  # fmt: skip
    return found


def study_of(axes: dict[str, Sequence[Any]], **given: Any) -> dict[str, Any]:
    """What study.json says."""
    return {
        "name": "made-up", "workflow": "hpcd4p.workflows.wordcount", "scaling": "strong",
        "axes": {n: list(v) for n, v in axes.items()}, "repeats": 3, "title": "A study that was made up",
        "command": "python -m hpcd4p sweep configs/made-up.toml", **given,
    }  # fmt: skip


def written(
    folder: Path, axes: dict[str, Sequence[Any]], attempts: Iterable[AttemptFacts] | None = None, **study: Any
) -> Path:
    """Write the results file of a study, and give its path."""
    path = folder / "made-up.h5"
    facts = attempts_of(axes) if attempts is None else attempts
    write_results(path, study_of(axes, **study), facts, PROVENANCE)
    return path


def results_of(folder: Path, axes: dict[str, Sequence[Any]], **given: Any) -> Results:
    """Write and read it."""
    return read_results(written(folder, axes, **given))
