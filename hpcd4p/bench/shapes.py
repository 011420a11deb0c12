"""Loads of five shapes for the auto-scaler, as one workflow with options: ``--shape NAME --scale X``.

Naps stand for whatever does not need a core (a request, a disk); loops for what does.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from hpcd4p import GenericPE, IterativePE, ProducerPE, WorkflowGraph

if TYPE_CHECKING:
    import argparse

SHAPES = ("cpu", "bursty", "source", "tail", "stateful")


class Emit(ProducerPE):
    """Writes (seconds of nap, turns of the loop) as the shape says."""

    def __init__(self, shape: str, scale: float) -> None:
        super().__init__()
        self.shape = shape
        self.scale = scale

    def _process(self, inputs: Any) -> None:
        getattr(self, "_" + self.shape)()

    def _many(self, count: float, nap_s: float, turns: int = 0) -> None:
        for _ in range(round(count)):
            self.write("output", (nap_s, turns))

    def _cpu(self) -> None:
        self._many(2400 * self.scale, 0.0, 60_000)

    def _bursty(self) -> None:
        for _ in range(max(1, round(4 * self.scale))):
            self._many(160, 0.05)  # 8 s of work
            time.sleep(2.5)

    def _source(self) -> None:
        for _ in range(round(600 * self.scale)):
            self._many(1, 0.028)
            time.sleep(0.01)

    def _tail(self) -> None:
        self._many(300 * self.scale, 0.05)
        self._many(2, 4.0 * self.scale)

    def _stateful(self) -> None:
        self._many(3000 * self.scale, 0.0005)


class Work(IterativePE):
    """Naps and counts."""

    def _process(self, work: Any) -> Any:
        nap_s, turns = work
        if nap_s:
            time.sleep(nap_s)
        total = 0
        for i in range(turns):
            total += i
        return total


class Slow(GenericPE):
    """Takes 2 ms for each tuple, in one place."""

    ordered = False  # a count

    def __init__(self) -> None:
        super().__init__()
        self._add_input("input", grouping="global")
        self._add_output("output")
        self.many = 0

    def process(self, inputs: Any) -> None:
        """Nap, and count."""
        time.sleep(0.002)
        self.many += 1

    def _postprocess(self) -> None:
        self.write("output", self.many)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of this workflow."""
    parser.add_argument("--shape", choices=SHAPES, default="cpu")
    parser.add_argument("--scale", type=float, default=1.0)


def build(options: Any) -> WorkflowGraph:
    """Graph for `options`."""
    graph = WorkflowGraph()
    graph.name = options.shape
    emit, work = Emit(options.shape, options.scale), Work()
    graph.connect(emit, "output", work, "input")
    if options.shape == "stateful":
        graph.connect(work, "output", Slow(), "input")
    return graph
