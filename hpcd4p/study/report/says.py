"""What a study says, in a paragraph made of its numbers. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hpcd4p.record.table import count
from hpcd4p.study.report.cells import RANKS, Cell, Row, Series, Shape, text_of, went_on, x_of
from hpcd4p.study.report.compare import LEVEL, Ratio
from hpcd4p.study.report.contents import number
from hpcd4p.study.report.law_figure import WITHOUT_HEAD, Fitted
from hpcd4p.study.report.laws import FAR
from hpcd4p.study.report.ratios import FILE, RUN, Comparison, Mean
from hpcd4p.study.running.states import COMPLETED

MOST = 3
"""Of one kind in the paragraph; the tables have all."""


def says(
    rows: Sequence[Row], lines: Sequence[Series], shape: Shape, laws: Sequence[Fitted],
    comparisons: Sequence[Comparison], weak: bool,
) -> list[str]:  # fmt: skip
    """Give the sentences of the paragraph."""
    cells = [c for line in lines for c in line.cells]
    if not any(c.runs for c in cells):
        return [_nothing(rows)]
    sentences = [_fastest(lines, shape)]
    if shape.along_ranks:
        sentences += [_speed_up(lines, weak), _efficiency(lines, weak)]
        sentences += [_law(laws)] if laws and not weak else [_gustafson(laws)] if weak else []
    sentences += [_best(c, shape) for c in comparisons]
    bad = sum(row.get("state") != COMPLETED for row in rows)
    if bad:
        sentences.append(f"{bad} of {len(rows)} attempts did not complete; they are listed below.")
    return [f for f in sentences if f]


def _nothing(rows: Sequence[Row]) -> str:
    if not rows:
        return "The results file has no runs: nothing has been run yet."
    if any(row.get("state") == COMPLETED for row in rows):
        return "All runs that completed went on from a checkpoint, so there are no times to draw."
    return (
        f"None of the {len(rows)} attempts completed, so there is nothing to draw. The list of failures says "
        "why each of them ended."
    )


def _fastest(lines: Sequence[Series], shape: Shape) -> str:
    best, line = min(
        ((c, line) for line in lines for c in line.cells if c.values(RUN)),
        key=lambda end: end[0].median(RUN),
    )
    of = f", median of {len(best.runs)}" if len(best.runs) > 1 else ", one run"
    where = f"{shape.x} = {text_of(x_of(best, shape))}" + (f", {line.label}" if line.label else "")
    return f"The shortest run time is {number(best.median(RUN))} s{of} ({where})."


def _speed_up(lines: Sequence[Series], weak: bool) -> str:
    ends = [
        (line, first, last)
        for line in lines
        if (first := _first(line)) is not (last := _last(line)) and first and last
    ]
    if not ends:
        return ""
    line, first, last = max(ends, key=lambda e: (e[2].ranks, e[2].median("speed_up")))
    reached = last.median("speed_up")
    if not math.isfinite(reached):
        return ""
    what = "scaled speed-up" if weak else "speed-up"
    where = f" with {line.label}" if line.label else ""
    ideal = f"{last.ranks / first.ranks:g}"
    return (
        f"From {first.ranks} to {last.ranks} ranks the {what} is {number(reached)}{where}, of {ideal} ideal."
    )


def _efficiency(lines: Sequence[Series], weak: bool) -> str:
    lasts = [c for line in lines if (c := _last(line)) is not None]
    most = max(c.ranks for c in lasts)
    efficiencies = [
        (c.median("parallel_efficiency"), line.label)
        for line in lines if (c := _last(line)) is not None and c.ranks == most
    ]  # fmt: skip
    known = sorted((e, label) for e, label in efficiencies if math.isfinite(e))
    if not known:
        return ""
    what = f"At {most} ranks, the most, the {'weak-scaling' if weak else 'parallel'} efficiency is"
    if len(known) == 1:
        return f"{what} {known[0][0]:.2f}."
    (low, worst), (high, best) = known[0], known[-1]
    if f"{low:.2f}" == f"{high:.2f}":
        return f"{what} {low:.2f} for all."
    return f"{what} {low:.2f} ({worst}) to {high:.2f} ({best})."


def _first(line: Series) -> Cell | None:
    return min((c for c in line.cells if c.runs), key=lambda c: c.ranks, default=None)


def _last(line: Series) -> Cell | None:
    return max((c for c in line.cells if c.runs), key=lambda c: c.ranks, default=None)


def _law(laws: Sequence[Fitted]) -> str:
    fits = [law for law in laws if law.usl is not None]
    if not fits:
        return "There are too few numbers of ranks to fit the universal scalability law: it needs four."
    sure = [law for law in fits if law.usl is not None and law.usl.knee is not None and not law.usl.doubt]
    if not sure:
        law = fits[0]
        assert law.usl is not None
        where = f" for {law.line.label}" if law.line.label else ""
        far = law.usl.knee is not None and law.usl.knee > FAR * law.usl.most
        knee = f" (fitted: {number(law.knee_ranks or math.nan)} ranks)" if far else ""
        return f"The data do not determine a knee{where}{knee}: {law.usl.doubt}."
    knees = [_knee(law) for law in sorted(sure, key=lambda law: law.knee_ranks or 0)[:MOST]]
    rest = f", and {len(fits) - len(knees)} more in the table of laws" if len(fits) > len(knees) else ""
    return (
        "The universal scalability law puts the knee, where more ranks no longer help, at "
        f"{'; '.join(knees)}{rest}."
    )


def _knee(law: Fitted) -> str:
    assert law.usl is not None
    head = law.counted == WITHOUT_HEAD
    text = f"{number(law.knee_ranks or math.nan)} ranks"
    if law.usl.knee_interval is not None:
        low, high = (number(end + head) for end in law.usl.knee_interval)
        text += f" ({LEVEL:.0%} interval {low} to {high})"
    return text + (f" for {law.line.label}" if law.line.label else "")


def _gustafson(laws: Sequence[Fitted]) -> str:
    every = [law.gustafson for law in laws if law.gustafson is not None]
    fitted = [fit for fit in every if fit.fits]
    if not fitted:
        return "Gustafson's law does not fit the run times." if every else ""
    low, high = min(f.sigma for f in fitted), max(f.sigma for f in fitted)
    span = f"{low:.3f}" if len(fitted) == 1 or f"{low:.3f}" == f"{high:.3f}" else f"{low:.3f} to {high:.3f}"
    return f"By Gustafson's law the serial part of the run time is {span}."


def _best(comparison: Comparison, shape: Shape) -> str:
    if not comparison.means:
        return ""
    every = "all numbers of ranks" if shape.x == RANKS else f"all {shape.x}"
    if comparison.axis == FILE:
        words = [
            f"{_shares(m)} ({', '.join(w for w in (m.context, m.value) if w)})" for m in comparison.means
        ]
        more = f"; {len(words) - MOST} more in the table" if len(words) > MOST else ""
        return f"Compared with {comparison.base}, over {every}: {'; '.join(words[:MOST])}{more}."
    contexts = list(dict.fromkeys(m.context for m in comparison.means))
    words = [_context(comparison, context) for context in contexts[:MOST]]
    more = f"; {len(contexts) - MOST} more in the table" if len(contexts) > MOST else ""
    return f"Compared with {comparison.base_words}, over {every}: {'; '.join(words)}{more}."


def _context(comparison: Comparison, context: str) -> str:
    """The values with the shortest run time and the least process time where the other axes are `context`."""
    means = [m for m in comparison.means if m.context == context]
    shortest = min(means, key=lambda m: m.run.value)
    least = min(means, key=lambda m: m.process.value)
    words = [f"{comparison.axis} = {m.value} takes {_shares(m)}" for m in dict.fromkeys([shortest, least])]
    if not shortest.run.clear or shortest.run.value > 1:
        words.append(f"no value {'clearly ' if shortest.run.value <= 1 else ''}shortens the run time")
    return (f"with {context}: " if context else "") + ", ".join(words)


def _shares(mean: Mean) -> str:
    return f"{_ratio(mean.run)} of the run time and {_ratio(mean.process)} of the process time"


def _ratio(ratio: Ratio) -> str:
    if ratio.interval is None:
        return f"{ratio.value:.2f}"
    return f"{ratio.value:.2f} [{ratio.interval.low:.2f}, {ratio.interval.high:.2f}]"


def continued_text(rows: Sequence[Row]) -> list[str]:
    """Give how many runs went on from a checkpoint, as what the figures leave out; nothing if none did."""
    times = [int(row["continued"]) for row in rows if went_on(row)]
    made = [int(row["checkpoints"]) for row in rows if row.get("checkpoints")]
    said = [f"{count(sum(made), 'checkpoint')} of {count(len(made), 'run')} were made"] if made else []
    if not times:
        return said
    resumes, recoveries = (sum(int(row.get(n) or 0) for row in rows) for n in ("resumes", "recoveries"))
    how = f", {count(recoveries, 'time')} in their job and {resumes} by a new start" if made else ""
    return [
        *said,
        f"{count(len(times), 'run')} went on from a checkpoint, {count(sum(times), 'time')} in all{how} "
        "(column continued): times of a part are not those of a run, so no figure has them",
    ]
