"""Elements whose answer goes by the order of their tuples: (key, number) pairs of one source."""

from __future__ import annotations

import random

from hpcd4p import GenericPE, IterativePE, KeyedPE
from hpcd4p.testing.turns import TICK_S, work


class Uneven(IterativePE):
    """Passes on (key, value); some take very long, so that those behind them come first."""

    def _process(self, number):
        chance = random.Random(number)
        work(chance.choice([1, 1, 1, 1, 30]) * TICK_S)
        return number % 4, chance.randrange(100)


class Several(Uneven):
    """The same, with some left out and some twice."""

    def _process(self, number):
        pair = super()._process(number)
        for _ in range(number % 5 % 3):
            self.write("output", pair)


class Differences(KeyedPE):
    """To the value before, of each key."""

    ordered = True
    partitions = 3

    def process_key(self, key, value, state):
        if state is not None:
            self.write("output", (key, value - state))
        return value

    def end_key(self, key, state):
        pass


class MovingSum(GenericPE):
    """Of the last values, as many as `width`: their mean is the same but for the division."""

    ordered = True

    def __init__(self, width=8):
        super().__init__()
        self._add_input("input", grouping="global")
        self._add_output("output")
        self.width = width
        self.last = []

    def process(self, inputs):
        self.last = [*self.last[1 - self.width :], inputs["input"][1]]
        if len(self.last) == self.width:
            self.write("output", sum(self.last))


class RunningMaximum(KeyedPE):
    """The greatest value of each key so far, and the first place at which it came."""

    ordered = True
    partitions = 4

    def process_key(self, key, value, state):
        count, most, place = state or (0, -1, 0)
        if value > most:
            most, place = value, count
            self.write("output", (key, most, place))
        return count + 1, most, place


class Machine(KeyedPE):
    """A door of two states: low values close it, high ones open it; counts how long it was in each."""

    ordered = True
    partitions = 2

    def process_key(self, key, value, state):
        opened, since, count = state or (False, 0, 0)
        if opened != (value >= 50) and (value < 25 or value >= 75):
            self.write("output", (key, opened, count - since))
            opened, since = not opened, count
        return opened, since, count + 1


class Threshold(IterativePE):
    """Passes on sums that are far from what is usual; of the pool again."""

    def _process(self, total):
        work(random.Random(total).choice([1, 20]) * TICK_S)
        return ("high" if total > 460 else "low", total) if abs(total - 400) > 60 else None


class Anomalies(GenericPE):
    """How many times it was too high after it had been too low; one number at the end."""

    ordered = True

    def __init__(self):
        super().__init__()
        self._add_input("input", grouping="global")
        self._add_output("output")
        self.before, self.count = "", 0

    def process(self, inputs):
        kind, _ = inputs["input"]
        self.count += (self.before, kind) == ("low", "high")
        self.before = kind

    def postprocess(self):
        self.write("output", self.count)
