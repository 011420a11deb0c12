"""One workflow with everything whose answer could depend on who runs what.

Groupings: shuffle, group-by on a position, on a name, on several, 'all', 'global', and one given by
`stateful`. Fan-out and fan-in, composites in composites, a chain of functions, several outputs,
`postprocess` that writes, joins, `KeyedPE`, `BatchPE`, `single`, arrays, a source that keeps state, one
that does not, one that writes many tuples in a call, and one that is silent for a while.
"""

from __future__ import annotations

import time
from decimal import Decimal
from fractions import Fraction

from held import hold

from hpcd4p import (
    BatchPE,
    CompositePE,
    ConsumerPE,
    GenericPE,
    IterativePE,
    KeyedPE,
    ProducerPE,
    WorkflowGraph,
    create_iterative_chain,
)

EQUAL_KEYS = [1, 1.0, True, Fraction(1), Decimal(1), 0, -0.0, False, "1", b"1", (1, 2), (1.0, 2), None]


class Numbers(ProducerPE):
    """0, 1, 2, ...: keeps state, so it stays on the head; silent once, before its fifth tuple."""

    def __init__(self, silence_s):
        super().__init__()
        self.name = "numbers"
        self.silence_s = silence_s
        self.next = 0

    def _process(self, inputs):
        hold(self.next)
        self.next += 1
        if self.next == 5:
            time.sleep(self.silence_s)
        return self.next - 1


class Blocks(ProducerPE):
    """Many tuples in a call, by write and by return; its calls are made anywhere."""

    def __init__(self):
        super().__init__()
        self.name = "blocks"

    def _process(self, inputs):
        for i in range(40):
            self.write("output", 1000 + i)
        return 999


class Split(GenericPE):
    """Two outputs, one by return and one by write, and a third that nobody reads."""

    def __init__(self):
        super().__init__()
        self.name = "split"
        self._add_input("number")
        self._add_output("even")
        self._add_output("odd")
        self._add_output("spare")

    def process(self, inputs):
        number = inputs["number"]
        if number % 10 == 0:
            self.write("spare", {"number": number, "text": str(number)})
        if number % 2:
            self.write("odd", number)
            return None
        return {"even": number}


class Pairs(IterativePE):
    """Three tuples for each number, so that work spreads."""

    def _process(self, number):
        for i in range(3):
            self.write("output", (f"key{(number + i) % 11}", number, {"station": number % 5, "day": i}))


class Named(IterativePE):
    def _process(self, triple):
        return {**triple[2], "value": triple[1]}


class Sum(GenericPE):
    """Sums per group in each instance, and says so at the end; the grouping is given."""

    def __init__(self, name, grouping, of, numprocesses=3):
        super().__init__(numprocesses)
        self.name = name
        self.of = of
        self.groups = {}
        self._add_input("input", grouping=grouping)
        self._add_output("sums")
        self._add_output("count")

    def process(self, inputs):
        item = inputs["input"]
        group, value = self.of(item)
        self.groups[group] = self.groups.get(group, 0) + value

    def _postprocess(self):
        for item in self.groups.items():
            self.write("sums", item)
        self.write("count", len(self.groups))


def by_first(item):
    return item[0], item[1]


def by_station(item):
    return item["station"], item["value"]


def by_station_and_day(item):
    return (item["station"], item["day"]), item["value"]


def by_parity(item):
    return item % 2, item


class Everywhere(Sum):
    """'all': every instance sees everything."""


class Mixed(KeyedPE):
    """Keys that are equal in Python and of different types; the state of each is a sorted list."""

    partitions = 8
    value = None

    def __init__(self):
        super().__init__()
        self.name = "mixed"

    def process_key(self, key, value, state):
        # commutative: the order of arrival is nobody's promise
        return (state or 0) + value[1]

    def end_key(self, key, state):
        # which of several equal keys came first is nobody's promise either
        if isinstance(key, tuple):
            key = tuple(map(int, key))
        self.write(
            "output", (str(key if isinstance(key, (str, bytes, tuple, type(None))) else int(key)), state)
        )


class Keys(IterativePE):
    def _process(self, number):
        return EQUAL_KEYS[number % len(EQUAL_KEYS)], number


class Squares(BatchPE):
    max_batch = 7

    def process_batch(self, numbers):
        return [n * n for n in numbers if n % 3]


class Arrays(IterativePE):
    """Arrays of different lengths, some larger than what travels inside a message's head."""

    def _process(self, number):
        import numpy as np

        # the key beside it, for the tuples that are grouped
        return number % 4, np.full(100 if number % 7 else 20_000, number, dtype=np.int64)


class AddArrays(KeyedPE):
    partitions = 4

    def process_key(self, key, value, state):
        length = min(100, len(value))
        return value[:length].copy() if state is None else state + value[:length]


