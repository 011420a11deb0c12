"""What a state of ranks looks like: a sign that says it without colour, and a style. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import NamedTuple

from hpcd4p.live.ranks import State
from hpcd4p.top.lines import Span

LEVELS = "▁▂▃▄▅▆▇█"
"""From little to all."""


class Sign(NamedTuple):
    """Of one state."""

    char: str
    style: str
    means: str


SIGNS: Mapping[str, Sign] = {
    State.LEADING: Sign("─", "leading", "It is the head: it looks after the run, its sources and outputs."),
    State.WORKING: Sign("█", "working", "It has a task, or has committed something since the last look."),
    State.UNCLEAR: Sign(
        "▒", "unclear",
        "Tuples for its partitions are not finished, and it has committed nothing since the last look: it is "
        "in a long tuple, or they are at another rank.",
    ),
    State.IDLE: Sign("·", "idle", "It waits for a task, or has nothing to do for its partitions."),
    State.PARKED: Sign("_", "parked", "The auto-scaler has sent it to sleep."),
    State.LOST: Sign("x", "lost", "It has died."),
    State.LEFT: Sign("-", "left", "It has done its part, and told its figures."),
}  # fmt: skip
"""Of all states, in the order in which they are told."""


def sign_of(state: str) -> Sign:
    """Of a state; one that is not known is unclear."""
    return SIGNS.get(state, SIGNS[State.UNCLEAR])


def level(part: float) -> str:
    """A block as high as a part of 1; what is more than nothing can be seen.

    Examples
    --------
    >>> level(0.0), level(0.01), level(0.5), level(1.0)
    (' ', '▁', '▄', '█')
    """
    if part <= 0:
        return " "
    return LEVELS[min(len(LEVELS), max(1, round(part * len(LEVELS)))) - 1]


def curve(values: list[float], columns: int) -> str:
    """The last values as blocks, the highest of them full."""
    last = values[-columns:] if columns > 0 else []
    most = max(last, default=0.0)
    return "".join(level(value / most) if most > 0 else " " for value in last).rjust(max(0, columns))


def legend(states: Set[str]) -> list[Span]:
    """What the signs of these states are."""
    parts: list[Span] = []
    for state in SIGNS:
        if state in states:
            sign = SIGNS[state]
            parts += [Span("  " if parts else ""), Span(sign.char, sign.style), Span(f" {state}", "dim")]
    return parts
