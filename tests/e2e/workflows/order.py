"""Time series behind a pool: what comes out goes by the order of the source.

``--range N`` values of a made-up sensor; three elements of the pool, some of whose tuples take much longer
than others; then a difference to the value before, a state machine, and a moving mean with anomalies, as in
a published sensor workflow.
"""

from __future__ import annotations

import math
import os
import random
import time
from pathlib import Path

from held import hold

from hpcd4p import GenericPE, IterativePE, KeyedPE, ProducerPE, WorkflowGraph

SENSORS = 4


class Readings(ProducerPE):
    """(sensor, number, value); writes from the head."""

    def __init__(self, count):
        super().__init__()
        self.count, self.done = count, 0

    def _process(self, inputs):
        while self.done < self.count:
            hold(self.done)
            number = self.done
            self.done += 1
            self.write("output", (number % SENSORS, number, 20 + 5 * math.sin(number / 9) + number % 7))


class Calls(ProducerPE):
    """The same by calls that are tasks of the pool: each writes a few."""

    def __init__(self):
        super().__init__()
        self._add_input("item")

    def _process(self, inputs):
        number = inputs["item"]
        for i in range(number % 4):
            self.write("output", (i, 4 * number + i, float(number % 11)))


class Hop(IterativePE):
    """Takes a fixed time for most tuples, and much longer for some."""

    def __init__(self, name, ms):
        super().__init__()
        self.name, self.ms = name, ms

    def _preprocess(self):
        Path(f"begun-{os.getpid()}").touch()  # for the test: this rank has begun

    def _process(self, item):
        slow = random.Random(f"{self.name} {item[1]}").random() < 0.05
        time.sleep(self.ms * (8 if slow else 1) / 1000)
        return item


class Calibrate(Hop):
    """Leaves some out, and doubles some."""

    def _process(self, item):
        sensor, number, value = super()._process(item)
        for i in range((number % 5 + 2) // 2 if number % 5 else 0):
            self.write("output", (sensor, number, value + i))


class Differences(KeyedPE):
    """To the value before, of each sensor."""

    ordered = True
    partitions = 3
    value = None

    def process_key(self, key, item, state):
        if state is not None:
            self.write("output", (key, item[1], round(item[2] - state, 6)))
        return item[2]

    def end_key(self, key, state):
        pass


class Anomalies(GenericPE):
    """Counts values far from the mean of the eight before; one number at the end."""

    ordered = True

    def __init__(self):
        super().__init__()
        self._add_input("input", grouping="global")
        self._add_output("output")
        self.last, self.found = [], 0

    def process(self, inputs):
        _, _, value = inputs["input"]
        if len(self.last) == 8 and abs(value - sum(self.last) / 8) > 4:
            self.found += 1
        self.last = [*self.last[-7:], value]

    def postprocess(self):
        self.write("output", self.found)


class Runs(KeyedPE):
    """How long each run of rising values was: a state machine."""

    ordered = True
    partitions = 5
    value = None

    def process_key(self, key, item, state):
        length, last = state or (0, None)
        if last is not None and item[2] < last:
            self.write("output", (key, length))
            length = 0
        return length + 1, item[2]

    def end_key(self, key, state):
        self.write("output", (key, state))


def add_options(parser):
    parser.add_argument("--range", type=int, default=400, help="readings")
    parser.add_argument("--ms", type=float, default=1.0, help="of most calls of an element of the pool")


def build(options):
    graph = WorkflowGraph()
    graph.name = "order"
    ms = options.ms
    first, calibrate, last = Hop("first", ms), Calibrate("calibrate", ms), Hop("last", ms)
    readings, calls, again = Readings(options.range), Calls(), Hop("again", ms)
    for before, after in ((readings, first), (first, calibrate), (calibrate, last), (calls, again)):
        graph.connect(before, "output", after, "input")
    for element in (Differences(), Anomalies()):
        graph.connect(last, "output", element, "input")
    graph.connect(again, "output", Runs(), "input")
    return graph
