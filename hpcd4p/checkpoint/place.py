"""Where checkpoints are: what may be in their folder, how much it takes, and how much room there is."""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from hpcd4p.checkpoint.durable import PathLike, writing
from hpcd4p.checkpoint.header import VERSION
from hpcd4p.errors import CheckpointError, NotSealed, OtherVersion, SealBroken

JOURNAL = "outputs.journal"
RUN, KEY, LOCK = "run.json", "key", "lock"
_EPOCH = re.compile(r"epoch-\d+")
_OURS = re.compile(
    rf"{re.escape(RUN)}|{KEY}|{LOCK}|{re.escape(JOURNAL)}|epoch-\d+(\.part|\.base)?|\..+\.part"
)
"""Names of what may be left when a run was killed while it made its folder, or removed it."""


def nothing(path: Path) -> NotSealed:
    """What to raise of a folder without a run."""
    return NotSealed(f"{path} has no checkpoints: they are removed when a run has finished")


def identity_in(path: Path) -> dict[str, Any]:
    """What the run of a folder is; raises as `Folder.open` does."""
    try:
        identity = json.loads((path / RUN).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise nothing(path) from None
    except OSError as error:
        raise CheckpointError(f"{path / RUN} cannot be read: {error.strerror}") from error
    except ValueError:
        identity = None
    if not isinstance(identity, dict) or "version" not in identity:
        raise SealBroken(f"{path / RUN} has changed since it was written; start the run again")
    if identity.pop("version") != VERSION:
        raise OtherVersion(
            f"the checkpoints in {path} have another format than this hpcd4p reads (version {VERSION}); "
            f"resume with hpcd4p {identity.get('hpcd4p', 'that wrote them')}"
        )
    return identity


def last_sign(path: Path) -> float:
    """When the run of a folder has left its last sign of life, in seconds since the epoch; 0: never."""
    with suppress(OSError), os.scandir(path) as entries:
        # whoever looks whether it lives takes the lock
        return max((each.stat().st_mtime for each in entries if each.name != LOCK), default=0.0)
    return 0.0


def check_new(path: Path) -> None:
    """Raise unless a run may begin here: nothing is here, or what a run has left that nobody can go on with.

    A run may be at work with it: that is seen from its lock.
    """
    with writing(path):
        names = set(os.listdir(path))
    if RUN in names and any(map(_EPOCH.fullmatch, names)):
        raise CheckpointError(
            f"{path} has the checkpoints of a run that has not finished: go on with it (`hpcd4p resume`), "
            "choose another folder with --checkpoint-dir, or remove it"
        )
    foreign = sorted(name for name in names if not _OURS.fullmatch(name))
    if foreign:
        raise CheckpointError(
            f"{path} has other files ({foreign[0]}, for one): choose a folder with --checkpoint-dir that is "
            "empty, or not there"
        )


def size(path: Path) -> int:
    """Bytes that a folder takes on the disk."""
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            with suppress(OSError):  # removed meanwhile
                total += os.lstat(os.path.join(folder, name)).st_blocks * 512
    return total


def free(path: PathLike) -> int:
    """Bytes that the file system of a folder has left for this user; quotas are not known."""
    with writing(path):
        facts = os.statvfs(path)
    return facts.f_bavail * facts.f_frsize