class Join(GenericPE):
    """Two inputs: pairs up what carries one number, whichever comes first."""

    def __init__(self):
        super().__init__(numprocesses=4)
        self.name = "join"
        self.seen = {"left": {}, "right": {}}
        for name in ("left", "right"):
            self._add_input(name, grouping=[0])
        self._add_output("both")
        self._add_output("alone")

    def process(self, inputs):
        ((side, (number, value)),) = inputs.items()
        other = "right" if side == "left" else "left"
        self.seen[side].setdefault(number, []).append(value)
        for match in self.seen[other].get(number, ()):
            self.write("both", (number, value + match))

    def _postprocess(self):
        for side in ("left", "right"):
            for number in self.seen[side].keys() - self.seen["right" if side == "left" else "left"].keys():
                self.write("alone", (side, number))


class Tag(IterativePE):
    def __init__(self, add, every):
        super().__init__()
        self.add, self.every = add, every

    def _process(self, number):
        return (number, number + self.add) if number % self.every == 0 else None


class Extremes(GenericPE):
    """`single`, stateful by 'global'; writes at its end to an element that works on."""

    single = True
    stateful = "global"

    def __init__(self):
        super().__init__(numprocesses=5)
        self.name = "extremes"
        self.low = self.high = None
        self._add_input("input")
        self._add_output("output")

    def process(self, inputs):
        number = inputs["input"]
        self.low = number if self.low is None else min(self.low, number)
        self.high = number if self.high is None else max(self.high, number)

    def _postprocess(self):
        if self.low is None:
            return
        for number in range(self.low, self.low + 20):
            self.write("output", number)
        self.write("output", self.high)


class Shuffled(GenericPE):
    """Stateful, several instances, no grouping: what is told does not depend on who got what."""

    stateful = True

    def __init__(self):
        super().__init__(numprocesses=3)
        self.name = "shuffled"
        self._add_input("input")
        self._add_output("output")

    def process(self, inputs):
        return {"output": inputs["input"] + 1}


class Started(IterativePE):
    """Depends on its `preprocess`."""

    def _preprocess(self):
        self.offset = 100

    def _process(self, number):
        return number + self.offset


class Swallow(ConsumerPE):
    def _process(self, datum):
        assert datum is not None


def double(x):
    return 2 * x


def add(x, amount):
    return x + amount


def fill_inner(composite):
    chain = create_iterative_chain([double, (add, {"amount": 1}), double])
    started = Started()
    composite.connect(chain, "output", started, "input")
    composite._map_input("input", chain, "input")
    composite._map_output("output", started, "output")


def fill_outer(composite):
    inner, squares = CompositePE(fill_inner), Squares()
    composite.connect(inner, "output", squares, "input")
    composite._map_input("input", inner, "input")
    composite._map_output("plain", inner, "output")
    composite._map_output("squared", squares, "output")


def add_options(parser):
    parser.add_argument("--silence", type=float, default=0.0, help="seconds between two tuples of a source")


def build(options):
    graph = WorkflowGraph()
    graph.name = "gallery"
    numbers, blocks, split = Numbers(options.silence), Blocks(), Split()
    # fan-in on one port: from two sources
    graph.connect(numbers, "output", split, "number")
    graph.connect(blocks, "output", split, "number")

    pairs, named = Pairs(), Named()
    graph.connect(split, "even", pairs, "input")
    graph.connect(split, "odd", pairs, "input")
    graph.connect(pairs, "output", named, "input")
    # fan-out: one output to many
    graph.connect(pairs, "output", Sum("by_position", [0], by_first), "input")
    graph.connect(named, "output", Sum("by_name", ["station"], by_station), "input")
    graph.connect(named, "output", Sum("by_names", ["station", "day"], by_station_and_day, 4), "input")
    graph.connect(split, "odd", Everywhere("everywhere", "all", by_parity), "input")
    graph.connect(split, "even", Sum("in_one", "global", by_parity, 3), "input")

    outer = CompositePE(fill_outer)
    graph.connect(split, "even", outer, "input")
    graph.connect(outer, "plain", Swallow(), "input")
    shuffled = Shuffled()
    graph.connect(outer, "squared", shuffled, "input")

    keys, mixed = Keys(), Mixed()
    graph.connect(numbers, "output", keys, "input")
    graph.connect(keys, "output", mixed, "input")

    arrays, added = Arrays(), AddArrays()
    graph.connect(numbers, "output", arrays, "input")
    graph.connect(arrays, "output", added, "input")

    left, right, join = Tag(1, 2), Tag(7, 3), Join()
    left.name, right.name = "left", "right"
    for tag, side in ((left, "left"), (right, "right")):
        graph.connect(numbers, "output", tag, "input")
        graph.connect(tag, "output", join, side)

    # a stateful element feeds the pool at its end, and that feeds a stateful element
    extremes, later = Extremes(), Started()
    later.name = "later"
    graph.connect(shuffled, "output", extremes, "input")
    graph.connect(extremes, "output", later, "input")
    graph.connect(later, "output", Sum("last", "global", by_parity), "input")
    return graph
