"""Arrays to the pool, written to where they lie: what a rank does again must find them as they were."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
from held import hold

from hpcd4p import IterativePE, KeyedPE, ProducerPE, WorkflowGraph


class Arrays(ProducerPE):
    """(number, so many bytes of it); keeps its place."""

    def __init__(self, size):
        super().__init__()
        self.size = size
        self.next = 0

    def _process(self, inputs):
        hold(self.next)
        self.next += 1
        return self.next, np.full(self.size, self.next % 251, np.uint8)


class Numbers(ProducerPE):
    """1, 2, ...; keeps its place."""

    def __init__(self):
        super().__init__()
        self.next = 0

    def _process(self, inputs):
        self.next += 1
        return self.next


class Spray(IterativePE):
    """So many arrays for each number, written where the pool is."""

    def __init__(self, width, size):
        super().__init__()
        self.width, self.size = width, size

    def _process(self, number):
        for each in range(number * self.width, (number + 1) * self.width):
            self.write("output", (each, np.full(self.size, each % 251, np.uint8)))


class Change(IterativePE):
    """Writes into its input, some milliseconds long."""

    def __init__(self, task_s):
        super().__init__()
        self.task_s = task_s

    def _preprocess(self):
        Path(f"begun-{os.getpid()}").touch()

    def _process(self, item):
        number, array = item
        array[: len(array) // 2] += 1
        time.sleep(self.task_s * (1 + number % 3))
        array[-1] += 1
        return number, int(array.sum(dtype=np.int64)), array


class Again(IterativePE):
    """Reads what the one before it has written, here or on another rank."""

    def _process(self, item):
        number, total, array = item
        return number % 7, total + int(array[0]) + int(array[-1])


class Sums(KeyedPE):
    partitions = 4

    def process_key(self, key, value, state):
        count, total = state or (0, 0)
        return count + 1, total + value

    def end_key(self, key, state):
        self.write("output", (key, *state))


def build(options):
    graph = WorkflowGraph()
    change = Change(options.task_ms / 1000)
    again, sums = Again(), Sums()
    if options.width:
        source = Spray(options.width, options.size)
        graph.connect(Numbers(), "output", source, "input")
    else:
        source = Arrays(options.size)
    for one, other in ((source, change), (change, again), (again, sums)):
        graph.connect(one, "output", other, "input")
    return graph


def add_options(parser):
    parser.add_argument("--size", type=int, default=1 << 18, help="bytes of an array")
    parser.add_argument("--width", type=int, default=0, help="arrays that the pool writes for each number")
    parser.add_argument("--task-ms", type=float, default=3.0, help="shortest call of the slow element")
