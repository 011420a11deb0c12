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

from hpcd4p import IterativePE, WorkflowGraph
from tests.sim.elements import Given

HEAD = """
from hpcd4p import BatchPE, GenericPE, IterativePE, SimpleFunctionPE
"""
MARK = "# ---- "


def table(name: str) -> dict[str, str]:
    """Texts by what they show, from ``NAME.spellings``."""
    text = Path(__file__).with_name(f"{name}.spellings").read_text()
    parts = (part.partition("\n") for part in text.split(MARK)[1:])
    return {title: body for title, _, body in parts}


STATE, PURE = table("state"), table("pure")

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
    """Two elements of the same class, one behind the other."""
    made = WorkflowGraph()
    module = load(text)
    again = module.Work() if hasattr(module, "Work") else module.WORK
    if again is module.WORK:
        return graph(text)
    made.connect(Given(), "output", module.WORK, "input")
    made.connect(module.WORK, "output", again, "input")
    return made
