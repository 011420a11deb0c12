"""The laws that fit a study, and their figure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from hpcd4p.record.picture import load_matplotlib, rendered
from hpcd4p.study.report.cells import Series
from hpcd4p.study.report.figures import Picture, repeats_words
from hpcd4p.study.report.laws import AMDAHL, FAR, USL, Fit, fit_amdahl, fit_gustafson, fit_usl
from hpcd4p.study.report.panels import IDEAL, View, grid, is_log, legend, scale_y, styled, thinned, title_of
from hpcd4p.study.report.ratios import RUN

AMDAHL_COLOUR, USL_COLOUR, MEASURED = "#E69F00", "#0072B2", "#000000"

PANELS = 12

ALL, WITHOUT_HEAD = "ranks", "ranks without the head"

CLEARLY = 0.8
"""Of the error: so much smaller it must be for N to count anything but the ranks."""


class Fitted(NamedTuple):
    """The laws of one line of the study.

    Attributes
    ----------
    counted : str
        What N counts: `ALL`, or `WITHOUT_HEAD` where that describes the run times better; the head takes no
        tuples from 2 ranks on, so that 2 to 4 ranks are 1 to 3 that work.
    samples : dict[float, list[float]]
        N → run times in seconds.
    """

    line: Series
    counted: str
    samples: dict[float, list[float]]
    amdahl: Fit | None
    usl: Fit | None
    gustafson: Fit | None

    @property
    def fits(self) -> list[Fit]:
        """Those that there are."""
        return [f for f in (self.amdahl, self.usl, self.gustafson) if f is not None]

    @property
    def drawn(self) -> list[Fit]:
        """Those that describe the run times and can be drawn beside them."""
        return [f for f in (self.amdahl, self.usl) if f is not None and f.fits]

    @property
    def knee_ranks(self) -> float | None:
        """The knee as a number of ranks, the head among them; None if there is none."""
        if self.usl is None or self.usl.knee is None:
            return None
        return self.usl.knee + (self.counted == WITHOUT_HEAD)


def fitted(lines: Sequence[Series], weak: bool) -> list[Fitted]:
    """Fit the laws to the lines of a study; those that no law fits are left out."""
    if weak:
        every = [(line, _times(line)) for line in lines]
        fits = [Fitted(line, ALL, times, None, None, fit_gustafson(times)) for line, times in every]
        return [f for f in fits if f.fits]
    whole = [_fitted(line, ALL) for line in lines]
    headless = [_fitted(line, WITHOUT_HEAD) for line in lines]
    # the same for all lines: their parameters are compared
    better = _missed(headless) < CLEARLY * _missed(whole)
    return [f for f in (headless if better else whole) if f.fits]


def _times(line: Series) -> dict[float, list[float]]:
    return {float(c.ranks): c.values(RUN) for c in line.cells if c.values(RUN)}


def _fitted(line: Series, counted: str) -> Fitted:
    times = _times(line)
    if counted == WITHOUT_HEAD:  # one rank alone is another program: no head, no Redis, no MPI
        times = {n - 1: t for n, t in times.items() if n > 1}
    return Fitted(line, counted, times, fit_amdahl(times), fit_usl(times), None)


def _missed(fits: Sequence[Fitted]) -> float:
    """What the best laws of all lines are off, on average; infinite where one has none."""
    errors = [min((f.error for f in each.fits), default=float("inf")) for each in fits]
    return sum(errors) / len(errors) if errors else float("inf")


def law_pictures(view: View, laws: Sequence[Fitted], kinds: Sequence[str]) -> Iterator[Picture]:
    """Draw what was measured beside the laws; none if no law could be fitted. Not for weak scaling."""
    matplotlib = load_matplotlib()
    laws = [law for law in laws if law.amdahl is not None or law.usl is not None]
    for i in range(0, len(laws), PANELS):
        part = laws[i : i + PANELS]
        with styled(matplotlib):
            figure = _drawn(matplotlib, view, part)
            files = {kind: rendered(figure, kind) for kind in kinds}
        name = "laws" + (f"-{i // PANELS + 1}" if len(laws) > PANELS else "")
        yield Picture(name, _caption(part), len(part) > 1, files)


def _drawn(matplotlib: Any, view: View, laws: Sequence[Fitted]) -> Any:
    from matplotlib.lines import Line2D

    figure, axes = grid(matplotlib, len(laws), height=2.3)
    log = is_log(view.xs, True)
    ends: list[tuple[float, float]] = []
    for axis, law in zip(axes, laws, strict=True):
        ends.append(_draw(axis, law, log))
        axis.set_title(title_of(law.line.label), fontsize=8)
        axis.set_xlabel(f"N, {law.counted}")
        axis.tick_params(labelbottom=True)
        if axis.get_subplotspec().is_first_col():
            axis.set_ylabel("speed-up (ratio to N = 1)")
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    for axis in axes:  # the ideal may leave the panel
        axis.set_ylim(min(low, 1) / 1.15, 1.6 * high) if log else axis.set_ylim(0, 1.25 * high)
    handles = [Line2D([], [], color=MEASURED, marker="o", ms=3, lw=0, label="measured")]
    names = {fit.law for law in laws for fit in law.drawn}
    if USL in names:
        handles.append(Line2D([], [], color=USL_COLOUR, lw=1.3, label="USL"))
    if AMDAHL in names:
        handles.append(Line2D([], [], color=AMDAHL_COLOUR, lw=1.3, ls=(0, (5, 1.5)), label="Amdahl"))
    handles.append(Line2D([], [], color=IDEAL, lw=0.9, ls="--", label="ideal"))
    legend(figure, handles)
    return figure


def _draw(axis: Any, law: Fitted, log: bool) -> tuple[float, float]:
    """Draw one line of the study and its laws; gives the least and the largest speed-up."""
    import numpy as np
    from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

    main = law.usl or law.amdahl
    assert main is not None
    end = main.most
    if law.usl is not None and law.usl.knee is not None and law.usl.knee <= FAR * end:
        end = max(end, law.usl.knee)
    n = np.geomspace(1, end * 1.25, 200) if log else np.linspace(1, end * 1.1, 200)
    if log:
        axis.set_xscale("log", base=2)
        axis.xaxis.set_minor_locator(NullLocator())
        powers = [2.0**i for i in range(20) if 2**i <= end * 1.25]
        axis.xaxis.set_major_locator(FixedLocator(thinned(powers)))
        scale_y(axis, 2)
    else:
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.xaxis.set_major_formatter("{x:,g}")
    axis.plot(n, n, color=IDEAL, lw=0.9, ls="--", zorder=1)
    styles: dict[str, dict[str, Any]] = {
        AMDAHL: {"color": AMDAHL_COLOUR, "ls": (0, (5, 1.5))},
        USL: {"color": USL_COLOUR, "ls": "-"},
    }
    for fit in law.drawn:
        axis.plot(n, main.base_s / fit.run_time(n), lw=1.3, zorder=2, **styles[fit.law])
    if not law.drawn:
        axis.text(0.97, 0.03, "no law fits", fontsize=7, ha="right", transform=axis.transAxes)
    points = [(x, main.base_s / t) for x, times in law.samples.items() for t in times if t > 0]
    axis.plot(
        *zip(*points, strict=True), lw=0, marker="o", ms=2.8, mew=0, color=MEASURED, alpha=0.6, zorder=3
    )
    if law.usl is not None and law.usl.knee is not None and 1 <= law.usl.knee <= FAR * main.most:
        knee = law.usl.knee
        axis.axvline(knee, color=USL_COLOUR, lw=0.8, ls=":", zorder=1)
        axis.text(
            knee, 0.02, f"knee {knee:.0f} ", color=USL_COLOUR, fontsize=7, ha="right", va="bottom",
            transform=axis.get_xaxis_transform(),
        )  # fmt: skip
    return min(y for _, y in points), max(y for _, y in points)


def _caption(laws: Sequence[Fitted]) -> str:
    cells = [c for law in laws for c in law.line.cells]
    usl = any(law.usl is not None for law in laws)
    form = "T(N) = T(1) (1 + σ(N-1) + κN(N-1)) / N"
    words = ["Speed-up over one rank of the fitted law, with"]
    if usl:
        words.append(f"Amdahl's law and the universal scalability law (USL) {form}, fitted to the medians.")
    else:
        words.append(f"Amdahl's law {form} with κ = 0, fitted to the medians.")
        words.append("There are too few numbers of ranks for the universal scalability law.")
    words.append(f"Points: single runs ({repeats_words(cells)}).")
    missing = {f.law for law in laws for f in law.fits} - {f.law for law in laws for f in law.drawn}
    if missing:
        words.append(f"Not drawn, for it does not fit the run times: {' and '.join(sorted(missing))}.")
    if any(law.usl is not None and law.usl.knee is not None for law in laws):
        words.append("Dotted: the knee N* = √((1-σ)/κ).")
    if any(law.counted == WITHOUT_HEAD for law in laws):
        words.append(
            "Where N counts the ranks without the head, that describes the run times better: from 2 ranks on "
            "the head takes no tuples."
        )
    return " ".join(words)
