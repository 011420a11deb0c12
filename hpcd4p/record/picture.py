"""A run in a picture: when each rank was busy, idle or parked, and what the auto-scaler saw and wanted.

The only file of `record` that imports matplotlib, and only when a picture is made.
"""

from __future__ import annotations

import io
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcd4p.errors import RecordError
from hpcd4p.packages import lack_of
from hpcd4p.record.scaling import Scaling, Tick
from hpcd4p.record.summary import Summary

if TYPE_CHECKING:
    from hpcd4p.record.history import Lives, Table

ENDINGS = (".png", ".svg", ".pdf")
"""Of the files that can be written."""

BUSY, IDLE, PARKED, UNKNOWN = "#0072B2", "#F0C808", "#DADADA", "#FFFFFF"
"""Okabe and Ito's blue and a yellow near theirs: apart for every kind of colour blindness, and in grey."""

TARGET, DONE, ARRIVED, BACKLOG = "#000000", "#009E73", "#D55E00", "#555555"

MOST_POINTS = 400
"""Of a curve: more looks than this become averages."""

SEPARATE_RANKS = 40
"""Up to so many ranks have a gap between their rows."""

STACKED_RANKS = 150
"""Up to so many ranks have rows in which the height of a colour is its part of the time; else colours mix."""

STEPS = 600
"""Steps of height for all rows together: more than a picture has pixels."""

PEAK = 2.5
"""A peak of what is written that is so many times what is done is cut off, and told in words."""

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
    """See that a picture can be made under that name.

    Raises
    ------
    RecordError
        Its ending says no kind of picture that can be written, or its folder cannot be written.
    """
    if path.suffix.lower() not in ENDINGS:
        raise RecordError(f"{path}: a picture ends in {', '.join(ENDINGS)}; give such a name with -o")
    folder = path.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        what = "cannot be written into" if folder.is_dir() else "does not exist"
        raise RecordError(f"{path}: the folder {folder} {what}; give another name with -o")
    if path.is_dir():
        raise RecordError(f"{path} is a folder; give another name with -o")


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


def draw(path: Path, summary: Summary, scaling: Scaling, lives: Lives | None) -> None:
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
        figure = figure_of(matplotlib, summary, scaling, lives)
        made = rendered(figure, path.suffix.lower().lstrip("."))
    _write(path, made)


def rendered(figure: Any, kind: str) -> bytes:
    """Give a figure as a file of a kind (``png``, ``svg``, ``pdf``) that is the same each time."""
    made = io.BytesIO()
    dated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind, {})
    figure.savefig(made, format=kind, metadata=dated)
    return made.getvalue()


def _write(path: Path, data: bytes) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        aside.write_bytes(data)
        aside.replace(path)
    except OSError as error:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
        raise RecordError(f"{path}: the picture cannot be written: {error.strerror}") from error


def figure_of(matplotlib: Any, summary: Summary, scaling: Scaling, lives: Lives | None) -> Any:
    """Give the picture of a run as a figure of matplotlib; to be called, and drawn, with `STYLE`."""
    panels = [
        *([(_draw_lives, _height(summary))] if lives is not None else []),
        *([(_draw_active, 1.3), (_draw_backlog, 1.0), (_draw_rates, 1.0)] if scaling.ticks else []),
    ]
    heights = [height for _, height in panels]
    figure = matplotlib.figure.Figure(figsize=(7.0, sum(heights) + 0.9), layout="constrained")
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    unit_s, unit = _unit(summary.elapsed_s)
    for letter, (draw_panel, _), axis in zip("abcd", panels, axes, strict=False):
        draw_panel(axis, summary, scaling, lives, unit_s)
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


# ---- when each rank was what


def _draw_lives(axis: Any, summary: Summary, scaling: Scaling, lives: Lives | None, unit_s: float) -> None:
    from matplotlib.patches import Patch

    assert lives is not None
    image, ranks = _image(summary, lives)
    end = image.shape[1] * lives.bin_s / unit_s
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
    lost = any(f.state == "lost" for f in summary.ranks_figures)
    named = [("busy", BUSY), ("idle", IDLE), ("parked", PARKED), *([("lost", UNKNOWN)] if lost else [])]
    _legend(axis, [Patch(facecolor=c, label=name, edgecolor="#999999", linewidth=0.4) for name, c in named])


