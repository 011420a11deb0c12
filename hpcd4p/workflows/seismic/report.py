"""What the run has found, in words and as a picture. Called once, at the end, on the head."""

from __future__ import annotations

import math
from typing import Any

from hpcd4p import table
from hpcd4p.workflows.common import rows, save_figure

SECTION_INCHES = (7.0, 8.0)

BESIDE_S = 2.5
"""The expected lag is drawn so far beside the picture of the correlation."""


def present(summary: Any, outputs: dict[str, list[Any]], options: Any) -> str:
    """Give the best pairs as a table, and whether known lags were found."""
    lines = []
    files = rows(outputs, "files")
    if options.output is not None and files:
        lines.append(f"{len(files):,} spectra in {options.output}")
    skipped = rows(outputs, "skipped")
    if skipped:
        minutes = sum(row[1] for row in skipped) / 60
        lines.append(f"{len(skipped):,} parts of traces ({minutes:.1f} min) fill no window and were left out")
    for overview in rows(outputs, "overview"):
        lines += _overview(overview, rows(outputs, "best"))
    if options.plot is not None and options.phase != "1":
        lines.append(_plot(options.plot, rows(outputs, "pairs")))
    return "\n".join(lines)


def _overview(overview: dict[str, Any], best: list[dict[str, Any]]) -> list[str]:
    if not overview["pairs"]:
        return ["no pairs"]
    lines = [f"{overview['pairs']:,} pairs; those with the largest coefficients:"]
    lines += _table(
        sorted(best, key=lambda row: (-abs(row["coefficient"]), row["a"], row["b"], row["start"]))
    )
    if overview["known"]:
        lines.append(
            f"{overview['within_a_sample']:,} of {overview['known']:,} lags are within one sample of those "
            f"expected; the furthest is {overview['worst_s']:.3f} s off"
        )
    if overview["not_in_m_s"]:
        lines.append(
            f"{overview['not_in_m_s']:,} pairs have a trace whose response is not known: it stayed in counts "
            "(--inventory gives responses)"
        )
    return lines


def _table(best: list[dict[str, Any]]) -> list[str]:
    known = any(not math.isnan(row["expected_s"]) for row in best)
    times = len({(row["start"], row["windows"]) for row in best}) > 1
    stacked = any(row["windows"] > 1 for row in best)
    head = ["pair", *(["start (UTC)"] if times else []), "lag s", *(["expected s"] if known else [])]
    head += ["coefficient", "SNR", *(["windows"] if stacked else [])]
    lines = []
    for row in best:
        line = [f"{row['a']} - {row['b']}", *([row["start"]] if times else []), f"{row['lag_s']:+.2f}"]
        line += [f"{row['expected_s']:+.2f}"] if known else []
        line += [f"{row['coefficient']:+.3f}", "" if math.isnan(row["snr"]) else f"{row['snr']:.1f}"]
        lines.append([*line, *([f"{row['windows']:,}"] if stacked else [])])
    return table(head, lines, left=2 if times else 1)


def _plot(path: str, pairs: list[dict[str, Any]]) -> str:
    if not pairs:
        return "No picture: there are no pairs, or more than can be drawn; the record has them"
    known = not any(math.isnan(row["expected_s"]) for row in pairs)
    if known:
        pairs = sorted(pairs, key=lambda row: row["expected_s"])
    else:
        pairs = sorted(pairs, key=lambda row: (row["a"], row["b"], row["start"]))
    return save_figure(path, lambda figure: draw_section(figure, pairs, known), SECTION_INCHES)


def draw_section(figure: Any, pairs: list[dict[str, Any]], known: bool) -> None:
    """Draw one line of the picture per pair, its correlation over the lag as colour.

    Parameters
    ----------
    known
        The pairs have an expected lag, and are in its order; it is drawn too.
    """
    import numpy as np

    longest = max(len(row["correlation"]) // 2 / row["rate_hz"] for row in pairs)
    lags = np.linspace(-longest, longest, 2 * max(len(row["correlation"]) // 2 for row in pairs) + 1)
    section = np.zeros((len(pairs), len(lags)))
    for line, row in zip(section, pairs, strict=True):
        own = (np.arange(len(row["correlation"])) - len(row["correlation"]) // 2) / row["rate_hz"]
        line[:] = np.interp(lags, own, row["correlation"], left=0, right=0)
    axes = figure.subplots()
    # the colours of what is around the peaks: in full they are one sample wide
    size = float(np.quantile(np.abs(section).max(axis=1), 0.5)) / 2 or 1.0
    extent = (-longest, longest, len(pairs), 0)
    drawn = axes.imshow(
        section, cmap="RdBu_r", vmin=-size, vmax=size, aspect="auto", extent=extent, interpolation="nearest"
    )
    figure.colorbar(
        drawn, ax=axes, label="correlation coefficient (colours end before the peaks)", extend="both"
    )
    if known:
        # beside the peaks, not on them
        expected = np.array([row["expected_s"] for row in pairs])
        places = np.arange(len(pairs)) + 0.5
        for side, label in ((-BESIDE_S, f"expected, {BESIDE_S:g} s to either side"), (BESIDE_S, None)):
            axes.plot(expected + side, places, color="black", lw=0.8, label=label)
        axes.legend(loc="upper right")
    reach = max(abs(row["lag_s"]) for row in pairs)
    axes.set_xlim(*(side * min(longest, 1.5 * reach + 4 * BESIDE_S) for side in (-1, 1)))
    axes.set_xlabel("lag of the first station behind the second (s)")
    axes.set_ylabel("pair, in order of the expected lag" if known else "pair, in order of name")
