"""Checkpoints of a measured run, and what its events say of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hpcd4p.record.sink import OutputSink
from hpcd4p.record.tee import Tee

if TYPE_CHECKING:
    from hpcd4p.record.summary import Event
    from hpcd4p.runtime.run_spec import RunSpec

_STOOD = re.compile(r"stood still for ([\d.]+) ms")


def keep(spec: RunSpec, sink: OutputSink, every: str, folder: Path) -> OutputSink:
    """Have a run keep checkpoints as `--checkpoint` says; gives the sink that it needs for that."""
    if every == "off":
        return sink
    from hpcd4p.launch.checkpointing import Checkpoints

    every_s = None if every == "auto" else float(every)
    kept = spec.checkpoints = Checkpoints.begin(
        folder, {"hpcd4p": "bench"}, every_s, spec.by_value, required=False
    )
    return Tee(sink, kept.sink)


def pauses_s(events: Sequence[Event]) -> list[float]:
    """How long ranks stood still for each checkpoint that is complete."""
    return [float(found[1]) / 1e3 for each in events if (found := _STOOD.search(each.text))]
