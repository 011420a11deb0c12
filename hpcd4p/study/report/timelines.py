"""Rank timelines of chosen runs, from their records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from hpcd4p.errors import RecordError, SettingsError
from hpcd4p.record.picture import STYLE, figure_of, load_matplotlib, rendered
from hpcd4p.study.report.cells import Cell, Row, median
from hpcd4p.study.report.figures import Picture
from hpcd4p.study.report.ratios import RUN
from hpcd4p.study.running.states import COMPLETED

if TYPE_CHECKING:
    from hpcd4p.study.results.reader import Results

MOST = 6
"""Timelines in one report: a study with hundreds of runs needs a choice."""


def chosen(
    rows: Sequence[Row], cells: Sequence[Cell], patterns: Sequence[str], left_out: list[str]
) -> list[Row]:
    """Give the runs that get a timeline, at most `MOST`; `left_out` is told what is not among them.

    Parameters
    ----------
    patterns
        Keys with ``*`` and ``?``. Without any, of the points with the most ranks those with the shortest and
        the longest run time are chosen.
    """
    if patterns:
        last = {str(row["key"]): row for row in rows if row.get("record")}
        left_out += [
            f"the timeline of {pattern}: no run with such a key has a record"
            for pattern in patterns
            if not any(fnmatchcase(key, pattern) for key in last)
        ]
        wanted = [row for key, row in last.items() if any(fnmatchcase(key, p) for p in patterns)]
        if len(wanted) > MOST:
            left_out.append(f"{len(wanted) - MOST} more timelines that were asked for; a report has {MOST}")
        return wanted[:MOST]
    done_cells = [c for c in cells if any(row.get("record") for row in c.runs)]
    most = max((c.ranks for c in done_cells), default=0)
    widest = sorted((c for c in done_cells if c.ranks == most), key=lambda c: c.median(RUN))
    picked = [widest[0], *([widest[-1]] if len(widest) > 1 else [])] if widest else []
    return [_typical(c) for c in picked]


def _typical(cell: Cell) -> Row:
    """The run nearest the median."""
    with_record = [row for row in cell.runs if row.get("record")]
    middle = median(cell.values(RUN))
    return min(with_record, key=lambda row: abs(float(row[RUN]) - middle))


def check_patterns(rows: Sequence[Row], patterns: Sequence[str]) -> None:
    """See that each pattern fits a run.

    Raises
    ------
    SettingsError
        One does not.
    """
    keys = [str(row["key"]) for row in rows]
    for pattern in patterns:
        if not any(fnmatchcase(key, pattern) for key in keys):
            raise SettingsError(
                f"--timeline {pattern}: no run has such a key; a key is like "
                f"{keys[0] if keys else 'ranks=8,repeat=1'}, and * stands for anything"
            )


def timeline_pictures(
    results: Results, rows: Sequence[Row], kinds: Sequence[str], left_out: list[str]
) -> Iterator[Picture]:
    """Draw the timelines of `rows`; what cannot be drawn is told in `left_out`."""
    matplotlib = load_matplotlib()
    for number, row in enumerate(rows, 1):
        key = str(row["key"])
        try:
            with results.open_record(row) as record:
                scaling, timelines, summary = record.scaling(), record.timelines(), record.summary
                if scaling is None or (timelines is None and not scaling.ticks):
                    left_out.append(f"{key}: the run was made in one process, or ended at once")
                    continue
                with matplotlib.rc_context(STYLE):
                    figure = figure_of(matplotlib, summary, scaling, timelines)
                    files = {kind: rendered(figure, kind) for kind in kinds}
        except (RecordError, OSError) as error:
            left_out.append(f"{key}: {error}")
            continue
        moved = " Arrows are partitions that moved, b says where they were." if scaling.moves.made else ""
        state = "" if row.get("state") == COMPLETED else f" ({row.get('state')})"
        caption = (
            f"Rank timeline of one run, {key}, attempt {row['attempt']}{state}: when each rank was busy, "
            "idle or parked; active ranks and target of the policy; backlog; tuples written and done per "
            f"second.{moved}"
        )
        yield Picture(f"timeline-{number}", caption, True, files)
