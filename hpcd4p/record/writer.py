"""The record of a run: one HDF5 file, written while the run goes on, named when it is complete.

Layout (``h5ls -r FILE``)::

    /                      attributes: schema, versions, workflow, times, state, provenance
    /outputs/ELEMENT/OUTPUT  a column of values, in order or not (see columns.py): a dataset, or a group
    /dead_letters/...      one column per field of `DeadLetter`; absent if nothing failed
    /failures/...          how many failed of each kind, exactly; /dead_letters has examples
    /events/...            the story of the run: time_s, kind, text
    /log/...               what elements have said, the fields of `LogLine`; absent if nothing
    /elements, /ranks      figures, one column per field
    /scaling/...           what the auto-scaler saw and did, timelines of the ranks (see history.py)
    /survival/...          its checkpoints, and how it went on from them (see survival_file.py); may be absent
    /trace/...             what its ranks did, span by span (see trace.py); absent without ``--trace``
    /summary               everything of `Summary` as JSON

The order of the end: 1. the last values; 2. the figures; 3. HDF5 is closed; 4. sync; 5. rename. Until 5
there is no file of that name. All calls come from one thread. This file must never import h5py before
the first values are written.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from hpcd4p.errors import RecordError, RecordNotWritten
from hpcd4p.record.aside import AsideFile
from hpcd4p.record.columns import Column, link_name, say_order
from hpcd4p.record.history import write_scaling
from hpcd4p.record.library import load_h5py, require_hdf5
from hpcd4p.record.provenance import GitState, gather, redacted
from hpcd4p.record.summary import DeadLetter, Event, LogLine, Summary
from hpcd4p.record.survival_file import write_survival
from hpcd4p.record.trace import write_trace
from hpcd4p.weight import weigh

SCHEMA = "hpcd4p-record"
SCHEMA_VERSION = 3
"""2 has /scaling; 3 has /failures, and in /dead_letters of what kinds they are. All else is as in 1."""

BUFFER_TUPLES = 16_384
"""Tuples of an output that wait for the next write; a write costs about 0.3 ms whatever its size."""

BUFFER_BYTES = 8 << 20
"""Bytes of all outputs that wait for the next write."""

ATTRIBUTE_BYTES = 8192
"""A longer text is no attribute (HDF5 ends at 64 KiB); the summary has it all the same."""

_HDF5_ERRORS = (OSError, RuntimeError, ValueError, KeyError)
"""What h5py raises when the library below it fails."""


class _Buffer:
    """Values on their way to one column."""

    def __init__(self, parent: str, name: str) -> None:
        self.parent = parent
        self.name = name
        self.values: list[Any] = []
        self.size = 0
        self.column: Column | None = None


class RecordWriter:
    """The sink that writes `path`; see `sink.OutputSink` for its methods.

    Parameters
    ----------
    path
        Name of the complete record; its folder is made. Until then a hidden file beside it is written.
    source
        The file or folder of the workflow, for the git commit in the provenance; the working folder
        if None.

    Raises
    ------
    RecordError
        If the folder cannot be written, or `path` exists.
    MissingPackage
        There is no h5py.
    """

    def __init__(self, path: Path, source: Path | None = None) -> None:
        require_hdf5()
        self.path = Path(path).absolute()  # elements may change the working folder
        self._published: Path | None = None
        where = Path(source or ".").absolute()
        self._git = GitState(where if where.is_dir() else where.parent)
        self._aside: AsideFile | None = AsideFile(self.path)
        self._file: Any = None
        self._empty()

    def _empty(self) -> None:
        self._buffers: dict[tuple[str, str], _Buffer] = {}
        self._letters = _Buffer("/", "dead_letters")
        self._events = _Buffer("/", "events")
        self._log = _Buffer("/", "log")
        self._waiting_bytes = 0
        self._tuples = 0

    def restart(self) -> None:
        """Forget all that was taken, in a new file; raises as `RecordWriter` does."""
        if self._aside is not None:
            with suppress(*_HDF5_ERRORS):  # it is thrown away
                self._shut()
            self._aside.remove()
            self._aside = AsideFile(self.path)
            self._empty()

    def warm(self) -> None:
        """Load HDF5 now (about 0.2 s), at a moment when the run waits anyway; else the first write does."""
        if self._aside is not None:
            self._open()

    def outputs(self, element: str, output: str, values: list[Any]) -> None:
        """Take tuples of one output; they may be written later.

        Raises
        ------
        RecordError
            If the disk is full, or the file cannot be written for another reason.
        """
        if self._aside is None or not values:
            return
        buffer = self._buffers.get((element, output))
        if buffer is None:
            buffer = self._buffers[element, output] = _Buffer(
                f"/outputs/{link_name(element)}", link_name(output)
            )
        size = int(len(values) * weigh(values))
        self._tuples += len(values)
        buffer.values += values
        buffer.size += size
        self._waiting_bytes += size
        if len(buffer.values) >= BUFFER_TUPLES:
            self._write(buffer)
        while self._waiting_bytes > BUFFER_BYTES:
            self._write(max(self._buffers.values(), key=lambda b: b.size))

    def dead_letters(self, rows: Sequence[DeadLetter]) -> None:
        """Take tuples that failed; raises as `outputs` does."""
        self._take(self._letters, list(rows), 256)

    def event(self, time_s: float, kind: str, text: str) -> None:
        """Take one line of the story; raises as `outputs` does."""
        self._take(self._events, [Event(time_s, kind, text)], 4096)

    def log(self, lines: Sequence[LogLine]) -> None:
        """Take log lines of elements; raises as `outputs` does."""
        self._take(self._log, list(lines), 1024)

    def _take(self, buffer: _Buffer, values: list[Any], most: int) -> None:
        if self._aside is not None:
            buffer.values += values
            if len(buffer.values) >= most:
                self._write(buffer)

    # ---- the end

    def close(self, summary: Summary) -> Path | None:
        """Complete the record and give it its name; gives the path.

        Raises
        ------
        RecordError
            If it could not be completed; then there is no file.
        """
        if self._aside is None:
            return self._published
        aside = self._aside
        try:
            file = self._open()
            for buffer in (*self._buffers.values(), self._letters, self._events, self._log):
                self._write(buffer, last=True)
            summary.provenance = gather(summary, self._git.facts())
            self._describe(file, summary)
            self._shut()
            self._published = aside.publish()
        except _HDF5_ERRORS as error:
            raise self._failed(error) from error
        finally:
            self.abandon()
        return self._published

    def abandon(self) -> None:
        """Throw the unfinished record away."""
        aside, self._aside = self._aside, None
        if aside is not None:
            self._git.facts()
            self._buffers.clear()
            with suppress(*_HDF5_ERRORS):  # it is thrown away
                self._shut()
            aside.remove()

    def _shut(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _failed(self, error: Exception) -> RecordError:
        """The message: the first error of the file system is the cause, and not what HDF5 made of it."""
        cause = self._aside.error if self._aside is not None and self._aside.error is not None else error
        words = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
        return RecordNotWritten(
            f"the record {self.path} could not be written: {words}",
            f"{self._tuples} tuples of outputs were collected until then and are lost",
            _room(self.path.parent),
        )

    # ---- HDF5

    def _open(self) -> Any:
        if self._file is None:
            h5py = load_h5py()
            assert self._aside is not None
            # the schema comes first, so that an unfinished file shows what it is
            self._file = h5py.File(self._aside, "w")
            self._file.attrs["schema"] = SCHEMA
            self._file.attrs["schema_version"] = SCHEMA_VERSION
            self._file.create_group("outputs")
        return self._file

    def _write(self, buffer: _Buffer, last: bool = False) -> None:
        """Hand the values of `buffer` to HDF5."""
        values, buffer.values = buffer.values, []
        self._waiting_bytes -= buffer.size
        buffer.size = 0
        try:
            file = self._open()
            if buffer.column is None and values:
                buffer.column = Column(file.require_group(buffer.parent), buffer.name)
            if buffer.column is not None:
                buffer.column.write(values, last)
                if last:
                    buffer.column.finish()
        except _HDF5_ERRORS as error:
            raise self._failed(error) from error
        if self._aside is not None and self._aside.error is not None:
            raise self._failed(self._aside.error) from self._aside.error

    def _describe(self, file: Any, summary: Summary) -> None:
        """The figures: as tables for people, and as JSON for `reader.py`."""
        figures = redacted(summary.as_dict())
        for (element, output), buffer in self._buffers.items():
            group = file[buffer.parent]
            group.attrs["element"] = _attribute(element)
            group.attrs[f"output {buffer.name}"] = _attribute(output)
            if buffer.name in group:
                say_order(group[buffer.name], summary.ordered.get(f"{element}.{output}"))
        tables = {"elements": figures["elements"], "ranks": figures["ranks_figures"]}
        if figures["failures"]:
            tables["failures"] = figures["failures"]
        for name, rows in tables.items():
            column = Column(file, name)
            column.write(rows, last=True)
            column.finish()
        for part in (figures["provenance"], figures):
            for name, value in part.items():
                text = value if isinstance(value, (int, float, str)) else json.dumps(value, default=str)
                if part is figures and not isinstance(value, (int, float, str)):
                    continue
                file.attrs[link_name(name)] = _attribute(text)
        file.attrs["failed"] = summary.failed
        if summary.scaling is not None:
            write_scaling(file, summary.scaling)
        if summary.survival is not None:
            write_survival(file, summary.survival)
        if summary.trace is not None:
            write_trace(file, summary.trace)
        self._summary_dataset(file, figures)

    def _summary_dataset(self, file: Any, figures: dict[str, Any]) -> None:
        h5py = load_h5py()
        names = [[element, output] for element, output in self._buffers]
        text = json.dumps({**figures, "columns": names}, default=str, ensure_ascii=True)
        file.create_dataset("summary", data=text, dtype=h5py.string_dtype())


def _attribute(value: Any) -> Any:
    """`value` in a form that HDF5 can store as an attribute."""
    if not isinstance(value, str):
        return value
    text = value.replace("\0", "\\0").encode("utf-8", "backslashreplace")
    return (text[:ATTRIBUTE_BYTES] + b"..." if len(text) > ATTRIBUTE_BYTES else text).decode(
        "utf-8", "ignore"
    )


def _room(folder: Path) -> str:
    try:
        space = os.statvfs(folder)
    except OSError:
        return ""
    return f" ({space.f_bavail * space.f_frsize / 1e6:.0f} MB are free in {folder})"
