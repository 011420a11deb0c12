"""Elements that ask ``is``; run as a file, and as a script of its own."""

from __future__ import annotations

import dataclasses

from hpcd4p import IterativePE, KeyedPE, ProducerPE, SimpleFunctionPE, WorkflowGraph


class Label:
    def __init__(self, label):
        self.label = label

    def __repr__(self):
        return self.label


MISSING = object()
NOTHING = Label("nothing")
double = lambda number: 2 * number  # noqa: E731


class Numbers(ProducerPE):
    def _process(self, inputs):
        for number in range(40):
            self.write("output", (number % 8, number))


class Normalise(IterativePE):
    """As a public cross-correlation does: the way to normalise is a parameter, compared by ``is``."""

    ABSENT = object()

    def __init__(self, norm, text, steps, missing=MISSING):
        super().__init__()
        self.norm, self.text, self.steps = norm, text, steps
        self.missing, self.absent, self.nothing = missing, Normalise.ABSENT, NOTHING
        self.default = dataclasses.MISSING
        self.function, self.held = double, {"missing": [MISSING, 1]}

    def _process(self, row):
        key, number = row
        asked = (
            self.norm is "env",  # noqa: F632
            self.text is "two words, no name",  # noqa: F632
            [step is "whiten" for step in self.steps],  # noqa: F632
            self.missing is MISSING,
            self.absent is Normalise.ABSENT,
            self.nothing is NOTHING,
            self.default is dataclasses.MISSING,
            self.function is double,
            self.held["missing"][0] is MISSING,
            self.held["missing"][1] is MISSING,
        )
        return key, number, str(asked), MISSING if number % 2 else NOTHING


class ByKey(KeyedPE):
    """Asks for what came in a tuple, and for what it holds itself; one of several partitions."""

    key, value, partitions = 0, None, 8

    def __init__(self):
        super().__init__()
        self.missing, self.norm = MISSING, "env"

    def process_key(self, key, value, state):
        _, number, asked, mark = value
        self.write(
            "output",
            f"{number} {asked} {mark is MISSING} {mark is NOTHING} {self.missing is MISSING} "
            f"{self.norm is 'env'}",  # noqa: F632
        )

    def end_key(self, key, state):
        pass


class Keeps(IterativePE):
    """Several instances, each a copy."""

    stateful = True
    numprocesses = 3

    def __init__(self):
        super().__init__()
        self.missing, self.nothing = MISSING, NOTHING

    def _process(self, row):
        return f"{self.missing is MISSING} {self.nothing is NOTHING} {row[3] in (MISSING, NOTHING)}"


graph = WorkflowGraph()
numbers = Numbers()
normalise = Normalise("env", "two words, no name", ["whiten", "".join(["whi", "ten"])])
graph.connect(numbers, "output", normalise, "input")
graph.connect(normalise, "output", ByKey(), "input")
graph.connect(normalise, "output", Keeps(), "input")
graph.connect(numbers, "output", SimpleFunctionPE(double), "input")

EXPECTED = "(True, True, [True, False], True, True, True, True, True, True, False)"

if __name__ == "__main__":
    import sys

    import hpcd4p

    mapping, *sizes = sys.argv[1:]
    for ranks in map(int, sizes):
        outputs = hpcd4p.run(graph, ranks=ranks, mapping=mapping).outputs
        (keyed,) = (values for name, values in outputs.items() if name.startswith("ByKey"))
        (kept,) = (values for name, values in outputs.items() if name.startswith("Keeps"))
        assert sorted(keyed) == sorted(
            f"{n} {EXPECTED} {n % 2 == 1} {n % 2 == 0} True True" for n in range(40)
        ), (ranks, keyed[0])
        assert kept == ["True True True"] * 40, (ranks, kept[0])
    print("good")
