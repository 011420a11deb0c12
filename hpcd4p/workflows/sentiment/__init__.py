"""Sentiment of news articles by state of the USA: the stateful application of the paper (WORKS 2023).

Two methods score every article; each has its ranking of the happiest states::

                   ┌─ afinn_score ─ afinn_state ═ afinn_happy (1) ══════════════════════════ afinn_top
    read ─ check ──┤
                   └─ tokenise ─ vader_score ─ vader_average ─ vader_state ═ vader_happy (3) ═ vader_top

``═`` before ``happy``: grouped by state and method; before ``top``: all to one. README.md in this folder says
what is computed and from what. Every rank imports this package: it imports little, and no lexicon.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpcd4p import WorkflowGraph
from hpcd4p.workflows.common import add_plot, readable_file, require, whole

if TYPE_CHECKING:
    import argparse

ARTICLES = 2470
"""As many as the paper has."""

INSTANCES = {"AFINN": 1, "VADER": 3}
"""Instances of the grouped element of each branch, as in the paper."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of this workflow, given after its name."""
    parser.add_argument(
        "--input",
        type=readable_file,
        metavar="FILE",
        help="CSV (or .tsv) in UTF-8 with columns text and location, perhaps title (default: generated)",
    )
    parser.add_argument(
        "--articles",
        type=whole(1, 10_000_000),
        default=ARTICLES,
        metavar="N",
        help=f"articles to generate ({ARTICLES}); not with --input",
    )
    parser.add_argument(
        "--seed", type=whole(0, 2**63 - 1), default=1, metavar="N", help="of what is generated (1)"
    )
    parser.add_argument("--top", type=whole(1, 1000), default=3, metavar="N", help="states in a ranking (3)")
    parser.add_argument(
        "--by",
        choices=("total", "mean"),
        default="total",
        help="rank states by the sum of the scores of their articles, as the paper does, or by the mean",
    )
    add_plot(parser, "the scores of all states")


def build(options: Any) -> WorkflowGraph:
    """Graph for `options`; see `add_options`.

    Raises
    ------
    WorkflowError
        The extra ``sentiment`` is not installed, or the input file is no table of articles.
    """
    from hpcd4p.workflows.sentiment import elements
    from hpcd4p.workflows.sentiment.lexicons import PACKAGES
    from hpcd4p.workflows.sentiment.newspaper import find_columns

    require("sentiment", *PACKAGES)
    read: Any = (
        elements.ReadFile(options.input, find_columns(options.input))
        if options.input
        else elements.WriteCorpus(options.articles, options.seed)
    )
    check = elements.Check()
    graph = WorkflowGraph()
    graph.name = "sentiment"
    graph.connect(read, "output", check, "input")
    branches: dict[str, list[Any]] = {
        "AFINN": [elements.AfinnScore()],
        "VADER": [elements.Tokenise(), elements.VaderScore(), elements.Average()],
    }
    for method, scorers in branches.items():
        before: Any = check
        for element in [
            *scorers,
            elements.FindState(method),
            elements.HappyState(method, INSTANCES[method]),
            elements.TopStates(method, options.top, options.by),
        ]:
            graph.connect(before, "output", element, "input")
            before = element
    return graph


def present(summary: Any, outputs: dict[str, list[Any]], options: Any) -> str:
    """Both rankings in words; the picture, if one was asked for."""
    from hpcd4p.workflows.sentiment.report import text

    return text(outputs, options)
