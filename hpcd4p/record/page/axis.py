"""The time of a run below a drawing. Pure."""

from __future__ import annotations

from hpcd4p.record.page.markup import Markup, label, tag

LEFT = 62.0
"""Room for names and numbers."""
WIDE = 860.0
"""Of the time of the run, in pixels."""

FOOT = 22.0

MOST_TICKS = 8


def ticks_below(elapsed_s: float, y: float) -> tuple[list[Markup], float]:
    """A line at `y` with marks at round times; and the height of all down to there."""
    drawn = [tag("path", d=f"M{LEFT:.1f} {y:.1f}h{WIDE:.1f}", class_="axis")]
    step = step_of(elapsed_s)
    number = 0
    while elapsed_s > 0 and number * step <= elapsed_s * 1.0001:
        x = LEFT + WIDE * number * step / elapsed_s
        drawn.append(tag("path", d=f"M{x:.1f} {y:.1f}v4", class_="axis"))
        drawn.append(label(x, y + 16, words_of(number * step, step), "tick", "middle"))
        number += 1
    return drawn, y + FOOT


def step_of(elapsed_s: float) -> float:
    """Seconds from one mark to the next: a time that people count in."""
    least = elapsed_s / MOST_TICKS
    steps = [m * 10.0**e for e in range(-6, 1) for m in (1, 2, 5)]
    steps += [10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0, 14400.0, 43200.0]
    step = next((each for each in steps if each >= least), None)
    return step if step is not None else 86400.0 * max(1, round(least / 86400.0))


def words_of(time_s: float, step_s: float) -> str:
    """A time at a mark: ``2.5 s``, ``1:30``, ``2:00:00``."""
    if step_s < 60:
        places = max(0, -_exponent(step_s))
        return f"{time_s:.{places}f} s"
    hours, rest = divmod(round(time_s), 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if step_s >= 3600 or hours else f"{minutes}:{left:02d}"


def _exponent(step_s: float) -> int:
    exponent = 0
    while step_s < 1 - 1e-9:
        step_s, exponent = step_s * 10, exponent - 1
    return exponent
