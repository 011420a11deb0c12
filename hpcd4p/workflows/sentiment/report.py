"""The rankings in words, and as a picture."""

from __future__ import annotations

from typing import Any

from hpcd4p import table
from hpcd4p.workflows.common import rows, save_figure
from hpcd4p.workflows.sentiment.ranking import Place, happiest

SCALES = {"AFINN": "points; an article has -5 to 5", "VADER": "points; an article has -4 to 4"}
"""Unit of the scores by method."""

ROW_INCHES = 0.17
"""Height of a bar with its name."""


def text(outputs: dict[str, list[Any]], options: Any) -> str:
    """What the run has found; empty if it came to no end.

    Parameters
    ----------
    outputs
        Rows of each output by 'element.output'.
    options
        Those of the workflow.
    """
    counts = rows(outputs, "afinn_counts")
    if not counts:
        return ""
    count = counts[0]
    source = options.input or f"generated, seed {options.seed}"
    nowhere = f"; {count['nowhere']:,} name no state" if count["nowhere"] else ""
    lines = [f"{count['articles']:,} articles ({source}) from {count['states']} states{nowhere}"]
    for method, scale in SCALES.items():
        places = [Place(*place) for place in rows(outputs, f"{method.lower()}_top")]
        if places:
            lines += ["", f"Happiest by {method} ({scale})", *_lines(places)]
    if options.plot:
        lines += ["", _plot(outputs, options)]
    return "\n".join(lines)


def _lines(places: list[Place]) -> list[str]:
    places = sorted(places, key=lambda place: place.rank)
    return table(
        ("rank", "state", "articles", "total", "mean"),
        [(str(p.rank), p.state, f"{p.articles:,}", f"{p.total:,.3f}", f"{p.mean:.3f}") for p in places],
        left=2,
    )


def _plot(outputs: dict[str, list[Any]], options: Any) -> str:
    from hpcd4p.workflows.sentiment.ranking import Mood

    def draw(figure: Any) -> None:
        axes = figure.subplots(1, len(SCALES))
        for axis, (method, scale) in zip(axes, SCALES.items(), strict=True):
            moods = [Mood(*mood) for mood in rows(outputs, f"{method.lower()}_states")]
            places = happiest(moods, len(moods), options.by)[::-1]
            axis.barh(
                [place.state for place in places],
                [getattr(place, options.by) for place in places],
                color=["tab:orange" if place.rank <= options.top else "tab:blue" for place in places],
            )
            axis.set_title(f"{method}: {options.by} score of the articles")
            axis.set_xlabel(scale)
            axis.tick_params(axis="y", labelsize=7)
            axis.margins(y=0.01)

    states = max(len(rows(outputs, f"{method.lower()}_states")) for method in SCALES)
    return save_figure(options.plot, draw, size=(10.0, 1.5 + ROW_INCHES * states))
