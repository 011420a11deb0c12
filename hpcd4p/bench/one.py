"""The workflow of *floor*: one tuple, and the moment at which it was there."""

from __future__ import annotations

import time
from typing import Any

from hpcd4p import IterativePE, ProducerPE, WorkflowGraph

MARK = "last tuple at "


class One(ProducerPE):
    """A single tuple."""

    def _process(self, inputs: Any) -> int:
        return 1


class Now(IterativePE):
    """Seconds of the clock that all processes of a machine share."""

    def _process(self, number: int) -> float:
        return time.clock_gettime(time.CLOCK_MONOTONIC)


graph = WorkflowGraph()
graph.connect(One(), "output", Now(), "input")


def present(summary: Any, outputs: dict[str, list[Any]]) -> str:
    """Tell the benchmark when the tuple was there."""
    return "".join(f"{MARK}{value!r}" for values in outputs.values() for value in values)
