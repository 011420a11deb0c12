"""The attempts below the folder of a study, from their files: plan, end and run record.

Each of the three may be missing or damaged; the others are used, with a note why one is not. A record alone
is enough: it says which point it was. This file must never import h5py: `record.reader` reads the records.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hpcd4p.errors import RecordError
from hpcd4p.study.results.facts import AttemptFacts, Fields, Place, made
from hpcd4p.study.running.folder import END, OUT, PLAN, read_json


@dataclass(frozen=True)
class AttemptsBelow:
    """The attempts below a folder, and notes on other things there, one sentence each."""

    attempts: list[AttemptFacts]
    notes: list[str]

    @property
    def studies(self) -> list[str]:
        """Names of the studies that the attempts belong to."""
        return sorted({facts.study for facts in self.attempts})

    def of(self, study: str) -> list[AttemptFacts]:
        """Give the attempts of one study, sorted by key and number."""
        return sorted(
            (facts for facts in self.attempts if facts.study == study), key=lambda f: (f.key, f.attempt)
        )


def find_attempts(folder: Path) -> AttemptsBelow:
    """Give every attempt below `folder`, which is a study's or holds run records at any depth.

    Raises
    ------
    RecordError
        There is no such folder, or it cannot be read.
    """
    best: dict[Place, AttemptFacts] = {}
    notes: list[str] = []
    others = 0
    for here, names in _folders(Path(folder)):
        for facts in _attempts_in(here, names, notes):
            if facts is None:
                others += 1
                continue
            place = (facts.study, facts.key, facts.attempt)
            before = best.get(place)
            if before is not None:
                kept, dropped = _the_better(before, facts)
                notes.append(
                    f"{facts.key}, attempt {facts.attempt}, is there twice: {kept.record} is taken, "
                    f"{dropped.record or 'another folder'} is not"
                )
                facts = kept
            best[place] = facts
    if others:
        notes.append(f"{others} HDF5 files that belong to no study are left out")
    return AttemptsBelow(list(best.values()), notes)


def _the_better(one: AttemptFacts, other: AttemptFacts) -> tuple[AttemptFacts, AttemptFacts]:
    """The one to keep first: with a record that can be read, then the later one."""

    def worth(facts: AttemptFacts) -> tuple[bool, bool, str]:
        return facts.elapsed_s is not None and not facts.unreadable, facts.record is not None, facts.ended

    return (other, one) if worth(other) >= worth(one) else (one, other)


def _folders(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    def refuse(error: OSError) -> None:
        if Path(error.filename or folder) == folder:
            what = "is not a folder" if isinstance(error, NotADirectoryError) else f"{error.strerror}"
            raise RecordError(
                f"{folder} cannot be searched for run records: {what}; give the folder of a study, "
                "results/STUDY, or one with records below it"
            ) from error

    for here, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield Path(here), sorted(names)


def _attempts_in(here: Path, names: list[str], notes: list[str]) -> Iterator[AttemptFacts | None]:
    """The attempts whose files lie in one folder; None for each HDF5 file of nobody's."""
    plan = (read_json(here / PLAN, notes) or {}) if PLAN in names else {}
    end = (read_json(here / END, notes) or {}) if END in names else {}
    records = [here / n for n in names if n.endswith(".h5") and not n.startswith(".")]
    place = place_of(here, marked=PLAN in names or END in names)
    for record in records:
        yield _of_record(record, plan, end, place, notes)
    begun = END in names or OUT in names
    if not records and place is not None and begun:  # what is only planned is no attempt yet
        yield made(plan, end, None, None, "", place)


def _of_record(
    record: Path, plan: Fields, end: Fields, place: Place | None, notes: list[str]
) -> AttemptFacts | None:
    from hpcd4p.record.reader import read_record, schema_of
    from hpcd4p.record.writer import SCHEMA

    try:
        if place is None and schema_of(record) != SCHEMA:
            return None  # the results file of a study, say
        with read_record(record) as opened:
            summary = opened.summary
    except RecordError as error:
        if place is not None:
            return made(plan, end, None, record, str(error), place)
        notes.append(str(error))
        return None
    if place is None and not isinstance(summary.provenance.get("point"), dict):
        return None
    return made(plan, end, summary, record, "", place)


def place_of(folder: Path, marked: bool) -> Place | None:
    """Give study, key and attempt as the path ``STUDY/KEY/ATTEMPT`` says them; None if it does not.

    Parameters
    ----------
    marked
        There is a plan or an end in it; else the key must look like one, ``ranks=8,repeat=1``.
    """
    parts = folder.absolute().parts
    if len(parts) < 4 or not (parts[-1].isascii() and parts[-1].isdigit()):
        return (folder.absolute().parent.name, folder.name, 1) if marked else None
    study, key, number = parts[-3:]
    return (study, key, int(number)) if marked or "=" in key else None
