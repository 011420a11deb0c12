"""The results file of a study made anew from what its attempts have left."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpcd4p.errors import RecordError
from hpcd4p.record.provenance import GitState, gather
from hpcd4p.record.reader import schema_of
from hpcd4p.record.summary import Summary
from hpcd4p.study.results.attempts import AttemptsBelow, find_attempts
from hpcd4p.study.results.facts import AttemptFacts
from hpcd4p.study.results.rows import Row, axes_of_study, is_weak
from hpcd4p.study.results.writer import write_results
from hpcd4p.study.running.folder import STUDY, read_json
from hpcd4p.study.schema import SCHEMA


@dataclass(frozen=True)
class Collected:
    """What was collected.

    Attributes
    ----------
    notes : list[str]
        What could not be read or was left out, one sentence each.
    """

    path: Path
    study: str
    rows: list[Row]
    attempts: list[AttemptFacts]
    notes: list[str]


def collect(
    folder: Path, path: Path | None = None, study: str | None = None, merge: bool = False
) -> Collected:
    """Write the results file of the study whose attempts are below `folder`.

    Parameters
    ----------
    path
        The results file; without it ``STUDY.h5`` beside the folder of the study.
    study
        Which, if there are several.
    merge
        Copy the run records into the file.

    Raises
    ------
    RecordError
        There is nothing, or attempts of several studies; `folder` cannot be read or the file not be written.
    """
    folder = Path(folder)
    git = GitState(Path.cwd())
    below = find_attempts(folder)
    name = chosen(below, folder, study)
    attempts = below.of(name)
    said, notes = _definition(folder, name)
    if not said:
        notes.append(f"there is no {STUDY} of the study: {_guessed(attempts)}")
    definition = said or {"scaling": "weak" if is_weak({}, attempts) else "strong"}
    definition = {**definition, "name": name, "axes": axes_of_study(definition, attempts)}
    target = path or default_path(folder, name)
    refuse_other_file(target, name)
    written = write_results(target, definition, attempts, gather(Summary(name), git.facts()), merge)
    return Collected(target, name, written.rows, written.attempts, [*notes, *below.notes])


def chosen(below: AttemptsBelow, folder: Path, study: str | None) -> str:
    """Give the name of the study to collect.

    Raises
    ------
    RecordError
        There are no attempts, or none of `study`, or those of several.
    """
    names = below.studies
    if not names:
        seen = "".join(f"\n  {note}" for note in below.notes)
        raise RecordError(
            f"{folder} has no run records of a study below it, and no attempts of one; give the folder "
            f"results/STUDY that `python -m hpcd4p sweep` made{seen}"
        )
    if study is not None and study not in names:
        raise RecordError(f"{folder} has nothing of a study {study!r}; there is {', '.join(names)}")
    if study is None and len(names) > 1:
        listed = ", ".join(f"{name} ({len(below.of(name))} attempts)" for name in names)
        raise RecordError(
            f"{folder} has attempts of {len(names)} studies: {listed}; choose one with --study NAME"
        )
    return study or names[0]


def default_path(folder: Path, name: str) -> Path:
    """Give ``STUDY.h5`` beside the folder of the study if `folder` is that, else in `folder`.

    Raises
    ------
    RecordError
        The name of the study is none that a file can have.
    """
    if Path(name).name != name or name.startswith("."):
        raise RecordError(f"a study named {name!r} gives no name of a file: say where it goes with -o")
    here = folder if folder.name else folder.absolute()
    return (here.parent if here.name == name else folder) / f"{name}.h5"


def refuse_other_file(path: Path, name: str) -> None:
    """See that `path` is the results file that it is about to be, or is not there: records are never lost.

    Raises
    ------
    RecordError
        It is something else.
    """
    if not path.exists():
        return
    try:
        other = schema_of(path) != SCHEMA
    except RecordError:  # a results file in its place that is damaged can be made anew
        other = path.name != f"{name}.h5"
    if other:
        raise RecordError(f"{path} is there and is no results file; remove it, or give another name with -o")


def _definition(folder: Path, name: str) -> tuple[dict[str, Any], list[str]]:
    """What ``study.json`` says, empty if there is none; and what is wrong with it."""
    notes: list[str] = []
    for path in (folder / STUDY, folder / name / STUDY):
        definition = read_json(path, notes) if os.path.exists(path) else None
        if definition is not None and definition.get("name", name) == name:
            return definition, notes
    return {}, notes


def _guessed(attempts: Sequence[AttemptFacts]) -> str:
    if any(facts.scaling for facts in attempts):
        return "axes and scaling are those that the records say"
    return "axes are those that the records say, and the scaling is taken to be strong"


def counted(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Give how many rows there are of each state, the most frequent first."""
    numbers: dict[str, int] = {}
    for row in rows:
        numbers[row["state"]] = numbers.get(row["state"], 0) + 1
    return dict(sorted(numbers.items(), key=lambda item: -item[1]))
