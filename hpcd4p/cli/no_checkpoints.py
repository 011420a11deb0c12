"""When a run makes no checkpoints, although nobody has said so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpcd4p.record.point import POINT_VARIABLE


def settle_checkpoints(values: dict[str, Any], sources: dict[str, str], environ: Mapping[str, str]) -> None:
    """Turn them off, where that is the better default; the source says why."""
    if sources["checkpoint"] != "default":
        return
    why = ""
    if POINT_VARIABLE in environ:
        why = "a study"  # its figures are those of the work alone
    elif not values["record"] and values["checkpoint_dir"] is None:
        why = "--no-record"
    if why:
        values["checkpoint"], sources["checkpoint"] = "off", why
