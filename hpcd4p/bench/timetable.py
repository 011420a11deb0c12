"""A load as a workflow with options: a source that keeps to a timetable, tasks of known length.

``python -m hpcd4p run -n 8 -i 400 hpcd4p.bench.timetable --service beta:2,5,0.35``. Public names only.
"""

from __future__ import annotations

import time
from typing import Any

from hpcd4p import IterativePE, ProducerPE, WorkflowGraph


def add_options(parser: Any) -> None:
    """Add what a shape is made of."""
    parser.add_argument("--service", default="constant:0.05", metavar="DIST", help="constant:S or beta:A,B,S")
    parser.add_argument("--arrivals", default="all", metavar="FORM", help="all, steady:RATE, burst:N,EVERY_S")
    parser.add_argument("--compute", action="store_true", help="tasks compute; without it they sleep")


class Timetable(ProducerPE):
    """0, 1, 2, ..., each when it is due. Counts them, so it stays on the head."""

    def __init__(self, arrivals: str) -> None:
        super().__init__()
        self.kind, _, rest = arrivals.partition(":")
        self.numbers = [float(word) for word in rest.split(",")] if rest else []
        self.last = -1
        self.began_s = 0.0

    def due_s(self, number: int) -> float:
        """Seconds after the first."""
        if self.kind == "steady":
            return number / self.numbers[0]
        if self.kind == "burst":
            return number // int(self.numbers[0]) * self.numbers[1]
        return 0.0

    def _process(self, inputs: Any) -> int:
        self.last += 1
        if not self.last:
            self.began_s = time.monotonic()
        elif self.numbers:
            left = self.began_s + self.due_s(self.last) - time.monotonic()
            if left > 0:
                time.sleep(left)
        return self.last


class Task(IterativePE):
    """Takes its time, on a core or not; the same for the same number."""

    def __init__(self, service: str, compute: bool) -> None:
        super().__init__()
        self.kind, _, rest = service.partition(":")
        self.numbers = [float(word) for word in rest.split(",")]
        self.compute = compute

    def seconds(self, number: int) -> float:
        """Service time of `number`."""
        if self.kind == "constant":
            return self.numbers[0]
        from random import Random

        a, b, scale = self.numbers
        return Random(number).betavariate(a, b) * scale

    def _process(self, number: int) -> None:
        seconds = self.seconds(number)
        if not self.compute:
            time.sleep(seconds)
            return
        end = time.thread_time() + seconds
        while time.thread_time() < end:
            pass


def build(options: Any) -> WorkflowGraph:
    """Source and tasks."""
    graph = WorkflowGraph()
    graph.connect(Timetable(options.arrivals), "output", Task(options.service, options.compute), "input")
    return graph
