"""A slow keyed element behind a pool, and tuples that fail in both: what a run that goes on must not lose."""

from __future__ import annotations

import os
import time
from pathlib import Path

from held import HeldRange, hold

from hpcd4p import GenericPE, IterativePE, KeyedPE, ProducerPE, WorkflowGraph


class Numbers(ProducerPE):
    """One number for each call; repeated from its start."""

    def __init__(self):
        super().__init__()
        self.next = 0

    def _process(self, inputs):
        hold(self.next)
        self.next += 1
        return self.next - 1


class Work(IterativePE):
    def __init__(self, task_s):
        super().__init__()
        self.task_s = task_s

    def _preprocess(self):
        Path(f"begun-{os.getpid()}").touch()

    def _process(self, number):
        time.sleep(self.task_s)
        if number % 41 == 7:
            raise ValueError(f"{number} is none of mine")
        self.write("output", (number % 13, number))
        self.write("output", (number % 5, -number))


class Slow(KeyedPE):
    """Takes its time with each tuple, writes now and then, and keeps the order-free sum of a key."""

    partitions = 6

    def __init__(self, task_s):
        super().__init__()
        self.task_s = task_s
        self._add_output("seen")

    def process_key(self, key, value, state):
        time.sleep(self.task_s / 4)
        if value % 53 == 11:
            raise KeyError(value)
        if value % 3 == 0:
            self.write("seen", value)
        count, total = state or (0, 0)
        return count + 1, total + value

    def end_key(self, key, state):
        self.write("output", (key, *state))


class Gather(GenericPE):
    """All in one place, told at the end."""

    def __init__(self):
        super().__init__()
        self._add_input("input", grouping="global")
        self._add_output("output")
        self.seen = []

    def process(self, inputs):
        self.seen.append(inputs["input"])

    def _postprocess(self):
        self.write("output", tuple(sorted(self.seen)))


def add_options(parser):
    parser.add_argument("--task-ms", type=float, default=4.0, help="time of a call")
    parser.add_argument("--range", type=int, default=0, help="numbers of a source that says where it is")


def build(options):
    graph = WorkflowGraph()
    graph.name = "survivor"
    task_s = options.task_ms / 1000
    source = HeldRange(options.range) if options.range else Numbers()
    work, slow, gather = Work(task_s), Slow(task_s), Gather()
    graph.connect(source, "output", work, "input")
    graph.connect(work, "output", slow, "input")
    graph.connect(slow, "seen", gather, "input")
    return graph
