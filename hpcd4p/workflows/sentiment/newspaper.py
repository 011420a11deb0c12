"""Articles of a file: its columns, and its rows one by one.

Owns the form of the file (README.md). Never raises for a single bad row: the row says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hpcd4p import WorkflowError
from hpcd4p.workflows.sentiment.article import Row

if TYPE_CHECKING:
    from typing import TextIO

NEEDED = ("text", "location")
"""Columns without which there is nothing to score or nowhere to count it."""

COLUMNS = ("title", *NEEDED)

LONGEST_FIELD = 1 << 24
"""Characters in a field; Python's own limit, 131,072, is less than a long report has. What is longer than
this is a quotation mark that nobody closed."""


def find_columns(path: str) -> dict[str, int]:
    """Places of the columns that are used, from the header of the file.

    Raises
    ------
    WorkflowError
        The file is empty, no text in UTF-8, or lacks a column; names what was found.
    """
    import csv

    try:
        with _open(path) as file:
            head = next(csv.reader(file, delimiter=_delimiter(path), strict=True), [])
            "".join(head).encode("utf-8")
    except OSError as error:
        raise WorkflowError([f"{path} cannot be read: {error.strerror}"]) from error
    except (csv.Error, UnicodeEncodeError) as error:
        raise WorkflowError([f"{path}: its first line is no line of a table in UTF-8: {error}"]) from error
    if not any(head):
        raise WorkflowError(
            [f"{path} has no header: its first line must name the columns {_listed(COLUMNS)}"]
        )
    names = [name.strip().lower() for name in head]
    missing = [name for name in NEEDED if name not in names]
    if missing:
        columns = _listed([name.strip() for name in head])
        raise WorkflowError([f"{path} has no column {_listed(missing)}; its first line names {columns}"])
    return {name: names.index(name) for name in COLUMNS if name in names}


def read_rows(path: str, columns: dict[str, int]) -> Iterator[Row]:
    """Rows of the file after its header, empty lines left out.

    Parameters
    ----------
    columns
        From `find_columns`.
    """
    import csv

    csv.field_size_limit(LONGEST_FIELD)
    with _open(path) as file:
        # strict: an open quotation mark at the end is an error, not a last field of any length
        reader = csv.reader(file, delimiter=_delimiter(path), strict=True)
        next(reader, None)
        while True:
            line = reader.line_num + 1
            try:
                fields = next(reader, None)
            except csv.Error as error:
                yield Row(line, None, None, None, str(error))
                continue
            if fields is None:
                return
            if fields:
                yield _row(line, fields, columns)


def _row(line: int, fields: list[str], columns: dict[str, int]) -> Row:
    cells = {name: fields[at].strip() for name, at in columns.items() if at < len(fields)}
    for name, value in cells.items():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as error:
            byte = ord(value[error.start]) & 0xFF
            return Row(line, None, None, None, f"column {name} is not in UTF-8: byte 0x{byte:02x}")
    return Row(line, cells.get("title"), cells.get("text"), cells.get("location"))


def _open(path: str) -> TextIO:
    # what is not UTF-8 comes as lone surrogates, which `_row` finds: one bad row is not a bad file
    return open(path, encoding="utf-8-sig", errors="surrogateescape", newline="")


def _delimiter(path: str) -> str:
    return "\t" if path.lower().endswith(".tsv") else ","


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(map(repr, names))
