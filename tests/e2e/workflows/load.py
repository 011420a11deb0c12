"""Work for the pool, slow and quick, that ends in every kind of state: something is always under way."""

from __future__ import annotations

import os
import time
from pathlib import Path

from held import hold

from hpcd4p import GenericPE, IterativePE, KeyedPE, ProducerPE, WorkflowGraph

ENOUGH = 30
"""A key has come so often: something has come out long before."""


class Numbers(ProducerPE):
    def __init__(self, offset):
        super().__init__()
        self.offset = self.next = offset

    def _process(self, inputs):
        hold(self.next - self.offset)
        self.next += 1
        return self.next - 1


class Work(IterativePE):
    """Half of the time asleep, half at work, some milliseconds for each; three tuples for each."""

    def __init__(self, task_s):
        super().__init__()
        self.task_s = task_s

    def _preprocess(self):
        # says that this rank has begun; the file is for the test, not for the answer
        Path(f"begun-{os.getpid()}").touch()

    def _process(self, number):
        task_s = self.task_s * (1 + number % 5)
        time.sleep(task_s / 2)
        end = time.perf_counter() + task_s / 2
        while time.perf_counter() < end:
            pass
        for i in range(3):
            self.write("output", (number * 3 + i, bytes(number % 3000)))


class Then(IterativePE):
    """Quick, so that it runs where its input was made."""

    def _process(self, pair):
        return pair[0] % 23, pair[0], len(pair[1])


class Count(KeyedPE):
    partitions = 8
    value = None

    def process_key(self, key, value, state):
        n, total, size = state or (0, 0, 0)
        if n == ENOUGH:
            Path("counted").touch()
        if value[1] % 10 == 0:
            self.write("output", ("seen", value[1]))
        return n + 1, total + value[1], size + value[2]


class Group(GenericPE):
    """Writes each tuple again, into the pool."""

    ordered = False  # a sum of whole numbers

    def __init__(self):
        super().__init__(numprocesses=3)
        self.total = 0
        self._add_input("input", grouping=[0])
        self._add_output("again")
        self._add_output("total")

    def _preprocess(self):
        Path(f"state-{os.getpid()}").touch()

    def process(self, inputs):
        self.total += inputs["input"][1]
        return {"again": inputs["input"][1]}

    def _postprocess(self):
        self.write("total", self.total)


class Negative(IterativePE):
    def _process(self, number):
        return -number


def add_options(parser):
    parser.add_argument("--task-ms", type=float, default=4.0, help="shortest call of the slow element")
    parser.add_argument("--from", type=int, default=0, dest="offset", help="first number")


def build(options):
    graph = WorkflowGraph()
    graph.name = "load"
    numbers, work, then, group = Numbers(options.offset), Work(options.task_ms / 1000), Then(), Group()
    graph.connect(numbers, "output", work, "input")
    graph.connect(work, "output", then, "input")
    graph.connect(then, "output", Count(), "input")
    graph.connect(then, "output", group, "input")
    graph.connect(group, "again", Negative(), "input")
    return graph
