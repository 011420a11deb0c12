"""The document of the schema and the code say the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from hpcd4p.study import schema
from hpcd4p.study.definition import study_file as definition
from hpcd4p.study.schema import COLUMNS, Column, ColumnKind, as_python, columns_of, kind_of, stored

DOCUMENT = Path(schema.__file__).with_name("SCHEMA.md")
ROOT = Path(__file__).parents[3]


def documented() -> list[tuple[str, str, str]]:
    """Name, type and unit of each column in the table of the document."""
    text = DOCUMENT.read_text(encoding="utf-8").partition("## Columns")[2].partition("\nThen ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if "| `" in line
    ]
    return [(row[0].strip("`"), row[1], row[2]) for row in rows]


def test_the_document_has_every_column_with_its_type_and_unit_in_their_order() -> None:
    assert documented() == [(column.name, column.kind.value, column.unit) for column in COLUMNS]


def test_the_columns_are_those_of_version_1() -> None:
    # another order, kind or unit is another version of the schema
    assert schema.SCHEMA_VERSION == 1
    assert [f"{c.name} {c.kind.value} {c.unit}".strip() for c in COLUMNS] == [
        "key text",
        "attempt int64 1",
        "repeat int64 1",
        "state text",
        "status int64 1",
        "reason text",
        "ranks int64 ranks",
        "nodes int64 nodes",
        "elapsed_s float64 s",
        "process_time_s float64 s",
        "cpu_s float64 s",
        "tuples int64 tuples",
        "throughput float64 tuples/s",
        "efficiency float64 1",
        "speed_up float64 1",
        "parallel_efficiency float64 1",
        "failed int64 tuples",
        "wall_s float64 s",
        "host text",
        "job text",
        "started text",
        "ended text",
        "record text",
        "continued int64 1",  # added behind the others, as a version may
        "checkpoints int64 1",
        "resumes int64 1",
        "recoveries int64 1",
    ]


def test_the_document_names_schema_and_version() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert f"Schema `{schema.SCHEMA}`, version {schema.SCHEMA_VERSION}." in text


def test_the_document_is_installed_with_the_package() -> None:
    told_to_setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert "study/*.md" in told_to_setuptools["package-data"]["hpcd4p"]


def test_axes_come_behind_in_their_order_with_the_kind_that_holds_their_values() -> None:
    axes: dict[str, list[Any]] = {
        "ranks": [1, 2], "mode": ["a"], "size": [1, 2], "rate": [1, 0.5], "shift": [-1, 1], "on": [True],
    }  # fmt: skip
    assert columns_of(axes)[len(COLUMNS) :] == (
        Column("mode", ColumnKind.TEXT),
        Column("size", ColumnKind.WHOLE, "1"),
        Column("rate", ColumnKind.NUMBER, "1"),
        Column("shift", ColumnKind.NUMBER, "1"),  # -1 would be a missing one
        Column("on", ColumnKind.TEXT),
    )


def test_no_axis_of_a_study_has_the_name_of_a_column_but_ranks_and_nodes() -> None:
    assert {column.name for column in COLUMNS} - definition.TAKEN_COLUMNS == {"ranks", "nodes"}
    assert {column.name for column in COLUMNS} >= definition.TAKEN_COLUMNS


def test_values_of_several_kinds_are_text() -> None:
    assert kind_of([1, "all"]) is ColumnKind.TEXT
    assert kind_of([2**63]) is ColumnKind.NUMBER
    assert kind_of([]) is ColumnKind.TEXT
    assert kind_of([None, 3]) is ColumnKind.WHOLE


def test_missing_values_are_stored_as_marks_and_told_as_none() -> None:
    for kind in ColumnKind:
        assert as_python(kind, stored(Column("c", kind), None)) is None
    assert as_python(ColumnKind.NUMBER, stored(Column("c", ColumnKind.NUMBER), 2)) == 2.0
    assert as_python(ColumnKind.WHOLE, stored(Column("c", ColumnKind.WHOLE), 7)) == 7
    assert as_python(ColumnKind.TEXT, stored(Column("c", ColumnKind.TEXT), True)) == "true"


def test_text_that_hdf5_cannot_hold_is_changed() -> None:
    assert stored(Column("c", ColumnKind.TEXT), "a\0b") == "a\\0b"
    assert re.fullmatch(r"a\\udc80", stored(Column("c", ColumnKind.TEXT), "a\udc80"))
