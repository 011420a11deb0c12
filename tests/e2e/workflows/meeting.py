"""Paths that part and meet again, in front of elements whose answer goes by the whole sequence.

``--range N`` numbers, written by a source on two outputs: one leads straight to the end, and both through
elements of the pool, one of which parts its paths again. And calls that are tasks, which do the same.
"""

from __future__ import annotations

import os
import random
import time
from pathlib import Path
from zlib import crc32

from held import hold

from hpcd4p import GenericPE, IterativePE, KeyedPE, ProducerPE, WorkflowGraph

KEYS = 3


class Sides(ProducerPE):
    """(key, number, path), now on the one output and now on the other."""

    def __init__(self, count):
        super().__init__()
        self._add_output("other")
        self.count, self.done = count, 0

    def _process(self, inputs):
        while self.done < self.count:
            hold(self.done)
            number = self.done
            self.done += 1
            output = "other" if random.Random(number).random() < 0.4 else "output"
            self.write(output, (number % KEYS, number, ""))


class Calls(ProducerPE):
    """The same by calls that are tasks of the pool: each writes a few."""

    def __init__(self):
        super().__init__()
        self._add_input("item")

    def _process(self, inputs):
        number = inputs["item"]
        for i in range(number % 4):
            self.write("output", (i, 4 * number + i, ""))


class Hop(IterativePE):
    """Takes a fixed time for most tuples, and much longer for some; some come out twice."""

    def __init__(self, name, ms):
        super().__init__()
        self.name, self.ms = name, ms

    def _preprocess(self):
        Path(f"begun-{os.getpid()}").touch()  # for the test: this rank has begun

    def _process(self, item):
        key, number, path = item
        slow = random.Random(f"{self.name} {number}").random() < 0.05
        time.sleep(self.ms * (8 if slow else 1) / 1000)
        for i in range(1 + (number % 7 == 0)):
            self.write("output", (key, number, f"{path} {self.name}{i}"))


def digest(before, item):
    """Of all that has come so far, in its order."""
    return crc32(repr(item).encode(), before)


class Sequence(KeyedPE):
    """A digest of the sequence of each key; writes on what it hears."""

    ordered = True
    partitions = 4
    value = None

    def process_key(self, key, item, state):
        self.write("output", (item[0], item[1], f"{item[2]} k{key}"))
        count, sum_ = state or (0, 0)
        return count + 1, digest(sum_, item)

    def end_key(self, key, state):
        self.write("output", ("end", key, *state))


class Both(GenericPE):
    """One digest of two inputs."""

    ordered = True

    def __init__(self):
        super().__init__()
        for port in ("first", "second"):
            self._add_input(port, grouping="global")
        self._add_output("output")
        self.count = self.sum = 0

    def process(self, inputs):
        for each in inputs.items():
            self.count += 1
            self.sum = digest(self.sum, each)

    def postprocess(self):
        self.write("output", (self.count, self.sum))


def add_options(parser):
    parser.add_argument("--range", type=int, default=200, help="numbers of the source")
    parser.add_argument("--ms", type=float, default=1.0, help="of most calls of an element of the pool")


def build(options):
    graph = WorkflowGraph()
    graph.name = "meeting"

    def join(before, after, output="output", port="input"):
        graph.connect(before, output, after, port)

    def hop(name):
        return Hop(name, options.ms)

    sides, calls, both = Sides(options.range), Calls(), Both()
    left, right, first, last = hop("left"), hop("right"), hop("first"), hop("last")
    join(sides, left)
    join(sides, right, "other")
    join(sides, both, "other", "first")
    join(left, both, port="first")
    join(right, first)  # parts again
    join(right, last)
    join(right, both, port="second")
    join(first, both, port="first")
    join(last, both, port="second")
    sequence, again = Sequence(), hop("again")
    join(calls, again)
    join(calls, sequence)
    join(again, sequence)
    return graph
