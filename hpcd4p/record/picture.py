"""A run in a picture: when each rank was busy, lent, idle or parked, and what the auto-scaler saw and wanted.

The only file of `record` that imports matplotlib, and only when a picture is made.
"""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcd4p.errors import RecordError
from hpcd4p.packages import lack_of
from hpcd4p.record.move_panel import draw_hand_overs, draw_places, height_of_places
from hpcd4p.record.pool_panels import draw_active, draw_backlog, draw_rates, legend
from hpcd4p.record.replacing import check_place, replacing
from hpcd4p.record.scaling import Scaling
from hpcd4p.record.summary import Summary

if TYPE_CHECKING:
    from hpcd4p.record.history import Table, Timelines

ENDINGS = (".png", ".svg", ".pdf")
"""Of the files that can be written."""

BUSY, LENT, IDLE, PARKED, UNKNOWN = "#0072B2", "#56B4E9", "#F0C808", "#DADADA", "#FFFFFF"
"""Okabe and Ito's blues and a yellow near theirs: apart for every kind of colour blindness, and in grey."""

SEPARATE_RANKS = 40
"""Up to so many ranks have a gap between their rows."""

STACKED_RANKS = 150
"""Up to so many ranks have rows in which the height of a colour is its part of the time; else colours mix."""

STEPS = 600
"""Steps of height for all rows together: more than a picture has pixels."""

STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 7.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "hpcd4p",
    "pdf.fonttype": 42,
    "savefig.dpi": 200,
}


def check_name(path: Path) -> None:
    """Check that a picture can be written to that path.

    Raises
    ------
    RecordError
        Its ending is not that of a known kind of picture, or its folder cannot be written.
    """
    if path.suffix.lower() not in ENDINGS:
        raise RecordError(f"{path}: a picture ends in {', '.join(ENDINGS)}; give such a name with -o")
    check_place(path)


def load_matplotlib() -> Any:
    """Give the module matplotlib, without a window.

    Raises
    ------
    MissingPackage
        It is not there, or broken.
    """
    try:
        import matplotlib
        from matplotlib import figure  # noqa: F401  # no pyplot: neither a window nor a state is wanted
    except Exception as error:  # built for another numpy, it raises anything
        raise lack_of("matplotlib", error) from error
    return matplotlib


def draw(path: Path, summary: Summary, scaling: Scaling, timelines: Timelines | None) -> None:
    """Write the picture of a run to `path`; its ending says of which kind.

    Raises
    ------
    RecordError
        It cannot be written; then nothing of it is left.
    MissingPackage
        There is no matplotlib.
    """
    matplotlib = load_matplotlib()
    with matplotlib.rc_context(STYLE):
        figure = figure_of(matplotlib, summary, scaling, timelines)
        made = rendered(figure, path.suffix.lower().lstrip("."))
    with replacing(path, "the picture", "wb") as file:
        file.write(made)


def rendered(figure: Any, kind: str) -> bytes:
    """Give a figure as a file of a kind (``png``, ``svg``, ``pdf``) that is the same each time."""
    made = io.BytesIO()
    dated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind, {})
    figure.savefig(made, format=kind, metadata=dated)
    return made.getvalue()


def figure_of(matplotlib: Any, summary: Summary, scaling: Scaling, timelines: Timelines | None) -> Any:
    """Give the picture of a run as a figure of matplotlib; to be called, and drawn, with `STYLE`."""
    panels = [
        *([(_draw_timelines, _height(summary))] if timelines is not None else []),
        *([(draw_places, height_of_places(scaling.moves))] if scaling.moves.made else []),
        *([(draw_active, 1.3), (draw_backlog, 1.0), (draw_rates, 1.0)] if scaling.ticks else []),
    ]
    heights = [height for _, height in panels]
    figure = matplotlib.figure.Figure(figsize=(7.0, sum(heights) + 0.9), layout="constrained")
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    unit_s, unit = _unit(summary.elapsed_s)
    for letter, (draw_panel, _), axis in zip("abcde", panels, axes, strict=False):
        draw_panel(axis, summary, scaling, timelines, unit_s)
        axis.set_title(letter, loc="left", fontweight="bold", fontsize=9, x=-0.08)
    axes[-1].set_xlim(0, max(summary.elapsed_s, 1e-6) / unit_s)
    axes[-1].set_xlabel(f"time since the start of the run ({unit})")
    figure.align_ylabels(axes)
    policy = f", policy {scaling.policy}" if scaling.ranks else ""
    figure.suptitle(f"{summary.workflow} on {summary.ranks:,} ranks{policy}", fontsize=9)
    return figure


def _height(summary: Summary) -> float:
    """Inches for the ranks: a few need little, a thousand no more than fifty."""
    return min(3.4, max(1.1, 0.6 + 0.13 * summary.ranks))


