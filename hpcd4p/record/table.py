"""Tables and quantities as text. Pure."""

from __future__ import annotations

from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1, indent: str = "  ") -> list[str]:
    """Give the lines of a table; the first `left` columns are flush left, the others (numbers) right."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines = []
    for row in (head, *rows):
        cells = [
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append((indent + "  ".join(cells)).rstrip())
    return lines


def count(number: int, noun: str) -> str:
    """Give ``1 tuple``, ``12,000 tuples``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def percent(part: float) -> str:
    """Give a part of 1 in percent; one that is not 0 does not look like it.

    Examples
    --------
    >>> percent(0.834), percent(0.004), percent(0.0)
    ('83 %', 'under 1 %', '0 %')
    """
    return "under 1 %" if 0 < part < 0.005 else f"{part * 100:.0f} %"


def seconds(value: float) -> str:
    """Give a time as people say it: ``3.2 ms``, ``41.3 s``, ``2 h 05 min``."""
    if value < 1e-9:
        return "0 s"
    if value < 1e-6:
        return f"{value * 1e9:.3g} ns"
    if value < 1e-3:
        return f"{value * 1e6:.3g} µs"
    if value < 1:
        return f"{value * 1e3:.3g} ms"
    if value < 120:
        return f"{value:.2f} s" if value < 10 else f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def core_hours(time_s: float) -> str:
    """Give a time of ranks in core-hours: ``0.011``, ``42``, ``under 0.001``."""
    if 0 < time_s < 3.6:
        return "under 0.001"
    return f"{time_s / 3600:.2g}" if time_s < 36_000 else f"{time_s / 3600:,.0f}"


def rate(number: int, time_s: float) -> str:
    """Give `number` per second: ``3.7 M``, ``12.1 k``, ``41``; empty if there is nothing to divide."""
    if number <= 0 or time_s <= 0:
        return ""
    value = number / time_s
    for size, letter in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def size(number: int) -> str:
    """Give bytes: ``31 MB``."""
    for unit, letter in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if number >= unit:
            return f"{number / unit:.3g} {letter}"
    return f"{number} B"


def shortened(text: str, most: int = 100) -> str:
    """Give `text` on one line of at most `most` characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 3] + "..."
