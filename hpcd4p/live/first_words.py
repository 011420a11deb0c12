"""The status of a run that starts, written without the classes of the document: every run on ranks does it.

What it writes is `starting.first_document`; a test compares them.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

VERSION, NAME, STARTING = 2, "status.json", "starting"
"""Those of `live.document` and `live.file`."""

NOT_THERE = "its ranks are not all there yet"


def text(run: Mapping[str, Any], written: float) -> str:
    """As JSON; `run`: the fields of `Identity`."""
    nothing = dict.fromkeys(("done", "failed", "calls", "of_calls", "tasks", "busy", "pool"), 0)
    return json.dumps(
        {
            "version": VERSION, "state": STARTING, "reason": "", "written": written, "every_s": 0.0,
            "elapsed_s": 0.0, "run": dict(run),
            "totals": {**nothing, "rate": 0.0, "rate_mean": 0.0, "awaits": ""},
            "expected": None, "expected_not": NOT_THERE, "elements": [], "elements_left_out": 0, "ranks": [],
            "scaler": None, "checkpoints": None,
            "memory": {"ranks_bytes": None, "ranks_seen": 0, "redis_bytes": None},
            "limits": [], "failures": [], "doubts": [],
        }
    )  # fmt: skip


def put(folder: Path, run: Mapping[str, Any]) -> None:
    """Write it into `folder`; one that takes nothing costs the run nothing."""
    aside = folder / f"{NAME}.part"
    with suppress(OSError):
        os.makedirs(folder, exist_ok=True)
        aside.write_text(text(run, time.time()), encoding="ascii")
        aside.rename(folder / NAME)


def remove(folder: Path) -> None:
    """Leave nothing of it."""
    with suppress(OSError):
        (folder / NAME).unlink()
        folder.rmdir()
