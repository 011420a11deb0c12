"""A sensor workflow: moving mean, threshold, count of anomalies. One number, by the order of the readings.

``--range N`` made-up readings in hundredths of a degree; the pool calibrates them, some slowly, and leaves
those out that cannot be. Beside it the greatest reading of each sensor so far, with its first place.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

from hpcd4p import GenericPE, IterativePE, KeyedPE, ProducerPE, WorkflowGraph

SENSORS = 3

STUCK_S = 120.0
"""At most: far longer than a test waits for anything."""


class Readings(ProducerPE):
    """(sensor, number, hundredths of a degree)."""

    def __init__(self, count):
        super().__init__()
        self.count = count

    def _process(self, inputs):
        chance = random.Random(11)
        value = 2000
        for number in range(self.count):
            value += chance.randint(-90, 90)
            self.write("output", (number % SENSORS, number, value))


class Calibrate(IterativePE):
    """Is stuck at one reading, if there is such a number, until the test lets it go on."""

    def __init__(self, ms, stuck):
        super().__init__()
        self.ms, self.stuck = ms, stuck

    def _process(self, item):
        sensor, number, value = item
        end = time.monotonic() + STUCK_S
        while number == self.stuck and not Path("go-on").exists() and time.monotonic() < end:
            time.sleep(0.02)
        chance = random.Random(number)
        time.sleep(self.ms * chance.choice([1, 1, 1, 1, 1, 1, 1, 10]) / 1000)
        if chance.random() < 0.1:
            return None
        return sensor, number, value + 7 * sensor


class MovingMean(GenericPE):
    """(number, mean of the last six, difference of the last to it), in whole hundredths."""

    ordered = True

    def __init__(self):
        super().__init__()
        self._add_input("input", grouping="global")
        self._add_output("output")
        self.last = []

    def process(self, inputs):
        _, number, value = inputs["input"]
        self.last = [*self.last[-5:], value]
        mean = sum(self.last) // len(self.last)
        return {"output": (number, mean, value - mean)}


class Threshold(IterativePE):
    """What is far from the mean."""

    def __init__(self, ms):
        super().__init__()
        self.ms = ms

    def _process(self, item):
        number, _, off = item
        time.sleep(self.ms * random.Random(-number).choice([1, 1, 1, 8]) / 1000)
        return item if abs(off) > 70 else None


class CountAnomalies(GenericPE):
    """How many of them had another direction than the one before."""

    ordered = True

    def __init__(self):
        super().__init__()
        self._add_input("input", grouping="global")
        self._add_output("output")
        self.last, self.count = 0, 0

    def process(self, inputs):
        off = inputs["input"][2]
        self.count += off * self.last < 0
        self.last = off

    def postprocess(self):
        self.write("output", self.count)


class Maximum(KeyedPE):
    """Each greatest reading of a sensor so far, and how many it had given before."""

    ordered = True
    partitions = 2
    value = 2

    def process_key(self, key, value, state):
        count, most = state or (0, 0)
        if value > most:
            self.write("output", (key, value, count))
        return count + 1, max(most, value)

    def end_key(self, key, state):
        pass


def add_options(parser):
    parser.add_argument("--range", type=int, default=400, help="readings")
    parser.add_argument("--stuck", type=int, default=-1, help="a reading that waits")
    parser.add_argument("--ms", type=float, default=0.5, help="of most calls of an element of the pool")


def build(options):
    graph = WorkflowGraph()
    graph.name = "sensors"
    readings, calibrate, mean = Readings(options.range), Calibrate(options.ms, options.stuck), MovingMean()
    threshold, count = Threshold(options.ms), CountAnomalies()
    for before, after in ((readings, calibrate), (calibrate, mean), (mean, threshold), (threshold, count)):
        graph.connect(before, "output", after, "input")
    graph.connect(calibrate, "output", Maximum(), "input")
    return graph
