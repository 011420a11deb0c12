"""The elements of the workflow: each wraps a pure function of this folder.

Lexicons are loaded in ``preprocess``, by the ranks that use them.
"""

from __future__ import annotations

from typing import Any

from hpcd4p import GenericPE, IterativePE, ProducerPE
from hpcd4p.workflows.sentiment import scores
from hpcd4p.workflows.sentiment.article import check
from hpcd4p.workflows.sentiment.ranking import Mood, Moods, happiest
from hpcd4p.workflows.sentiment.states import UNKNOWN


class ReadFile(ProducerPE):
    """Writes each row of a file.

    Parameters
    ----------
    path
        A file that the head can read.
    columns
        From `newspaper.find_columns`.
    """

    def __init__(self, path: str, columns: dict[str, int]) -> None:
        super().__init__()
        self.name = "read"
        self.path = path
        self.columns = columns

    def _process(self, inputs: Any) -> None:
        from hpcd4p.workflows.sentiment.newspaper import read_rows

        for row in read_rows(self.path, self.columns):
            self.write(self.OUTPUT_NAME, row)


class WriteCorpus(ProducerPE):
    """Writes the rows of a generated corpus, as if they had been read; see `corpus`."""

    def __init__(self, articles: int, seed: int) -> None:
        super().__init__()
        self.name = "read"
        self.articles = articles
        self.seed = seed

    def _process(self, inputs: Any) -> None:
        from hpcd4p.workflows.sentiment.corpus import Corpus

        corpus = Corpus(self.seed)
        for number in range(1, self.articles + 1):
            self.write(self.OUTPUT_NAME, corpus.row(number))


class Check(IterativePE):
    """Row → article; a row that is none raises, and so becomes a dead letter that names its line."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "check"

    def _process(self, row: Any) -> Any:
        return check(row)


class AfinnScore(IterativePE):
    """Article → its score by AFINN."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "afinn_score"

    def preprocess(self) -> None:
        """Load the lexicon."""
        from hpcd4p.workflows.sentiment.lexicons import load_afinn

        self._values = load_afinn()

    def _process(self, article: Any) -> Any:
        return scores.afinn_score(article, self._values)


class Tokenise(IterativePE):
    """Article → its words."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "tokenise"

    def _process(self, article: Any) -> Any:
        return scores.tokenise(article)


class VaderScore(IterativePE):
    """Words → the sums of what VADER's lexicon says of them."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "vader_score"

    def preprocess(self) -> None:
        """Load the lexicon."""
        from hpcd4p.workflows.sentiment.lexicons import load_vader

        self._lexicon = load_vader()

    def _process(self, tokens: Any) -> Any:
        return scores.lexicon_sums(tokens, self._lexicon)


class Average(IterativePE):
    """Sums → the score of the article."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "vader_average"

    def _process(self, sums: Any) -> Any:
        return scores.average(sums)


class FindState(IterativePE):
    """Scored article → the same with the state of its place."""

    def __init__(self, method: str) -> None:
        super().__init__()
        self.name = f"{method.lower()}_state"

    def _process(self, scored: Any) -> Any:
        return scores.locate(scored)


class HappyState(GenericPE):
    """Adds up the scores by state, grouped as in the paper; writes each state at the end.

    Parameters
    ----------
    instances
        Parts that the states are spread over.
    """

    ordered = False  # whole numbers

    def __init__(self, method: str, instances: int) -> None:
        super().__init__(numprocesses=instances)
        self.name = f"{method.lower()}_happy"
        self.moods = Moods()
        self._add_input(self.INPUT_NAME, grouping=[2, 3])
        self._add_output(self.OUTPUT_NAME)
        self._add_output(f"{method.lower()}_states")
        self._states = f"{method.lower()}_states"

    def process(self, inputs: dict[str, Any]) -> None:
        """Add one article."""
        self.moods.add(inputs[self.INPUT_NAME])

    def _postprocess(self) -> None:
        for mood in self.moods.all():
            self.write(self._states, mood)
            self.write(self.OUTPUT_NAME, mood)


class TopStates(GenericPE):
    """Ranks the states of all instances; writes the happiest ones, and how many articles there were."""

    ordered = False

    def __init__(self, method: str, top: int, by: str) -> None:
        super().__init__()
        self.name = f"{method.lower()}_top"
        self.method = method
        self.top = top
        self.by = by
        self.moods: list[Mood] = []
        self._places, self._counts = f"{method.lower()}_top", f"{method.lower()}_counts"
        self._add_input(self.INPUT_NAME, grouping="global")
        self._add_output(self._places)
        self._add_output(self._counts)

    def process(self, inputs: dict[str, Any]) -> None:
        """Take one state."""
        self.moods.append(inputs[self.INPUT_NAME])

    def _postprocess(self) -> None:
        for place in happiest(self.moods, self.top, self.by):
            self.write(self._places, place)
        articles = sum(mood.articles for mood in self.moods)
        nowhere = sum(mood.articles for mood in self.moods if mood.state == UNKNOWN)
        states = sum(mood.state != UNKNOWN for mood in self.moods)
        self.write(self._counts, {"articles": articles, "nowhere": nowhere, "states": states})
