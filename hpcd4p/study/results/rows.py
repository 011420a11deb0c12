"""The rows of ``/summary``, made of the facts of the attempts. Pure.

Speed-up is relative to a measured point, not to a run on one rank that nobody made; `SCHEMA.md` has the
formulas.
"""

from __future__ import annotations

import os.path
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from hpcd4p.study.definition.study import NODES, RANKS
from hpcd4p.study.results.facts import AttemptFacts
from hpcd4p.study.running.states import COMPLETED

Row = dict[str, Any]

_OF_A_WHOLE_RUN = ("elapsed_s", "process_time_s", "cpu_s", "throughput", "efficiency", "wall_s")


def axes_of_study(study: Mapping[str, Any], attempts: Sequence[AttemptFacts]) -> dict[str, list[Any]]:
    """Give the values of every axis, by name: those of the study, then those that attempts alone have."""
    defined = study.get("axes")
    axes: dict[str, list[Any]] = {}
    for name, values in defined.items() if isinstance(defined, dict) else ():
        axes[name] = list(values) if isinstance(values, list) else []
    for facts in attempts:
        for name, value in facts.axes.items():
            values = axes.setdefault(name, [])
            if value not in values:
                values.append(value)
    return axes


def rows_of(attempts: Iterable[AttemptFacts], study: Mapping[str, Any], folder: Path) -> list[Row]:
    """Give a row for each attempt, by name of the column, sorted by key and attempt.

    Parameters
    ----------
    study
        What ``study.json`` says, as far as it is known.
    folder
        That of the results file: the records are named relative to it.
    """
    facts = sorted(attempts, key=lambda f: (f.key, f.attempt))
    weak = is_weak(study, facts)
    apart = _axes_apart(study, facts)
    rows = [_row(each, folder) for each in facts]
    for members in _series(rows, apart).values():
        _compare([rows[i] for i in members], weak)
    return rows


def is_weak(study: Mapping[str, Any], attempts: Iterable[AttemptFacts]) -> bool:
    """Whether the work grows with the ranks, as the study says, or else the records."""
    said = study.get("scaling") or next((f.scaling for f in attempts if f.scaling), "strong")
    return said == "weak"


def _row(facts: AttemptFacts, folder: Path) -> Row:
    elapsed = facts.elapsed_s if facts.elapsed_s is not None else facts.wall_s
    # of a run that was killed by a signal, as a shell says it; -1 means that there is none
    status = 128 - facts.status if facts.status is not None and facts.status < 0 else facts.status
    known = {
        "key": facts.key,
        "attempt": facts.attempt,
        "repeat": facts.repeat,
        "state": facts.state,
        "status": status,
        "reason": facts.reason,
        "ranks": facts.ranks,
        "nodes": facts.nodes,
        "elapsed_s": elapsed,
        "process_time_s": facts.process_time_s,
        "cpu_s": facts.cpu_s,
        "tuples": facts.tuples,
        "throughput": facts.tuples / elapsed if facts.tuples is not None and elapsed else None,
        "efficiency": facts.efficiency,
        "speed_up": None,
        "parallel_efficiency": None,
        "failed": facts.failed,
        "wall_s": facts.wall_s,
        "host": facts.host,
        "job": facts.job,
        "started": facts.started,
        "ended": facts.ended,
        "record": relative(facts.record, folder) if facts.record is not None else "",
        "continued": facts.continued,
        "checkpoints": facts.checkpoints,
        "resumes": facts.resumes,
        "recoveries": facts.recoveries,
    }
    if facts.continued:  # the record has the figures of the last part only
        known |= dict.fromkeys(_OF_A_WHOLE_RUN)
    return {**facts.axes, **known, **{n: v for n, v in facts.axes.items() if known.get(n) is None}}


def relative(record: Path, folder: Path) -> str:
    """Give the path from `folder` to `record`, as a link in a file there names it."""
    return os.path.relpath(record.absolute(), folder.absolute())


def _axes_apart(study: Mapping[str, Any], attempts: Sequence[AttemptFacts]) -> list[str]:
    """Axes whose values part one series from another: not ranks, nor what follows from the ranks.

    In a zipped study another axis may follow the ranks (nodes, or the size of the work), else nodes only.
    """
    names = list(dict.fromkeys(name for facts in attempts for name in facts.axes))
    candidates = set(names) if study.get("combine") == "zip" else {NODES}
    return [n for n in names if n != RANKS and not (n in candidates and _follows_ranks(n, attempts))]


def _follows_ranks(name: str, attempts: Sequence[AttemptFacts]) -> bool:
    """Whether the axis takes several values, and one for each number of ranks."""
    seen: dict[int | None, Any] = {}
    for facts in attempts:
        if seen.setdefault(facts.ranks, facts.axes.get(name)) != facts.axes.get(name):
            return False
    return len({repr(value) for value in seen.values()}) > 1


def _series(rows: Sequence[Row], apart: Sequence[str]) -> dict[tuple[str, ...], list[int]]:
    """Numbers of the rows that differ in ranks and repeat only."""
    series: dict[tuple[str, ...], list[int]] = {}
    for i, row in enumerate(rows):
        series.setdefault(tuple(repr(row.get(name)) for name in apart), []).append(i)
    return series


def _compare(rows: list[Row], weak: bool) -> None:
    """Set speed-up and parallel efficiency of the completed attempts of one series."""
    done = [r for r in rows if r["state"] == COMPLETED and r["elapsed_s"] and r["ranks"]]
    if not done:
        return
    fewest = min(row["ranks"] for row in done)
    reference = median(row["elapsed_s"] for row in done if row["ranks"] == fewest)
    for row in done:
        ratio = reference / row["elapsed_s"]
        more = row["ranks"] / fewest
        row["speed_up"] = ratio * more if weak else ratio
        row["parallel_efficiency"] = ratio if weak else ratio / more
