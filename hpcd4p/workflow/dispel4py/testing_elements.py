"""`dispel4py.examples.graph_testing.testing_PEs`: the small elements of its examples and tutorials.

Names, ports and what is written are those of dispel4py (Apache-2.0, The University of Edinburgh).
"""

from __future__ import annotations

import random
import time
from typing import Any

from hpcd4p.workflow.generic import GenericPE


class TestProducer(GenericPE):
    """Counts its calls: 1, 2, 3, ... on each of `numOutputs` outputs (``output``, or ``output0``, ...)."""

    __test__ = False

    def __init__(self, numOutputs: int = 1) -> None:
        super().__init__()
        self.outputnames = ["output"] if numOutputs == 1 else [f"output{i}" for i in range(numOutputs)]
        for name in self.outputnames:
            self._add_output(name, ["number"])
        self.counter = 0

    def _process(self, inputs: Any) -> dict[str, int]:
        self.counter += 1
        return dict.fromkeys(self.outputnames, self.counter)


class NumberProducer(GenericPE):
    """Writes ``"1:0"``, ``"1:1"``, ...: the number of its call, and of `numIterations` each."""

    def __init__(self, numIterations: int = 1) -> None:
        super().__init__()
        self._add_output("output", ["number"])
        self.counter = 0
        self.numIterations = numIterations

    def process(self, inputs: Any) -> None:
        """Write the numbers of one call."""
        self.counter += 1
        for i in range(self.numIterations):
            self.write("output", f"{self.counter}:{i}")


class _OneInOneOut(GenericPE):
    def __init__(self) -> None:
        super().__init__()
        self._add_input("input")
        self._add_output("output", ["number"])


class TestOneInOneOut(_OneInOneOut):
    """Copies its input to its output."""

    __test__ = False

    def process(self, inputs: Any) -> Any:
        """Copy one tuple."""
        return {"output": inputs["input"]}


class TestDelayOneInOneOut(_OneInOneOut):
    """The same, `delay` seconds later."""

    __test__ = False

    def __init__(self, delay: float = 1) -> None:
        super().__init__()
        self.delay = delay

    def process(self, inputs: Any) -> Any:
        """Copy one tuple."""
        time.sleep(self.delay)
        return {"output": inputs["input"]}


class TestOneInOneOutWriter(_OneInOneOut):
    """The same, with `write`."""

    __test__ = False

    def process(self, inputs: Any) -> None:
        """Copy one tuple."""
        self.write("output", inputs["input"])


class TestTwoInOneOut(GenericPE):
    """Writes, as text, what comes on either of two inputs."""

    __test__ = False

    def __init__(self) -> None:
        super().__init__()
        self._add_input("input0")
        self._add_input("input1")
        self._add_output("output", ["result"])

    def process(self, inputs: Any) -> Any:
        """Write what is there as text; nothing for empty text."""
        result = "".join(str(inputs[name]) for name in self.inputconnections if name in inputs)
        return {"output": result} if result else None


class TestMultiProducer(GenericPE):
    """Writes 0, 1, ..., `num_output` - 1 for each call."""

    __test__ = False

    def __init__(self, num_output: int = 10) -> None:
        super().__init__()
        self._add_output("output")
        self.num_output = num_output

    def _process(self, inputs: Any) -> None:
        for i in range(self.num_output):
            self.write("output", i)


class RandomFilter(GenericPE):
    """Lets about half of its tuples through."""

    input_name = "input"
    output_name = "output"

    def __init__(self) -> None:
        super().__init__()
        self._add_input("input")
        self._add_output("output", ["word"])

    def process(self, inputs: Any) -> Any:
        """Copy one tuple, or not."""
        return {"output": inputs["input"]} if random.choice((True, False)) else None


class WordCounter(GenericPE):
    """Writes ``[word, how often it has come]`` for each ``[word]``."""

    input_name = "input"
    output_name = "output"

    def __init__(self) -> None:
        super().__init__()
        self._add_input("input", grouping=[0])
        self._add_output("output", ["word", "count"])
        self.mywords: dict[Any, int] = {}

    def process(self, inputs: Any) -> Any:
        """Count one word."""
        word = inputs["input"][0]
        self.mywords[word] = self.mywords.get(word, 0) + 1
        return {"output": [word, self.mywords[word]]}


class RandomWordProducer(GenericPE):
    """Writes ``[word]``, one of seven."""

    words = (
        "Dispel4Py", "Earthquake", "Computing", "Seismology", "Modelling", "Analysis", "Infrastructure",
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self._add_output("output", ["word"])

    def process(self, inputs: Any = None) -> Any:
        """Choose one."""
        return {"output": [random.choice(self.words)]}


class ProvenanceLogger(GenericPE):
    """Logs the first 300 characters of what it gets."""

    def __init__(self) -> None:
        super().__init__()
        self._add_input("metadata")

    def process(self, inputs: Any) -> None:
        """Log one tuple."""
        self.log(f"Logging metadata: {str(inputs['metadata'])[:300]}")
