"""The record of a run, read back. It opens files for reading only, and never takes a lock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from hpcd4p.errors import RecordError
from hpcd4p.record.columns import link_name
from hpcd4p.record.history import Timelines, read_scaling, read_timelines
from hpcd4p.record.library import load_h5py
from hpcd4p.record.restore import count_column, describe_column, read_column
from hpcd4p.record.scaling import Scaling
from hpcd4p.record.summary import DeadLetter, Event, LogLine, Summary
from hpcd4p.record.survival import Survival
from hpcd4p.record.survival_file import read_survival
from hpcd4p.record.trace import Span, TraceFigures, read_spans, read_trace
from hpcd4p.record.writer import SCHEMA, SCHEMA_VERSION

READABLE = range(1, SCHEMA_VERSION + 1)
"""Versions of the schema that this file reads."""

SCALING_SINCE = 2
"""Version of the schema in which /scaling came."""


class Record:
    """An open record; values are read from the file when they are asked for.

    Attributes
    ----------
    path : Path
    summary : Summary
    version : int
        Of the schema.
    names : list[str]
        'element.output' of every output that has tuples.

    Examples
    --------
    >>> with read_record(Path("results/run.h5")) as record:  # doctest: +SKIP
    ...     for word, count in record.outputs("top1.output"):
    ...         print(word, count)
    """

    def __init__(self, path: Path, file: Any, opened: OpenedFile) -> None:
        self.path = path
        self._file = file  # the root of a file, or a group of one
        self._opened = opened
        summary = json.loads(file["summary"].asstr()[()])
        self._columns: dict[str, tuple[str, str]] = {f"{e}.{o}": (e, o) for e, o in summary.pop("columns")}
        self.summary = Summary.from_dict(summary)
        self.version = int(file.attrs["schema_version"])
        self.names = list(self._columns)

    def outputs(self, name: str) -> Iterator[Any]:
        """Yield the tuples of the output 'element.output' in the order in which they were collected.

        Raises
        ------
        RecordError
            If there is no such output, or the file is damaged.
        """
        return self._values(*self._place(name))

    def count(self, name: str) -> int:
        """Give the number of tuples of the output `name`; raises as `outputs` does."""
        with damage_named(self.path):
            return count_column(*self._place(name))

    def described(self, name: str) -> str:
        """Give what the tuples of the output `name` are, in a few words; raises as `outputs` does."""
        with damage_named(self.path):
            return describe_column(*self._place(name))

    def dead_letters(self) -> Iterator[DeadLetter]:
        """Yield the tuples that failed."""
        return (DeadLetter(*row) for row in self._values(self._file, "dead_letters"))

    def events(self) -> Iterator[Event]:
        """Yield the story of the run."""
        return (Event(*row) for row in self._values(self._file, "events"))

    def log(self) -> Iterator[LogLine]:
        """Yield the log lines of the elements, in the order in which the head received them."""
        return (LogLine(*row) for row in self._values(self._file, "log"))

    def require_scaling(self) -> None:
        """Check that the record can have data of the auto-scaler.

        Raises
        ------
        RecordError
            It was written by a version without one.
        """
        if self.version < SCALING_SINCE:
            raise RecordError(
                f"{self.path} does not tell of the auto-scaler: it has version {self.version} of the record "
                f"schema, and that came with version {SCALING_SINCE}. Run the workflow again, or use "
                f"`python -m hpcd4p show {self.path}`"
            )

    def scaling(self) -> Scaling | None:
        """Give what the auto-scaler saw and did; None if the record has no such data (one process, say)."""
        with damage_named(self.path):
            return read_scaling(self._file)

    def timelines(self) -> Timelines | None:
        """Give when each rank was busy, parked and lent; None if the record does not have it."""
        with damage_named(self.path):
            return read_timelines(self._file)

    def trace(self) -> TraceFigures | None:
        """Give how much is known of what its ranks did; None if it had no ``--trace``."""
        with damage_named(self.path):
            return read_trace(self._file)

    def spans(self) -> Iterator[Span]:
        """Yield what its ranks did, span by span; nothing if it had no ``--trace``."""
        with damage_named(self.path):
            yield from read_spans(self._file)

    def survival(self) -> Survival | None:
        """Give its checkpoints, and how it went on from them; None if it was to make none."""
        with damage_named(self.path):
            return read_survival(self._file)

    def close(self) -> None:
        """Close the file; may be called again."""
        self._opened.close()

    def __enter__(self) -> Record:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _place(self, name: str) -> tuple[Any, str]:
        place = self._columns.get(name)
        if place is None:
            known = ", ".join(self.names) or "none"
            raise RecordError(f"{self.path}: no output {name!r}; the record has: {known}")
        with damage_named(self.path):
            return self._file["outputs"][link_name(place[0])], link_name(place[1])

    def _values(self, group: Any, name: str) -> Iterator[Any]:
        with damage_named(self.path):
            yield from read_column(group, name)


def read_record(path: Path, group: str = "/") -> Record:
    """Open the record at `path`; a context manager.

    Parameters
    ----------
    group
        Where the record is in the file: the results file of a study may hold many.

    Raises
    ------
    RecordError
        If there is no such file, or it is no record, truncated, or of another version of the schema.
    """
    opened = OpenedFile(Path(path))
    try:
        with damage_named(opened.path):
            root = opened.file[group]
            _check_schema(opened.path, root.attrs.get("schema"), root.attrs.get("schema_version"))
            return Record(opened.path, root, opened)
    except BaseException:
        opened.close()
        raise


def schema_of(path: Path) -> str:
    """Give the schema that an HDF5 file names, '' if none; raises as `OpenedFile`."""
    opened = OpenedFile(Path(path))
    try:
        with damage_named(opened.path):
            return str(opened.file.attrs.get("schema", ""))
    finally:
        opened.close()


class OpenedFile:
    """A HDF5 file that was opened for reading, without a lock.

    Parameters
    ----------
    expected
        What the file should be, for messages.

    Raises
    ------
    RecordError
        If there is no such file, or it is no HDF5 file, or truncated.
    """

    def __init__(self, path: Path, expected: str = "the record of a run (results/*.h5)") -> None:
        self.path = path
        self._stream = _open(path, expected)
        try:
            self.file = self._read()
        except BaseException:
            self._stream.close()
            raise

    def _read(self) -> Any:
        h5py = load_h5py()
        try:
            # a stream, not a name: then HDF5 takes no file lock, whatever HDF5_USE_FILE_LOCKING says
            return h5py.File(self._stream, "r")
        except OSError as error:
            raise RecordError(
                f"{self.path}: the HDF5 file is truncated or damaged ({_first_line(error)}); hpcd4p names "
                "its files only when they are complete, so this is a copy that went wrong: copy it again"
            ) from error

    def close(self) -> None:
        """Close it; may be called again."""
        with suppress(*_DAMAGE):
            self.file.close()
        self._stream.close()


_DAMAGE = (OSError, RuntimeError, LookupError, ValueError, TypeError, AttributeError, ArithmeticError)
"""Exceptions when a damaged file is read, from h5py or while its values are made."""


@contextmanager
def damage_named(path: Path, what: str = "the record") -> Iterator[None]:
    """Turn any exception from reading a damaged file into one message about `what`."""
    try:
        yield
    except _DAMAGE as error:
        raise RecordError(f"{path}: {what} is damaged: {_first_line(error)}") from error


def _open(path: Path, expected: str) -> BinaryIO:
    """Open the file if it at least begins like an HDF5 file."""
    try:
        stream = path.open("rb")
    except IsADirectoryError:
        raise RecordError(f"{path} is a folder; give one of the .h5 files in it") from None
    except OSError as error:
        raise RecordError(
            f"{path}: {error.strerror}; records are in the folder of --results (results/)"
        ) from None
    head = stream.read(8)
    if head != b"\x89HDF\r\n\x1a\n":
        stream.close()
        what = "it is empty" if not head else "it does not begin like one"
        raise RecordError(f"{path} is not an HDF5 file: {what}; expected {expected}")
    return stream


def _check_schema(path: Path, schema: Any, version: Any) -> None:
    if schema != SCHEMA:
        raise RecordError(
            f"{path} is an HDF5 file, but not the record of a run: its attribute 'schema' is {schema!r}, "
            f"expected {SCHEMA!r}"
        )
    if version is None or int(version) not in READABLE:
        raise RecordError(
            f"{path} has version {version} of the record schema; this hpcd4p reads versions up to "
            f"{SCHEMA_VERSION}: read it with the hpcd4p that wrote it (attribute 'hpcd4p' of the file), "
            "or with h5py or h5dump"
        )


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
