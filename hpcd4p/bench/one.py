"""The workflow of *floor* and *slurm*: one tuple, and the moment at which it was there."""

from __future__ import annotations

import re
import time
from typing import Any

from hpcd4p import IterativePE, ProducerPE, WorkflowGraph

MARK = "last tuple at "

BARE = f"from mpi4py import MPI; import time; print({MARK!r} + repr(time.time()), flush=True)"
"""For ``python -c``: what a rank does without us."""


def latest(text: str) -> float | None:
    """Give the latest moment that a program has printed, None if there is none."""
    moments = re.findall(re.escape(MARK) + r"([\d.]+)", text)
    return max(map(float, moments)) if moments else None


class One(ProducerPE):
    """A single tuple."""

    def _process(self, inputs: Any) -> int:
        return 1


class Now(IterativePE):
    """Seconds of the clock of the world, for *slurm* compares those of two machines."""

    def _process(self, number: int) -> float:
        return time.time()


graph = WorkflowGraph()
graph.connect(One(), "output", Now(), "input")


def present(summary: Any, outputs: dict[str, list[Any]]) -> str:
    """Tell the benchmark when the tuple was there."""
    return "".join(f"{MARK}{value!r}" for values in outputs.values() for value in values)
