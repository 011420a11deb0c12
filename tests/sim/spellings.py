"""Ways to keep something from one tuple to the next without saying so, and ways that only look like it.

Each is the text of a module of its own, which makes one element, `WORK`. Those with state count their tuples
or the like, so that the answer does not depend on their order.
"""

from __future__ import annotations

import linecache
import sys
from itertools import count
from pathlib import Path
from types import ModuleType

from hpcd4p import IterativePE, KeyedPE, WorkflowGraph
from tests.sim.elements import Given

HEAD = """
from hpcd4p import BatchPE, GenericPE, IterativePE, ProducerPE, SimpleFunctionPE
"""
MARK = "# ---- "


def table(name: str) -> dict[str, str]:
    """Texts by what they show, from ``NAME.spellings``."""
    text = Path(__file__).with_name(f"{name}.spellings").read_text()
    parts = (part.partition("\n") for part in text.split(MARK)[1:])
    return {title: body for title, _, body in parts}


STATE, FURTHER, PURE = table("state"), table("further"), table("pure")

_NUMBER = count()


def load(text: str) -> ModuleType:
    """The module with `text`, as a new process would load it."""
    file = f"spelling{next(_NUMBER)}.py"
    text = HEAD + text
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    if "make(" in text:
        module = ModuleType("__main__")  # as a script: what it makes travels by value
    else:
        module = sys.modules["spelling"] = ModuleType("spelling")
    exec(compile(text, file, "exec"), module.__dict__)
    return module


def graph(text: str) -> WorkflowGraph:
    """A source and the element of `text`."""
    made = WorkflowGraph()
    made.connect(Given(), "output", load(text).WORK, "input")
    return made


class Next(IterativePE):
    """One that holds nothing, behind it."""

    def _process(self, data):
        return data


def longer(text: str) -> WorkflowGraph:
    """The same between elements that hold nothing."""
    made = WorkflowGraph()
    work, first, last = load(text).WORK, Next(), Next()
    made.connect(Given(), "output", first, "input")
    made.connect(first, "output", work, "input")
    made.connect(work, "output", last, "input")
    return made


def doubled(text: str) -> WorkflowGraph:
    """Two of the same class, side by side."""
    made = WorkflowGraph()
    module = load(text)
    first, second = module.WORK, module.Work()
    given = Given()
    made.connect(given, "output", first, "input")
    made.connect(given, "output", second, "input")
    return made


class Key(IterativePE):
    def _process(self, data):
        return hash(data) % 3, data


class Collected(KeyedPE):
    """Stateful: what it gets has come by way of an owner."""

    key = (0,)

    def process_key(self, key, item, state):
        return (state or 0) + 1

    def end_key(self, key, state):
        self.write("output", (key, state))


def keyed(text: str) -> WorkflowGraph:
    """It feeds a stateful element, and the collector."""
    made = WorkflowGraph()
    work, key = load(text).WORK, Key()
    made.connect(Given(), "output", work, "input")
    made.connect(work, "output", key, "input")
    made.connect(key, "output", Collected(), "input")
    return made


def two(text: str) -> WorkflowGraph:
    """Two of them, one behind the other, which have nothing in common."""
    made = WorkflowGraph()
    first, second = load(text).WORK, load(text).WORK
    made.connect(Given(), "output", first, "input")
    made.connect(first, "output", second, "input")
    return made
