"""A stateful element with megabytes that cannot be compressed."""

from __future__ import annotations

import random
import time

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


class Nap(IterativePE):
    def __init__(self, task_s):
        super().__init__()
        self.task_s = task_s

    def _process(self, number):
        time.sleep(self.task_s)
        return number


class Heavy(GenericPE):
    def __init__(self):
        super().__init__()
        self._add_input("input", grouping="global")
        self._add_output("output")
        self.held = {}

    def process(self, inputs):
        number = inputs["input"]
        self.held[number] = random.Random(number).randbytes(100_000)

    def _postprocess(self):
        for number, held in self.held.items():
            self.write("output", (number, held[:8]))


def add_options(parser):
    parser.add_argument("--task-ms", type=float, default=20.0)


def build(options):
    graph = WorkflowGraph()
    nap = Nap(options.task_ms / 1000)
    graph.connect(Numbers(), "output", nap, "input")
    graph.connect(nap, "output", Heavy(), "input")
    return graph
