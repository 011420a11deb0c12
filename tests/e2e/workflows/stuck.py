"""One tuple in the middle waits for its test; once, whoever has it."""

from __future__ import annotations

import os
import time
from pathlib import Path

from held import hold

from hpcd4p import GenericPE, IterativePE, ProducerPE, WorkflowGraph


class Numbers(ProducerPE):
    def __init__(self):
        super().__init__()
        self.next = 0

    def _process(self, inputs):
        hold(self.next)
        self.next += 1
        return self.next - 1


class Work(IterativePE):
    def _process(self, number):
        if number == 20 and not list(Path().glob("stuck-*")):
            Path(f"stuck-{os.environ.get('OMPI_COMM_WORLD_RANK', 0)}").touch()
            end = time.monotonic() + 240
            while not Path("go-on").exists() and time.monotonic() < end:
                time.sleep(0.1)
        time.sleep(0.02)
        return number


class Count(GenericPE):
    def __init__(self):
        super().__init__()
        self._add_input("input", grouping="global")
        self._add_output("output")
        self.count = 0

    def process(self, inputs):
        self.count += 1

    def _postprocess(self):
        self.write("output", self.count)


graph = WorkflowGraph()
numbers, work, count = Numbers(), Work(), Count()
graph.connect(numbers, "output", work, "input")
graph.connect(work, "output", count, "input")
