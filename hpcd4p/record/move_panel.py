"""Partitions that move, in the picture of a run: each hand-over, and which ranks hold how many over time.

Draws on axes that it is given; imports no matplotlib.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hpcd4p.record.moves import Moves
from hpcd4p.record.scaling import Scaling
from hpcd4p.record.summary import Summary

if TYPE_CHECKING:
    from hpcd4p.record.history import Timelines

MOVED = "#D55E00"
"""Okabe and Ito's vermilion: on the blues and the yellow of the ranks' rows."""

MOST_ARROWS = 200
"""More hand-overs than this are drawn as their moments alone."""

NUMBERED_ROWS = 16
"""Up to so many ranks have the numbers of their partitions written out."""

WIDE = 0.04
"""A time must be this part of the run for a number to have room in it."""


def draw_hand_overs(axis: Any, moves: Moves, ranks: Sequence[int], unit_s: float) -> list[Any]:
    """Mark each hand-over by an arrow from rank to rank, at the time when it was done; gives the legend."""
    from matplotlib.lines import Line2D

    if not moves.made:
        return []
    few = len(moves.made) <= MOST_ARROWS
    for move in moves.made:
        at = move.time_s / unit_s
        if few:
            axis.annotate(
                "", xy=(at, move.target), xytext=(at, move.source), annotation_clip=False,
                arrowprops={"arrowstyle": "-|>", "color": MOVED, "lw": 1.0, "shrinkA": 0, "shrinkB": 0,
                            "mutation_scale": 7},
            )  # fmt: skip
            axis.plot([at], [move.source], "o", color=MOVED, ms=2.5, clip_on=False)
        else:
            axis.plot([at], [ranks[-1] + 0.5], "v", color=MOVED, ms=2.5, clip_on=False)
    return [Line2D([], [], color=MOVED, lw=1.0, marker=">" if few else "v", ms=3, label="partition moves")]


def holders(moves: Moves, elapsed_s: float) -> dict[int, list[tuple[float, float, int]]]:
    """(from, to, partitions held) of each rank that has held any, in seconds and in order of time."""
    held = Counter(place.rank for place in moves.first)
    ranks = sorted({*held, *(move.target for move in moves.made)})
    since = dict.fromkeys(ranks, 0.0)
    spans: dict[int, list[tuple[float, float, int]]] = {rank: [] for rank in ranks}
    for move in sorted(moves.made, key=lambda move: move.time_s):
        for rank, change in ((move.source, -1), (move.target, 1)):
            if move.time_s > since[rank]:
                spans[rank].append((since[rank], move.time_s, held[rank]))
            since[rank] = move.time_s
            held[rank] += change
    for rank in ranks:
        if elapsed_s > since[rank]:
            spans[rank].append((since[rank], elapsed_s, held[rank]))
    return spans


def height_of_places(moves: Moves) -> float:
    """Inches for the panel of `draw_places`."""
    ranks = {place.rank for place in moves.first} | {move.target for move in moves.made}
    return min(2.2, 0.45 + 0.16 * len(ranks))


def draw_places(
    axis: Any, summary: Summary, scaling: Scaling, timelines: Timelines | None, unit_s: float
) -> None:
    """Draw how many partitions each rank held: the darker, the more."""
    spans = holders(scaling.moves, summary.elapsed_s)
    most = max(number for each in spans.values() for _, _, number in each)
    numbered = len(spans) <= NUMBERED_ROWS
    for row, each in enumerate(spans.values()):
        for begin_s, end_s, number in each:
            if not number:
                continue
            shade = 0.25 + 0.6 * number / most
            axis.barh(
                row, (end_s - begin_s) / unit_s, left=begin_s / unit_s, height=0.8 if numbered else 1.0,
                color=str(round(1 - shade, 3)), linewidth=0,
            )  # fmt: skip
            if numbered and end_s - begin_s >= WIDE * summary.elapsed_s:
                axis.text(
                    (begin_s + end_s) / 2 / unit_s, row, f"{number:,}", ha="center", va="center", fontsize=6,
                    color="white" if shade > 0.5 else "black",
                )  # fmt: skip
    step = -(-len(spans) // NUMBERED_ROWS)
    axis.set_yticks(range(0, len(spans), step), [str(rank) for rank in list(spans)[::step]])
    axis.set_ylim(-0.5, len(spans) - 0.5)
    axis.spines[["left", "bottom"]].set_visible(False)
    axis.set_ylabel("partitions\nof rank")
