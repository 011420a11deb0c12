"""Checkpoints of a measured run, and what its events say of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hpcd4p.record.sink import OutputSink

if TYPE_CHECKING:
    from hpcd4p.record.summary import Event
    from hpcd4p.runtime.run_spec import RunSpec

_STOOD = re.compile(r"stood still for ([\d.]+) ms")


def keep(spec: RunSpec, sink: OutputSink, every: str, folder: Path) -> OutputSink:
    """Have a run keep checkpoints as `--checkpoint` says; gives the sink that it needs for that."""
    if every == "off":
        return sink
    from hpcd4p.launch.checkpointing import Checkpoints

    what = {"hpcd4p": "bench"}
    if every == "auto":
        kept = Checkpoints.begin_later(folder, what, spec.by_value)
    else:
        kept = Checkpoints.begin(folder, what, float(every), spec.by_value, required=False)
    spec.checkpoints = kept
    return kept.collect_for(sink)


def pauses_s(events: Sequence[Event]) -> list[float]:
    """How long ranks stood still for each checkpoint that is complete."""
    return [float(found[1]) / 1e3 for each in events if (found := _STOOD.search(each.text))]
