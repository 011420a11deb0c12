"""The results file of a study, read back. It opens files for reading only, and never takes a lock.

Everything but the runs is read at once: the file may be written anew meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hpcd4p.errors import RecordError
from hpcd4p.record.columns import link_name
from hpcd4p.record.library import load_h5py
from hpcd4p.record.reader import OpenedFile, Record, damage_named, read_record
from hpcd4p.study.schema import SCHEMA, SCHEMA_VERSION, ColumnKind, as_python

EXPECTED = "the results file of a study (results/STUDY.h5)"


@dataclass(frozen=True)
class Results:
    """What a results file says.

    Attributes
    ----------
    rows : list[dict]
        One for each attempt, by name of the column; what is missing is None.
    axes : list[str]
        Names of the axes of the study, the ranks included if they are one.
    kinds : dict[str, ColumnKind]
        Of every column, in their order.
    units : dict[str, str]
        Of the columns that are numbers.
    study : dict
        The resolved definition of the study, as far as it was known.
    provenance : dict
        Who collected the rows.
    merged : bool
        Whether the records are in the file.

    Examples
    --------
    >>> results = read_results(Path("results/strong.h5"))  # doctest: +SKIP
    >>> results.rows[0]["elapsed_s"]  # doctest: +SKIP
    12.5
    """

    path: Path
    name: str
    created: str
    hpcd4p: str
    rows: list[dict[str, Any]]
    axes: list[str]
    kinds: dict[str, ColumnKind]
    units: dict[str, str]
    study: dict[str, Any]
    provenance: dict[str, Any]
    _links: dict[tuple[str, int], str | None] = field(repr=False, default_factory=dict)

    @property
    def columns(self) -> list[str]:
        """Names of the columns, in their order."""
        return list(self.kinds)

    @property
    def merged(self) -> bool:
        """Whether there are records in the file itself."""
        return None in self._links.values()

    def has_record(self, row: Mapping[str, Any]) -> bool:
        """Whether there is a record of the run of `row`, in the file or linked to; it may be damaged."""
        return _place(row) in self._links

    def record_path(self, row: Mapping[str, Any]) -> Path | None:
        """Give the file of the record of `row`; None if there is none, or the record is in this file."""
        linked = self._links.get(_place(row))
        return None if linked is None else self.path.parent / linked

    def open_record(self, row: Mapping[str, Any]) -> Record:
        """Open the record of `row`, a context manager, wherever it is.

        Raises
        ------
        RecordError
            There is none, or it cannot be read.
        """
        place = _place(row)
        if place not in self._links:
            raise RecordError(f"{self.path}: there is no record of {place[0]}, attempt {place[1]}")
        linked = self._links[place]
        if linked is None:
            return read_record(self.path, _group(*place))
        return read_record(self.path.parent / linked)


def read_results(path: Path) -> Results:
    """Read the results file at `path`.

    Raises
    ------
    RecordError
        If there is no such file, or it is no results file, truncated, or of another version of the schema.
    """
    path = Path(path)
    opened = OpenedFile(path, EXPECTED)
    try:
        with damage_named(path, "the results file"):
            _check_schema(path, opened.file.attrs)
            return _read(path, opened.file)
    finally:
        opened.close()


def _check_schema(path: Path, attributes: Any) -> None:
    schema, version = attributes.get("schema"), attributes.get("schema_version")
    if schema != SCHEMA:
        raise RecordError(
            f"{path} is an HDF5 file, but not the results file of a study: its attribute 'schema' is "
            f"{schema!r}, expected {SCHEMA!r}; `python -m hpcd4p show` prints the record of one run"
        )
    if version != SCHEMA_VERSION:
        raise RecordError(
            f"{path} has version {version} of the schema of results files; this hpcd4p reads version "
            f"{SCHEMA_VERSION}: read it with the hpcd4p that wrote it (attribute 'hpcd4p' of the file), or "
            "make it anew from the run records with `python -m hpcd4p collect`"
        )


def _read(path: Path, file: Any) -> Results:
    summary = file["summary"]
    kinds = {name: _kind(summary.dtype[name]) for name in summary.dtype.names}
    table = summary[:]
    columns = {
        name: [as_python(kind, value) for value in table[name].tolist()] for name, kind in kinds.items()
    }
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    for row in rows:  # text that is part of the place of a run is never missing
        row["key"] = row["key"] or ""
    return Results(
        path=path,
        name=str(file.attrs["study"]),
        created=str(file.attrs["created"]),
        hpcd4p=str(file.attrs["hpcd4p"]),
        rows=rows,
        axes=list(map(str, json.loads(summary.attrs["axes"]))),
        kinds=kinds,
        units=dict(json.loads(summary.attrs["units"])),
        study=dict(json.loads(file["config"].asstr()[()])),
        provenance=dict(json.loads(file["provenance"].asstr()[()])),
        _links=_links(file, rows),
    )


def _kind(dtype: Any) -> ColumnKind:
    return {"O": ColumnKind.TEXT, "S": ColumnKind.TEXT, "i": ColumnKind.WHOLE, "u": ColumnKind.WHOLE}.get(
        dtype.kind, ColumnKind.NUMBER
    )


def _links(file: Any, rows: list[dict[str, Any]]) -> dict[tuple[str, int], str | None]:
    """Where the record of each run is: a path from the folder of the file, or None for the file itself."""
    h5py = load_h5py()
    links: dict[tuple[str, int], str | None] = {}
    for row in rows:
        place = _place(row)
        link = file.get(_group(*place), getlink=True)
        if isinstance(link, h5py.ExternalLink):
            links[place] = link.filename
        elif link is not None:
            links[place] = None
    return links


def _place(row: Mapping[str, Any]) -> tuple[str, int]:
    return row["key"], row["attempt"]


def _group(key: str, attempt: int) -> str:
    return f"runs/{link_name(key)}/{attempt}"