def _image(summary: Summary, lives: Lives) -> tuple[Table, list[int]]:
    """Colours (ranks times steps, bins, 3) of the ranks beside the head, whose work is not the pool's."""
    import numpy as np
    from matplotlib.colors import to_rgb

    bins = max(1, int(np.ceil(summary.elapsed_s / lives.bin_s - 1e-6)))
    ranks = [figures.rank for figures in summary.ranks_figures if figures.rank]
    ranks = list(range(ranks[0], ranks[-1] + 1)) if ranks else lives.ranks
    row = {rank: i for i, rank in enumerate(ranks)}
    steps = max(4, STEPS // len(ranks)) if len(ranks) <= STACKED_RANKS else 1
    heights = (np.arange(steps)[:, None] + 0.5) / steps
    image = np.ones((len(ranks), steps, bins, 3))
    edges = np.arange(bins + 1) * lives.bin_s
    edges[-1] = min(edges[-1], max(summary.elapsed_s, edges[-2] + 1e-9))
    for i, rank in enumerate(lives.ranks):
        if rank not in row:
            continue
        there = np.clip(edges[1:] - np.maximum(edges[:-1], lives.began_s[i]), 1e-9, None)
        busy, parked = _fitted(lives.busy[i], bins), _fitted(lives.parked[i], bins)
        parked = np.clip(parked / there, 0, 1)
        busy = np.clip(busy / there, 0, 1 - parked)
        parts = [busy, 1 - busy - parked, parked]
        if steps > 1:  # from the bottom: busy, idle, parked
            parts = [heights < busy, (heights >= busy) & (heights < 1 - parked), heights >= 1 - parked]
        colours = map(to_rgb, (BUSY, IDLE, PARKED))
        image[row[rank]] = sum(np.multiply.outer(p, c) for p, c in zip(parts, colours, strict=True))
        image[row[rank]][:, edges[1:] <= lives.began_s[i]] = to_rgb(UNKNOWN)
    return image.reshape(-1, bins, 3), ranks


def _fitted(row: Table, bins: int) -> Table:
    """`row` with exactly `bins` bins."""
    import numpy as np

    found = np.zeros(bins)
    found[: min(bins, len(row))] = row[:bins]
    return found


# ---- what the auto-scaler saw


def _curve(ticks: list[Tick], values: list[float], unit_s: float) -> tuple[Table, Table]:
    """(times, values), averaged where there are more than `MOST_POINTS`."""
    import numpy as np

    step = -(-len(ticks) // MOST_POINTS)
    times, heights = np.array([t.time_s for t in ticks]) / unit_s, np.array(values, float)
    if step > 1:
        starts = np.arange(0, len(times), step)
        sizes = np.diff([*starts, len(times)])
        times, heights = times[starts], np.add.reduceat(heights, starts) / sizes
    return times, heights


def _draw_active(axis: Any, summary: Summary, scaling: Scaling, lives: Lives | None, unit_s: float) -> None:
    import numpy as np

    ticks = scaling.ticks
    times, active = _curve(ticks, [float(t.active) for t in ticks], unit_s)
    _, working = _curve(ticks, [t.active - t.idle for t in ticks], unit_s)
    living = np.maximum(active, _curve(ticks, [float(t.active + t.parked) for t in ticks], unit_s)[1])
    end = summary.elapsed_s / unit_s
    times = np.array([0.0, *times, max(end, times[-1])])
    below = np.zeros(len(times))
    for top, colour in ((working, BUSY), (active, IDLE), (living, PARKED)):
        above = np.array([top[0], *top, top[-1]])
        axis.fill_between(times, below, above, step="pre", color=colour, linewidth=0)
        below = above
    axis.step(
        [*(t.time_s / unit_s for t in ticks), end],
        [*(t.target for t in ticks), ticks[-1].target],
        where="post", color=TARGET, lw=1.0, label="target of the policy",
    )  # fmt: skip
    axis.set_ylim(0, 1.04 * max(scaling.ranks, 1))
    axis.yaxis.get_major_locator().set_params(integer=True)
    axis.set_ylabel("ranks of\nthe pool")
    _legend(axis)


def _draw_backlog(axis: Any, summary: Summary, scaling: Scaling, lives: Lives | None, unit_s: float) -> None:
    ticks = scaling.ticks
    times, tasks = _curve(ticks, [float(t.backlog_tasks) for t in ticks], unit_s)
    axis.fill_between(times, tasks, color=BACKLOG, alpha=0.25, linewidth=0)
    axis.plot(times, tasks, color=BACKLOG, lw=0.9)
    axis.set_ylim(bottom=0)
    axis.yaxis.get_major_locator().set_params(integer=True)
    axis.set_ylabel("backlog\n(tasks)")
    axis.yaxis.set_major_formatter("{x:,g}")


def _draw_rates(axis: Any, summary: Summary, scaling: Scaling, lives: Lives | None, unit_s: float) -> None:
    ticks = scaling.ticks
    times, arrived = _curve(ticks, [t.arrived for t in ticks], unit_s)
    _, done = _curve(ticks, [t.done for t in ticks], unit_s)
    peak, most = float(arrived.max()), float(done.max())
    cut = most > 0 and peak > PEAK * most
    told = f"written (up to {peak:,.0f}/s)" if cut else "written"
    axis.plot(times, arrived, color=ARRIVED, lw=0.9, label=told)
    axis.plot(times, done, color=DONE, lw=1.1, label="done")
    axis.set_ylim(0, 1.3 * most if cut else None)
    axis.set_ylabel("throughput\n(tuples/s)")
    axis.yaxis.set_major_formatter("{x:,g}")
    _legend(axis)


def _legend(axis: Any, handles: list[Any] | None = None) -> None:
    axis.legend(
        handles=handles, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=4, borderaxespad=0.2,
        handlelength=1.3, columnspacing=1.4,
    )  # fmt: skip
