"""How an attempt goes on from checkpoints of its run: at once, when its job comes back, or as the next."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from hpcd4p.slurm_job import BY_SLURM, number_of, put_back
from hpcd4p.study.running.folder import read_json, write_json

GOES_ON = "goes-on.json"
"""In the folder of an attempt: how often it has gone on, and from where the last time."""


class GoingOn(NamedTuple):
    """What a run goes on from."""

    times: int = 0
    """How often the point has gone on so far."""
    checkpoints: str = ""
    """Their folder; empty: there is none."""
    newest: str = ""
    """Name of the newest complete one."""

    def words(self) -> list[str]:
        """Give the options of ``hpcd4p run`` for it."""
        return ["--resume", self.checkpoints] if self.checkpoints else []

    def as_dict(self) -> dict[str, Any]:
        """Give it as JSON takes it."""
        return dict(self._asdict())


def read(value: Any) -> GoingOn:
    """Inverse of `GoingOn.as_dict`, of what is in a file."""
    known = value if isinstance(value, dict) else {}
    times = known.get("times")
    return GoingOn(
        times if isinstance(times, int) else 0,
        str(known.get("checkpoints") or ""),
        str(known.get("newest") or ""),
    )


def left_in(folder: Path, before: GoingOn) -> GoingOn | None:
    """Give what can be gone on from, of the run in `folder` or the one that it went on with; else None."""
    kept = [*folder.glob("*.checkpoints"), *([Path(before.checkpoints)] if before.checkpoints else [])]
    names = [(path.name, each) for each in kept for path in each.glob("epoch-*[0-9]")]
    if not names:
        return None
    newest, where = max(names)
    return GoingOn(before.times + 1, str(where.resolve()), newest)


def begin(folder: Path, plan: dict[str, Any]) -> GoingOn:
    """Give what an attempt begins with, whose job may have been started before; and note it."""
    noted = read_json(folder / GOES_ON)
    now = read(plan.get("goes_on")) if noted is None else read(noted)
    if noted is not None:
        now = left_in(folder, now) or now
    note(folder, now)
    return now


def note(folder: Path, now: GoingOn) -> None:
    """Keep what an attempt goes on from; raises `RecordError`."""
    write_json(folder / GOES_ON, now.as_dict())


def why_job_stays(environ: Mapping[str, str]) -> str:
    """Put the job of this attempt back into the queue; gives why it does not come back, or ''."""
    why = put_back(number_of(environ), True, time.time())
    return "" if why == BY_SLURM else why
