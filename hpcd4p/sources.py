"""Sources for the usual cases: lines of files, paths of files, numbers.

Each knows where it is, so a run that is continued from a checkpoint does not read again what it has read.
Whatever they write, they write in their first call; further calls write nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from glob import glob, has_magic
from typing import Any

from hpcd4p.workflow.elements import ProducerPE

__all__ = ["FilesPE", "LinesPE", "RangePE"]

MOST_NAMED = 5
"""Files that an error names."""

_PACKED = {".gz": "gzip", ".bz2": "bz2", ".xz": "lzma"}


class RangePE(ProducerPE):
    """Writes the numbers of a `range`.

    Parameters
    ----------
    *limits
        As for `range`: stop; start and stop; or start, stop and step.

    Examples
    --------
    >>> RangePE(2, 10, 3).numbers
    range(2, 10, 3)
    """

    stateful = True
    seeks_in_calls = True

    def __init__(self, *limits: int) -> None:
        super().__init__()
        self.numbers = range(*limits)
        self._done = 0

    def _process(self, inputs: dict[str, Any]) -> None:
        for number in self.numbers[self._done :]:
            self._done += 1
            self.write(self.OUTPUT_NAME, number)

    def position(self) -> int:
        """How many are done."""
        return self._done

    def seek(self, position: int) -> None:
        """Go on after so many."""
        self._done = position


class FilesPE(ProducerPE):
    """Writes the path of each file in a folder that matches a pattern, in order.

    A continued run goes on after the path that it was at, also if there are more files by then.

    Parameters
    ----------
    folder
        Where to look; each path begins with it.
    pattern
        As for `glob.glob`, relative to the folder; ``**`` stands for any number of folders. Hidden files
        match only where it names the dot.

    Examples
    --------
    >>> FilesPE("images", "**/*.tif")
    <FilesPE FilesPE>
    """

    stateful = True
    seeks_in_calls = True

    def __init__(self, folder: str | os.PathLike[str], pattern: str = "*") -> None:
        super().__init__()
        self.folder = os.fspath(folder)
        self.pattern = pattern
        self._last = ""

    def _process(self, inputs: dict[str, Any]) -> None:
        if not os.path.isdir(self.folder):
            raise NotADirectoryError(f"there is no folder {self.folder!r}")
        for name in sorted(glob(self.pattern, root_dir=self.folder, recursive=True)):
            path = os.path.join(self.folder, name)
            if name > self._last and os.path.isfile(path):
                self._last = name
                self.write(self.OUTPUT_NAME, path)

    def position(self) -> str:
        """The last that was written."""
        return self._last

    def seek(self, position: str) -> None:
        """Go on after that."""
        self._last = position


class LinesPE(ProducerPE):
    r"""Writes each line of one file or of several, without its end (``\n`` or ``\r\n``).

    Files whose names end in ``.gz``, ``.bz2`` or ``.xz`` are unpacked. (In a continued run such a file is
    unpacked from its start, only what was written is left out.) The files that cannot be read are told
    together, in one dead letter, when all others have been.

    Parameters
    ----------
    paths
        A path, a pattern as for `glob.glob` (``**`` for any number of folders; matches in order), or a list
        of such.
    encoding
        One in which a line ends with the byte 10: UTF-8, Latin-1 and so on, but not UTF-16.
    errors
        As for `bytes.decode`. What cannot be decoded is replaced, unless this says otherwise; ``"strict"``
        leaves the rest of that file unread.

    Raises
    ------
    ValueError
        Lines do not end so in this encoding.

    Examples
    --------
    >>> LinesPE("logs/*.txt.gz").paths
    ['logs/*.txt.gz']
    """

    stateful = True
    seeks_in_calls = True

    def __init__(
        self,
        paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
        encoding: str = "utf-8",
        errors: str = "replace",
    ) -> None:
        super().__init__()
        many = [paths] if isinstance(paths, (str, os.PathLike)) else paths
        self.paths = [os.fspath(path) for path in many]
        if "\n".encode(encoding) != b"\n":
            raise ValueError(
                f"in {encoding} a line does not end with one byte; read the file in your own source"
            )
        self.encoding = encoding
        self.errors = errors
        self._file = self._offset = 0
        self._path = ""
        self._unread: list[str] = []

    def _process(self, inputs: dict[str, Any]) -> None:
        files = self._files()
        if self._offset and files[self._file : self._file + 1] != [self._path]:
            raise LookupError(f"the files are others than before: where is {self._path}?")
        while self._file < len(files):
            for line in self._lines(files[self._file]):
                self.write(self.OUTPUT_NAME, line)
            self._file, self._offset = self._file + 1, 0
        unread, self._unread = self._unread, []
        if unread:
            more = f" and {len(unread) - MOST_NAMED} more" if len(unread) > MOST_NAMED else ""
            raise OSError(f"not read, or not to its end: {'; '.join(unread[:MOST_NAMED])}{more}")

    def _files(self) -> list[str]:
        found: list[str] = []
        for path in self.paths:
            if not has_magic(path) or os.path.exists(path):
                found.append(path)
                continue
            matches = sorted(glob(path, recursive=True))
            if not matches and not self._file and not self._offset:
                self._unread.append(f"{path}: no file matches")
            found += [match for match in matches if os.path.isfile(match)]
        return found

    def _lines(self, path: str) -> Iterator[str]:
        """Lines of a file from where it is on; nothing raises while one of them is written."""
        self._path = path
        try:
            with _opened(path) as file:
                if self._offset:
                    file.seek(self._offset - 1)
                    if not file.read(1):
                        raise EOFError("it is shorter than it was")
                for line in file:
                    self._offset += len(line)
                    yield _without_end(line).decode(self.encoding, self.errors)
        except Exception as error:  # noqa: BLE001  # each library that unpacks has errors of its own
            self._unread.append(f"{path}: {error}")

    def position(self) -> tuple[int, int, str, list[str]]:
        """Which file, where in it, its path, and what could not be read."""
        return self._file, self._offset, self._path, self._unread

    def seek(self, position: tuple[int, int, str, list[str]]) -> None:
        """Go on there."""
        self._file, self._offset, self._path, self._unread = position


def _opened(path: str) -> Any:
    """The file, unpacked; a file of the name of another kind is told by its library when it is read."""
    library = _PACKED.get(os.path.splitext(path)[1])
    if library is None:
        return open(path, "rb")
    from importlib import import_module

    return import_module(library).open(path, "rb")


def _without_end(line: bytes) -> bytes:
    return line.removesuffix(b"\n").removesuffix(b"\r") if line.endswith(b"\n") else line
