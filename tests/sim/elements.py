"""Elements of the gallery: each does one thing that a cluster could get wrong."""

from __future__ import annotations

import threading

import numpy as np

from hpcd4p import BasePE, BatchPE, ConsumerPE, GenericPE, IterativePE, KeyedPE, ProducerPE
from hpcd4p.testing.turns import TICK_S, work


class Given(ProducerPE):
    """Writes what its call was given; keeps no state, so its calls may be made anywhere."""

    def __init__(self):
        super().__init__()
        self._add_input("item")

    def _process(self, inputs):
        return inputs["item"]


class Numbers(ProducerPE):
    """0, 1, 2, ...: keeps state, so it stays where it is."""

    def __init__(self):
        super().__init__()
        self.next = 0

    def _process(self, inputs):
        self.next += 1
        return self.next - 1


class Same(ProducerPE):
    """Moves to the pool: its first calls leave it as it was."""

    def _process(self, inputs):
        return 7


class Pair(IterativePE):
    def _process(self, number):
        return number % 7, number


class Arrays(Numbers):
    """Arrays as large as those whose data lies in shared memory; it stays where it is."""

    def _process(self, inputs):
        number = super()._process(inputs)
        return number % 7, np.full(1 << 13, float(number))


class SumInPlace(IterativePE):
    """Writes into what it was given: whoever does it again must find it as it was."""

    def _process(self, pair):
        key, array = pair
        array += 1
        return key, float(array.sum())


class NextKey(IterativePE):
    def _process(self, pair):
        return pair[0] + 1, pair[1]


class ByParity(IterativePE):
    def _process(self, pair):
        return pair[1] % 2, pair[0]


class Spray(IterativePE):
    """Writes `width` tuples for each."""

    def __init__(self, width):
        super().__init__()
        self.width = width

    def _process(self, number):
        for i in range(self.width):
            self.write("output", (number * self.width + i) % 1000)


class Total(KeyedPE):
    partitions = 8

    def process_key(self, key, value, state):
        return (state or 0) + value


class RunningTotal(Total):
    """Writes as it goes, too."""

    def process_key(self, key, value, state):
        if value % 5 == 0:
            self.write("output", ("seen", value))
        return (state or 0) + value


class Grouped(GenericPE):
    """Sums by the first of a pair, in instances of its own; writes only at the end."""

    def __init__(self):
        super().__init__(numprocesses=3)
        self._add_input("input", grouping=[0])
        self._add_output("output")
        self.sums = {}

    def process(self, inputs):
        key, value = inputs["input"]
        self.sums[key] = self.sums.get(key, 0) + value

    def postprocess(self):
        for item in self.sums.items():
            self.write("output", item)


class Everyone(Grouped):
    """One-to-all: each instance sees each tuple."""

    def __init__(self):
        super().__init__()
        self._add_input("input", grouping="all")


class OnlyOne(Grouped):
    """All-to-one: the first instance sees everything."""

    def __init__(self):
        super().__init__()
        self._add_input("input", grouping="global")


class Shuffled(Grouped):
    """Several instances without a grouping: by content."""

    def __init__(self):
        super().__init__()
        self._add_input("input")

    def postprocess(self):
        self.write("output", sorted(self.sums.items()))


class Join(GenericPE):
    """Matches left and right by key."""

    def __init__(self):
        super().__init__(numprocesses=2)
        self._add_input("left", grouping=[0])
        self._add_input("right", grouping=[0])
        self._add_output("both")
        self._add_output("alone")
        self.seen = {"left": {}, "right": {}}

    def process(self, inputs):
        ((side, (key, value)),) = inputs.items()
        self.seen[side].setdefault(key, []).append(value)

    def postprocess(self):
        left, right = self.seen["left"], self.seen["right"]
        for key in left.keys() | right.keys():
            if key in left and key in right:
                self.write("both", (key, sum(left[key]), sum(right[key])))
            else:
                self.write("alone", key)


class Sorter(BasePE):
    """Three outputs; some tuples go to two of them."""

    def __init__(self):
        super().__init__(inputs=["input"], outputs=["small", "odd", "rest"])

    def process(self, inputs):
        number = inputs["input"]
        if number < 20:
            self.write("small", number)
        return {"odd" if number % 2 else "rest": number}


class Either(GenericPE):
    """Two inputs that it does not join."""

    stateful = False

    def __init__(self):
        super().__init__()
        self._add_input("a")
        self._add_input("b")
        self._add_output("output")

    def process(self, inputs):
        ((port, number),) = inputs.items()
        return {"output": (port, number)}


class Doubled(BatchPE):
    max_batch = 16

    def process_batch(self, items):
        return [2 * item for item in items]


class Refuses(IterativePE):
    """Fails for some."""

    def _process(self, number):
        if number % 10 == 3:
            raise ValueError(f"no {number}, please")
        return number


class RefusesInBatches(BatchPE):
    def process_batch(self, items):
        for item in items:
            if item % 10 == 3:
                raise ValueError(f"no {item}, please")
            yield item


class Quiet(ConsumerPE):
    def _process(self, datum):
        pass


class Keep(KeyedPE):
    """Keeps numbers by remainder, and writes each of them in one call at the end."""

    partitions = 4

    def process_key(self, key, value, state):
        return [*(state or []), value]

    def end_key(self, key, state):
        for value in state:
            self.write("output", (value % 3, value))


class Burst(IterativePE):
    def __init__(self, writes):
        super().__init__()
        self.writes = writes

    def _process(self, number):
        for i in range(self.writes):
            self.write("output", i % 1000)


class BurstAtTheEnd(GenericPE):
    """Holds state, and writes in bulk when it hears a tuple."""

    def __init__(self, writes):
        super().__init__()
        self._add_input("input", grouping="global")
        self._add_output("output")
        self.writes = writes

    def process(self, inputs):
        for i in range(self.writes):
            self.write("output", i % 1000)


class Wide(Given):
    """A hundred pairs for each call, which takes some virtual time."""

    def _process(self, inputs):
        work(10 * TICK_S)
        for i in range(100):
            self.write("output", (i % 7, i))


class Echo(Total):
    """Writes all that it hears, at once."""

    def process_key(self, key, value, state):
        self.write("output", (key, value))
        return (state or 0) + 1


class Slow(IterativePE):
    """Takes some virtual time."""

    def _process(self, datum):
        work(20 * TICK_S)
        return datum


class SlowNumbers(Numbers):
    def _process(self, inputs):
        work(500 * TICK_S)
        return super()._process(inputs)


class Locked(IterativePE):
    """Writes something that cannot travel."""

    def _process(self, number):
        return number % 7, threading.Lock() if number == 5 else number


class Howmany(Total):
    def process_key(self, key, value, state):
        return (state or 0) + 1


class Thick(IterativePE):
    """Ten kilobytes for each."""

    stateful = True

    def _process(self, number):
        return b"x" * 10_000


class Length(IterativePE):
    def _process(self, data):
        return len(data)
