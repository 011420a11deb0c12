"""The copy of a run record into the results file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hpcd4p.errors import RecordError
from hpcd4p.record.reader import OpenedFile, damage_named


def copy_record(record: Path, group: Any, name: str) -> str:
    """Copy everything in the file `record` into the new group `name` of `group`.

    Returns
    -------
    str
        Why it could not be copied, then nothing of it is there; '' if it was.
    """
    try:
        opened = OpenedFile(record)
    except RecordError as error:
        return str(error)
    try:
        with damage_named(record):
            group.copy(opened.file["/"], group, name)
    except RecordError as error:
        if name in group:
            del group[name]
        return str(error)
    finally:
        opened.close()
    return ""
