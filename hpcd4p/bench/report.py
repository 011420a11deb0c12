"""The report: a table for people, JSON for programs. Pure text; prints nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hpcd4p.bench.figure import Row

_HEAD = ("figure", "what", "ours", "reference", "", "ratio", "of pairs", "target", "")
_RIGHT = (2, 3, 5)


def table(rows: Sequence[Row]) -> str:
    """Rows with medians, aligned."""
    lines = [_HEAD, *map(_cells, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(_HEAD))]
    return "\n".join(_line(line, widths) for line in lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    placed = [
        cell.rjust(width) if i in _RIGHT else cell.ljust(width)
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(placed).rstrip()


def verdict(rows: Sequence[Row], wrong: Sequence[str]) -> str:
    """How many targets are met, and every wrong answer."""
    judged = [row for row in rows if row.met is not None]
    missed = [f"{row.figure}: {row.what}" for row in judged if not row.met]
    lines = [f"{len(judged) - len(missed)} of {len(judged)} targets met"]
    if missed:
        lines.append("missed: " + "; ".join(dict.fromkeys(missed)))
    lines += [f"WRONG ANSWER: {what}" for what in wrong]
    return "\n".join(lines)


def as_json(rows: Sequence[Row], about: dict[str, Any]) -> dict[str, Any]:
    """Everything, with every sample."""
    return {
        **about,
        "rows": [
            {
                "figure": row.figure,
                "what": row.what,
                "unit": row.unit,
                "ours": row.value,
                "reference": row.other,
                "reference_name": row.reference_name,
                "ratio": row.ratio,
                "ratios": row.ratios,
                "target": row.target.text(row.unit) if row.target else None,
                "met": row.met,
                "note": row.note,
                "samples": {"ours": row.ours, "reference": row.reference},
            }
            for row in rows
        ],
    }


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.figure,
        row.what,
        f"{_short(row.value)} {row.unit}",
        "" if row.other is None else _short(row.other),
        row.reference_name,
        "" if row.ratio is None else f"{row.ratio:.2f}",
        _spread(row.ratios),
        row.target.text(row.unit) if row.target else row.note,
        {None: "", True: "met", False: "MISSED"}[row.met],
    )


def _spread(ratios: Sequence[float]) -> str:
    """From the least to the largest ratio of a pair."""
    return f"{min(ratios):.2f}-{max(ratios):.2f}" if len(ratios) > 1 else ""


def _short(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 0.01 or value == 0 else f"{value:.4f}"
