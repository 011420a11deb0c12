"""A source that says one thing and then keeps still until a file appears: all ranks wait."""

from __future__ import annotations

import time
from pathlib import Path

from hpcd4p import GenericPE, IterativePE, ProducerPE, WorkflowGraph


class Still(ProducerPE):
    def _process(self, inputs):
        self.write("output", 1)
        end = time.monotonic() + 240
        while not Path("go-on").exists() and time.monotonic() < end:
            time.sleep(0.1)
        return 2


class Pass(IterativePE):
    def _process(self, number):
        Path("passed").touch()
        return number


class Sum(GenericPE):
    def __init__(self):
        super().__init__()
        self.total = 0
        self._add_input("input", grouping="global")
        self._add_output("output")

    def process(self, inputs):
        self.total += inputs["input"]

    def _postprocess(self):
        self.write("output", self.total)


still, one, two = Still(), Pass(), Sum()
graph = WorkflowGraph()
graph.connect(still, "output", one, "input")
graph.connect(one, "output", two, "input")
