"""The files of a report on disk: all of them, or none."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from hpcd4p.errors import RecordError

PAGE = "report.html"

PAGES = (".html", ".htm")


class Places(NamedTuple):
    """Where the page goes, and where the files beside it."""

    page: Path
    folder: Path

    @property
    def files(self) -> str:
        """The folder as it is seen from the page: empty, or with a slash at its end."""
        return "" if self.folder == self.page.parent else f"{self.folder.name}/"


def places_of(results: Path, name: str, output: str | None) -> Places:
    """Give where a report goes.

    Parameters
    ----------
    results
        The results file; without an `output` the report goes into the folder ``NAME-report`` beside it.
    output
        A folder, or the name of the page (``.html``), whose files go into ``PAGE-files`` beside it.
    """
    if output is None:
        folder = results.parent / f"{name}-report"
        return Places(folder / PAGE, folder)
    given = Path(output)
    if given.suffix.lower() in PAGES and not given.is_dir():
        return Places(given, given.with_name(f"{given.stem}-files"))
    return Places(given / PAGE, given)


def check_places(places: Places) -> None:
    """Check that the report can be written, before minutes are spent on drawing it.

    Raises
    ------
    RecordError
        It cannot.
    """
    for folder in (places.folder, places.page.parent):
        there = folder
        while not os.path.lexists(there) and there != there.parent:
            there = there.parent
        if not there.is_dir():
            raise RecordError(
                f"{there} is no folder, so the report cannot be written; choose another place with -o"
            )
        if not os.access(there, os.W_OK | os.X_OK):
            raise _refused(there, "it may not be written")
    if places.page.is_dir():
        raise RecordError(f"{places.page} is a folder; choose another place for the report with -o")


def write_report(places: Places, page: str, files: dict[str, bytes]) -> None:
    """Write the page and the files beside it: aside first, so that either all get their names or none does.

    Raises
    ------
    RecordError
        They cannot be written; then nothing of them is left.
    """
    wanted = {places.folder / name: data for name, data in files.items()}
    wanted[places.page] = page.encode()  # last: when it is there, all others are
    made: list[Path] = []
    asides: list[tuple[Path, Path]] = []
    try:
        for folder in (places.folder, places.page.parent):
            made += _make(folder)
        for path, data in wanted.items():
            aside = path.with_name(f".{path.name}.{os.getpid()}.part")
            asides.append((aside, path))
            aside.write_bytes(data)
        for aside, path in asides:
            aside.replace(path)
    except OSError as error:
        raise _refused(Path(error.filename or places.folder), error.strerror or str(error)) from error
    finally:  # after Ctrl-C, too
        _clear([aside for aside, _ in asides], made)


def _make(folder: Path) -> list[Path]:
    """Make a folder; gives those that were not there, the deepest last."""
    missing = []
    there = folder
    while not there.exists() and there != there.parent:
        missing.append(there)
        there = there.parent
    folder.mkdir(parents=True, exist_ok=True)
    return missing[::-1]


def _clear(asides: Sequence[Path], made: Sequence[Path]) -> None:
    """Remove what did not get its name, and folders in which nothing is."""
    for aside in asides:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
    for folder in reversed(made):
        with suppress(OSError):
            folder.rmdir()


def _refused(where: Path, why: str) -> RecordError:
    return RecordError(f"the report cannot be written into {where}: {why}; choose another place with -o")
