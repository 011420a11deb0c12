"""The results file of a study, written: aside, synced, renamed, by one process at a time.

Readers see the old file or the new one, never half of one. The order: 1. the lock; 2. the links, or with
`merge` the copies of the records; 3. the rows; 4. HDF5 is closed; 5. sync; 6. rename. `SCHEMA.md` says
what is in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import hpcd4p
from hpcd4p.errors import RecordError
from hpcd4p.record.aside import AsideFile
from hpcd4p.record.columns import link_name
from hpcd4p.record.library import load_h5py, require_hdf5
from hpcd4p.record.provenance import redacted
from hpcd4p.study.results.facts import AttemptFacts
from hpcd4p.study.results.merge import copy_record
from hpcd4p.study.results.rows import Row, axes_of_study, relative, rows_of
from hpcd4p.study.running.one_writer import one_writer
from hpcd4p.study.schema import SCHEMA, SCHEMA_VERSION, Column, ColumnKind, columns_of, storable, stored

LIBVER = ("v108", "latest")
"""Small groups without the tables of the oldest form. What a copied record has may be newer: it stays so."""

_HDF5_ERRORS = (OSError, RuntimeError, ValueError, KeyError)
"""What h5py raises when the library below it fails."""


class Written(NamedTuple):
    """The rows, and the attempts that they are of, with what went wrong meanwhile."""

    rows: list[Row]
    attempts: list[AttemptFacts]


def write_results(
    path: Path,
    study: Mapping[str, Any],
    attempts: Iterable[AttemptFacts],
    provenance: Mapping[str, Any],
    merge: bool = False,
) -> Written:
    """Write the results file `path` anew, in place of what is there; gives what is in it now.

    Parameters
    ----------
    study
        What ``study.json`` says; `name` must be in it.
    provenance
        Who collected: versions, commit, host, command line.
    merge
        Copy the records into the file; else it links to them. If one cannot be copied, the reason in its
        row says why.

    Raises
    ------
    RecordError
        The folder cannot be written, the disk is full, or another process writes the file.
    MissingPackage
        There is no h5py.
    """
    require_hdf5()
    path = Path(path)
    facts = sorted(attempts, key=lambda f: (f.key, f.attempt))
    with one_writer(path):
        aside = AsideFile(path, replace=True)
        try:
            written = _write(aside, study, facts, provenance, merge)
            aside.publish()
        except _HDF5_ERRORS as error:
            cause = aside.error or error
            words = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
            raise RecordError(
                f"the results file {path} could not be written: {words}; what was there before is as it was"
            ) from error
        finally:
            aside.remove()
    return written


def _write(
    aside: AsideFile,
    study: Mapping[str, Any],
    facts: Sequence[AttemptFacts],
    provenance: Mapping[str, Any],
    merge: bool,
) -> Written:
    h5py = load_h5py()
    file = h5py.File(aside, "w", libver=LIBVER)
    try:
        file.attrs["schema"] = SCHEMA
        file.attrs["schema_version"] = SCHEMA_VERSION
        file.attrs["study"] = storable(str(study.get("name", "")))
        file.attrs["hpcd4p"] = hpcd4p.__version__
        file.attrs["created"] = datetime.now(UTC).isoformat(timespec="seconds")
        for name, value in (("config", study), ("provenance", provenance)):
            text = json.dumps(redacted(dict(value)), default=str)
            file.create_dataset(name, data=text, dtype=h5py.string_dtype())
        runs = file.create_group("runs")
        facts = [_put(runs, each, aside, merge) for each in facts]
        rows = rows_of(facts, study, aside.path.parent)
        axes = axes_of_study(study, facts)
        _write_summary(file, rows, columns_of(axes), list(axes))
    except BaseException:
        with suppress(*_HDF5_ERRORS):  # it is thrown away
            file.close()
        raise
    file.close()
    return Written(rows, facts)


def _put(runs: Any, facts: AttemptFacts, aside: AsideFile, merge: bool) -> AttemptFacts:
    """Put the record of an attempt under ``/runs``; gives the facts with what went wrong."""
    if aside.error is not None:  # the disk is full: nothing after this would be kept
        raise aside.error
    if facts.record is None:
        return facts
    group, name = runs.require_group(link_name(storable(facts.key))), str(facts.attempt)
    if not merge:
        h5py = load_h5py()
        group[name] = h5py.ExternalLink(relative(facts.record, aside.path.parent), "/")
    elif not facts.unreadable:
        trouble = copy_record(facts.record, group, name)
        if trouble:
            reason = f"{facts.reason}; {trouble}" if facts.reason else trouble
            return replace(facts, unreadable=trouble, reason=reason)
    return facts


def _write_summary(file: Any, rows: Sequence[Row], columns: Sequence[Column], axes: Sequence[str]) -> None:
    import numpy as np

    text = load_h5py().string_dtype()
    dtypes = {ColumnKind.TEXT: text, ColumnKind.WHOLE: np.dtype("<i8"), ColumnKind.NUMBER: np.dtype("<f8")}
    table = np.empty(len(rows), np.dtype([(column.name, dtypes[column.kind]) for column in columns]))
    for column in columns:
        table[column.name] = [stored(column, row.get(column.name)) for row in rows]
    summary = file.create_dataset("summary", data=table)
    summary.attrs["axes"] = json.dumps(list(axes))
    summary.attrs["units"] = json.dumps({c.name: c.unit for c in columns if c.unit})
