"""Elements that ask ``is``; run as a file with ``-a``, and as a script of its own."""

from __future__ import annotations

import dataclasses
import enum
import math
import os
import signal
import sys

import numpy as np

from hpcd4p import IterativePE, KeyedPE, ProducerPE, SimpleFunctionPE, WorkflowGraph

NUMBERS = 40


class Label:
    def __init__(self, label):
        self.label = label

    def __repr__(self):
        return self.label


class Way(enum.Enum):
    ENV = "env"


@dataclasses.dataclass
class Parameters:
    norm: str
    missing: object


MISSING = object()
NOTHING = Label("nothing")
COLUMNS = ("time", "value", MISSING)
LIMIT = 12_345.5
WORDS = "two words, no name"
double = lambda number: 2 * number  # noqa: E731


class Held:
    """As a public cross-correlation has it: the way to normalise is a parameter, compared by ``is``."""

    ABSENT = object()

    def __init__(self, norm, text, steps, missing=MISSING, fill=np.nan):
        self.norm, self.text, self.steps, self.missing, self.fill = norm, text, steps, missing, fill
        self.deep = {"env": [({"missing": MISSING, "norm": "env"},)], "one": 1}
        self.parameters = Parameters("env", MISSING)
        self.absent, self.nothing, self.columns, self.limit = Held.ABSENT, NOTHING, COLUMNS, LIMIT
        self.default, self.infinite, self.way, self.words = dataclasses.MISSING, math.inf, Way.ENV, WORDS
        self.function, self.shared = double, [1]
        self.again = self.shared

    def asked(self):
        deep = self.deep["env"][0][0]
        answers = {
            "norm": self.norm is "env",  # noqa: F632
            "literal": self.text is "two words, no name",  # noqa: F632
            "steps": [step is "whiten" for step in self.steps],  # noqa: F632
            "key": next(iter(self.deep)) is "env",  # noqa: F632
            "deep": deep["norm"] is self.norm and deep["missing"] is MISSING,
            "field": self.parameters.norm is "env" and self.parameters.missing is MISSING,  # noqa: F632
            "missing": self.missing is MISSING,
            "absent": self.absent is Held.ABSENT and self.absent is not MISSING,
            "nothing": self.nothing is NOTHING,
            "default": self.default is dataclasses.MISSING,
            "numbers": self.fill is np.nan and self.infinite is math.inf and self.limit is LIMIT,
            "tuple": self.columns is COLUMNS and self.columns[2] is MISSING,
            "enum": self.way is Way.ENV,
            "function": self.function is double,
            "string": self.words is WORDS,
            "both": self.shared is self.again,
        }
        return " ".join(f"{name}={answer}" for name, answer in answers.items())


EXPECTED = (
    "norm=True literal=True steps=[True, False] key=True deep=True field=True missing=True absent=True "
    "nothing=True default=True numbers=True tuple=True enum=True function=True string=True both=True"
)


def held():
    return {"held": Held("env", "two words, no name", ["whiten", "".join(["whi", "ten"])])}


class Asks:
    """Holds all of it, and in attributes of its own what matters most."""

    def __init__(self):
        super().__init__()
        self.__dict__.update(vars(held()["held"]))

    asked = Held.asked

    def told(self, row):
        """What `row` brought, and what the element holds."""
        number, sentinel = row
        return f"{number} {sentinel is MISSING} {sentinel is NOTHING} {self.asked()}"


class Source(Asks, ProducerPE):
    def _process(self, inputs):
        for number in range(NUMBERS):
            right = self.asked() == EXPECTED
            self.write("output", (number, (MISSING if number % 2 else NOTHING) if right else None))


class Pool(Asks, IterativePE):
    def _process(self, row):
        self.write("output", (row[0], self.told(row), row[1]))


class Counts(Asks, IterativePE):
    """Has state that nobody declared: one rank comes to own it."""

    seen = 0

    def _process(self, row):
        type(self).seen += 1
        return f"{self.seen} {self.asked()}"


class Keyed(Asks, KeyedPE):
    key, value, partitions = 0, None, 8

    def process_key(self, key, value, state):
        self.write(
            "output", self.told((key, value[2])) if value[1] == self.told((key, value[2])) else value[1]
        )

    def end_key(self, key, state):
        pass


class Copies(Asks, IterativePE):
    """Several instances, each a copy."""

    stateful = True
    numprocesses = 3

    def _process(self, row):
        return self.told((row[0], row[2]))


class Deadly(Asks, IterativePE):
    """Ends its rank once; what it was at goes on in a process apart."""

    def _process(self, row):
        if row[0] == 13:
            os.kill(os.getpid(), signal.SIGKILL)
        return "hpcd4p.runtime.rank.apart_main" in sys.modules, self.told(row)


def made(*kinds, deadly=False):
    graph = WorkflowGraph()
    source, pool = Source(), Pool()
    graph.connect(source, "output", pool, "input")
    graph.connect(source, "output", Deadly() if deadly else SimpleFunctionPE(first), "input")
    for kind in kinds:
        graph.connect(pool, "output", kind(), "input")
    return graph


def first(row):
    return double(row[0])


graph = made(Counts, Keyed, Copies)
stateless = made()
deadly = made(deadly=True)


def answer(number):
    return f"{number} {number % 2 == 1} {number % 2 == 0} {EXPECTED}"


def problems(outputs):
    """What is wrong in the outputs of `graph`, by 'element.output'."""
    by_class = {name.partition(".")[0].rstrip("0123456789"): sorted(each) for name, each in outputs.items()}
    expected = {
        "Keyed": sorted(answer(n) for n in range(NUMBERS)),
        "Copies": sorted(answer(n) for n in range(NUMBERS)),
        "Counts": sorted(f"{n} {EXPECTED}" for n in range(1, NUMBERS + 1)),
    }
    for name in expected:
        for one, other in zip(by_class[name], expected[name], strict=True):
            if one != other:
                yield f"{name}: {one}"


if __name__ == "__main__":
    import hpcd4p

    mapping, *sizes = sys.argv[1:]
    for ranks in map(int, sizes):
        Counts.seen = 0  # one rank is this process
        found = list(problems(hpcd4p.run(graph, ranks=ranks, mapping=mapping).outputs))
        assert not found, (ranks, found[0])
    print("good")
