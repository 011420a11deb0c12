"""Folders of runs that were killed before their first checkpoint: nobody can go on with them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from hpcd4p.checkpoint import epochs, place
from hpcd4p.checkpoint.folder import Folder
from hpcd4p.checkpoint.lock import holder
from hpcd4p.errors import CheckpointError


def barren(folder: Path, age_s: float) -> Iterator[Path]:
    """Those below `folder` of this user, and of no living process: no sign of life for `age_s`."""
    for path in sorted(folder.rglob("*.checkpoints")):
        with suppress(CheckpointError, OSError):
            is_mine = path.stat().st_uid == os.getuid() and (path / place.RUN).exists()
            if is_mine and time.time() - place.last_sign(path) > age_s and _is_barren(path):
                yield path


def _is_barren(path: Path) -> bool:
    held = holder(path / place.LOCK)
    return not (held is not None and held.lives) and not epochs.complete(path)


def remove_barren(path: Path) -> None:
    """Remove one, if it is so still."""
    with suppress(CheckpointError):
        folder = Folder.open(path)
        folder.lock()
        if folder.epochs():
            folder.unlock()
        else:
            folder.remove()
