"""When a run makes no checkpoints, although nobody has said so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpcd4p.record.point import POINT_VARIABLE


def why_none(values: Mapping[str, Any], environ: Mapping[str, str]) -> str:
    """Give the reason, as the source of the setting; empty: it makes them."""
    if POINT_VARIABLE in environ:
        return "a study"  # its figures are those of the work alone
    return "--no-record" if not values["record"] and values["checkpoint_dir"] is None else ""
