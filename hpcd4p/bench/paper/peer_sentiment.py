"""The sentiment workflow for stream-d4py: its elements around our functions, connected as in the paper.

Not every mapping calls ``preprocess`` and ``postprocess``. So the lexicons are loaded with this module,
before the clock runs and once for all processes (they are forked), and the happiest state is told whenever it
changes, as the paper's own elements do.
"""

from __future__ import annotations

from typing import Any

from dispel4py.base import ConsumerPE, IterativePE
from dispel4py.core import GenericPE
from dispel4py.workflow_graph import WorkflowGraph

from hpcd4p.bench.stamps import stamp
from hpcd4p.workflows.sentiment import INSTANCES, scores
from hpcd4p.workflows.sentiment.article import Article, check
from hpcd4p.workflows.sentiment.lexicons import load_afinn, load_vader
from hpcd4p.workflows.sentiment.newspaper import find_columns, read_rows
from hpcd4p.workflows.sentiment.ranking import Moods

AFINN_VALUES = load_afinn()
VADER_VALUES = load_vader()

TOP = 3


class Read(GenericPE):  # type: ignore[misc]
    """Writes the articles of a file."""

    def __init__(self) -> None:
        GenericPE.__init__(self)
        self.name = "read"
        self._add_output("output")

    def process(self, inputs: Any) -> None:
        """Read the file that the input names."""
        stamp()
        path = inputs["input"]
        for row in read_rows(path, find_columns(path)):
            self.write("output", check(row))


# a mapping that sends JSON gives lists for tuples: each function is given its own type again


class AfinnScore(IterativePE):  # type: ignore[misc]
    """Article → its score by AFINN."""

    def _process(self, article: Any) -> Any:
        return scores.afinn_score(Article(*article), AFINN_VALUES)


class Tokenise(IterativePE):  # type: ignore[misc]
    """Article → its words."""

    def _process(self, article: Any) -> Any:
        return scores.tokenise(Article(*article))


class VaderScore(IterativePE):  # type: ignore[misc]
    """Words → sums."""

    def _process(self, tokens: Any) -> Any:
        return scores.lexicon_sums(scores.Words(*tokens), VADER_VALUES)


class Average(IterativePE):  # type: ignore[misc]
    """Sums → score."""

    def _process(self, sums: Any) -> Any:
        return scores.average(scores.Sums(*sums))


class FindState(IterativePE):  # type: ignore[misc]
    """Scored article → the same with its state."""

    def _process(self, scored: Any) -> Any:
        return scores.locate(scores.Scored(*scored))


class HappyState(IterativePE):  # type: ignore[misc]
    """Adds up by state; notes each sum, and writes the happiest state whenever it changes."""

    def __init__(self, instances: int) -> None:
        IterativePE.__init__(self)
        self.inputconnections["input"]["grouping"] = [2, 3]
        self.numprocesses = instances
        self.moods = Moods()
        self.best: int | None = None

    def _process(self, located: Any) -> Any:
        mood = self.moods.add(scores.Located(*located))
        stamp("\t".join(map(str, mood)))
        if self.best is None or mood.score > self.best:
            self.best = mood.score
            return mood.state, mood.score, mood.method
        return None


class TopStates(ConsumerPE):  # type: ignore[misc]
    """Keeps the happiest states."""

    def __init__(self) -> None:
        ConsumerPE.__init__(self)
        self.inputconnections["input"]["grouping"] = "global"
        self.happiness: dict[str, int] = {}
        self.top: list[str] = []

    def _process(self, happy: Any) -> None:
        state, score, _ = happy
        self.happiness[state] = score
        self.top = sorted(self.happiness, key=lambda state: (-self.happiness[state], state))[:TOP]
        stamp()


def _graph() -> Any:
    made = WorkflowGraph()
    read = Read()
    branches: dict[str, list[Any]] = {"AFINN": [AfinnScore()], "VADER": [Tokenise(), VaderScore(), Average()]}
    for method, scorers in branches.items():
        before: Any = read
        for element in [*scorers, FindState(), HappyState(INSTANCES[method]), TopStates()]:
            made.connect(before, "output", element, "input")
            before = element
    return made


graph = _graph()