def _unit(elapsed_s: float) -> tuple[float, str]:
    if elapsed_s < 300:
        return 1.0, "s"
    return (60.0, "min") if elapsed_s < 3 * 3600 else (3600.0, "h")


# ---- the state of each rank over time


def _draw_timelines(
    axis: Any, summary: Summary, scaling: Scaling, timelines: Timelines | None, unit_s: float
) -> None:
    from matplotlib.patches import Patch

    assert timelines is not None
    image, ranks = _image(summary, timelines)
    end = image.shape[1] * timelines.bin_s / unit_s
    stacked = len(ranks) <= STACKED_RANKS
    axis.imshow(
        image, aspect="auto", origin="lower", interpolation="nearest" if stacked else "antialiased",
        extent=(0, end, ranks[0] - 0.5, ranks[-1] + 0.5),
    )  # fmt: skip
    axis.spines[["left", "bottom"]].set_visible(False)
    if len(ranks) <= SEPARATE_RANKS:
        for rank in ranks[1:]:
            axis.axhline(rank - 0.5, color="white", linewidth=1.5)
    axis.yaxis.get_major_locator().set_params(integer=True)
    stateful = [f.rank for f in summary.ranks_figures if "stateful" in f.role and "pool" not in f.role]
    if stateful and len(stateful) < len(ranks):
        axis.axhline(max(stateful) + 0.5, color="black", linewidth=0.8)
        axis.text(
            1.005, (max(stateful) + min(stateful)) / 2, "stateful\ngroup", va="center", fontsize=6.5,
            transform=axis.get_yaxis_transform(),
        )  # fmt: skip
    axis.set_ylabel("rank")
    marks = draw_hand_overs(axis, scaling.moves, ranks, unit_s)
    lost = any(f.state == "lost" for f in summary.ranks_figures)
    lent = any(f.lent_s for f in summary.ranks_figures)
    named = [
        ("busy", BUSY), *([("lent to the pool", LENT)] if lent else []), ("idle", IDLE), ("parked", PARKED),
        *([("lost", UNKNOWN)] if lost else []),
    ]  # fmt: skip
    patches = [Patch(facecolor=c, label=name, edgecolor="#999999", linewidth=0.4) for name, c in named]
    legend(axis, [*patches, *marks])


def _image(summary: Summary, timelines: Timelines) -> tuple[Table, list[int]]:
    """Colours (ranks times steps, bins, 3); the head has a row only if it has lent itself to the pool."""
    import numpy as np
    from matplotlib.colors import to_rgb

    bins = max(1, int(np.ceil(summary.elapsed_s / timelines.bin_s - 1e-6)))
    ranks = [figures.rank for figures in summary.ranks_figures if figures.rank or figures.lent_s]
    ranks = list(range(ranks[0], ranks[-1] + 1)) if ranks else timelines.ranks
    row = {rank: i for i, rank in enumerate(ranks)}
    steps = max(4, STEPS // len(ranks)) if len(ranks) <= STACKED_RANKS else 1
    heights = (np.arange(steps)[:, None] + 0.5) / steps
    image = np.ones((len(ranks), steps, bins, 3))
    edges = np.arange(bins + 1) * timelines.bin_s
    edges[-1] = min(edges[-1], max(summary.elapsed_s, edges[-2] + 1e-9))
    for i, rank in enumerate(timelines.ranks):
        if rank not in row:
            continue
        there = np.clip(edges[1:] - np.maximum(edges[:-1], timelines.began_s[i]), 1e-9, None)
        busy, parked = _fitted(timelines.busy[i], bins), _fitted(timelines.parked[i], bins)
        parked = np.clip(parked / there, 0, 1)
        busy = np.clip(busy / there, 0, 1 - parked)
        lent = np.clip(_fitted(timelines.lent[i], bins) / there, 0, 1 - parked - busy)
        parts = [busy, lent, 1 - busy - lent - parked, parked]
        if steps > 1:  # in this order, from the bottom
            below = np.cumsum([0 * busy, *parts], axis=0)
            parts = [(heights >= low) & (heights < high) for low, high in pairwise(below)]
            parts[-1] |= heights >= below[-1]
        colours = map(to_rgb, (BUSY, LENT, IDLE, PARKED))
        image[row[rank]] = sum(np.multiply.outer(p, c) for p, c in zip(parts, colours, strict=True))
        image[row[rank]][:, edges[1:] <= timelines.began_s[i]] = to_rgb(UNKNOWN)
    return image.reshape(-1, bins, 3), ranks


def _fitted(row: Table, bins: int) -> Table:
    """`row` with exactly `bins` bins."""
    import numpy as np

    fitted = np.zeros(bins)
    fitted[: min(bins, len(row))] = row[:bins]
    return fitted
