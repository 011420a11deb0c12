"""When tuples come: all at once, at a rate, in bursts, or as a file says."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, repeat
from typing import TYPE_CHECKING, NamedTuple

from hpcd4p.errors import SettingsError
from hpcd4p.simulation.service import read_rows

if TYPE_CHECKING:
    import numpy as np

FORMS = (
    "all, steady:RATE, poisson:RATE, burst:TUPLES,EVERY_S, step:RATE,UNTIL_S,RATE[,UNTIL_S,RATE ...], "
    "or trace:FILE"
)

BATCH_S = 0.001
"""Tuples within this time arrive together: a source is not looked at more often."""


class Arrivals(NamedTuple):
    """Says when tuples arrive."""

    text: str
    kind: str
    numbers: tuple[float, ...] = ()
    rows: tuple[tuple[float, float], ...] = ()
    """Of a trace: (seconds, tuples)."""

    @property
    def ahead(self) -> bool:
        """Whether tuples wait before there are ranks for them: tasks can be as long as they should."""
        return self.kind == "all"

    def batches(self, tuples: int, dice: np.random.Generator) -> Iterator[tuple[float, int]]:
        """(seconds since the start, tuples that come then), in order, `tuples` in all."""
        if self.kind == "all":
            yield 0.0, tuples
            return
        begin_s, held = 0.0, 0
        for at_s, many in self._all(tuples, dice):
            if held and at_s > begin_s + BATCH_S:
                yield begin_s, held
                held = 0
            if not held:
                begin_s = at_s
            held += many
        if held:
            yield begin_s, held

    def _all(self, tuples: int, dice: np.random.Generator) -> Iterator[tuple[float, int]]:
        left = tuples
        for at_s, many in self._endless(dice):
            part = min(left, many)
            yield at_s, part
            left -= part
            if not left:
                return

    def _endless(self, dice: np.random.Generator) -> Iterator[tuple[float, int]]:
        if self.kind == "trace":
            yield from ((at_s, int(many)) for at_s, many in self.rows)
        elif self.kind == "burst":
            many, every_s = self.numbers
            yield from ((i * every_s, int(many)) for i, _ in enumerate(repeat(0)))
        elif self.kind == "poisson":
            yield from _poisson(self.numbers[0], dice)
        else:
            yield from _steps(self.numbers)

    def total(self, tuples: int | None) -> int:
        """Tuples in all: as many as asked for, or as many as the trace has."""
        if self.kind == "trace":
            known = sum(int(many) for _, many in self.rows)
            return known if tuples is None else min(tuples, known)
        return 1000 if tuples is None else tuples


AT_ONCE = Arrivals("all", "all")


def _poisson(rate: float, dice: np.random.Generator) -> Iterator[tuple[float, int]]:
    at_s = 0.0
    while True:
        for gap in dice.exponential(1 / rate, 4096).tolist():
            at_s += gap
            yield at_s, 1


def _steps(numbers: tuple[float, ...]) -> Iterator[tuple[float, int]]:
    """Evenly spaced at each rate; `numbers` is rate, until, rate, until, ..., rate."""
    rates, untils = numbers[::2], numbers[1::2]
    at_s = 0.0
    for rate, until_s in zip(rates, chain(untils, [float("inf")]), strict=True):
        while rate and at_s < until_s:
            # quick arrivals come in batches: one event for each would cost more than all the rest
            many = max(1, int(rate * BATCH_S))
            yield at_s, many
            at_s += many / rate
        at_s = max(at_s, until_s) if not rate else at_s


def read_arrivals(text: str) -> Arrivals:
    """Make the arrivals of ``--arrivals TEXT``; raises `SettingsError` if it is not valid."""
    kind, _, rest = text.partition(":")
    if text == "all":
        return Arrivals(text, "all")
    if kind == "trace":
        rows = read_rows("--arrivals", text, rest, 2)
        times = [row[0] for row in rows]
        if times != sorted(times) or times[0] < 0 or any(row[1] < 0 or row[1] % 1 for row in rows):
            raise SettingsError(
                f"--arrivals {text}: expected lines of SECONDS TUPLES, the times in order and not below 0, "
                "the tuples whole numbers"
            )
        kept = tuple((a, b) for a, b in rows if b)
        if not kept:
            raise SettingsError(f"--arrivals {text}: no tuple ever comes")
        return Arrivals(text, kind, rows=kept)
    if kind not in ("steady", "poisson", "burst", "step"):
        raise SettingsError(f"--arrivals {text}: no arrivals {kind!r}; give {FORMS}")
    return Arrivals(text, kind, _numbers(text, kind, rest))


def _numbers(text: str, kind: str, rest: str) -> tuple[float, ...]:
    try:
        given = tuple(float(word) for word in rest.split(","))
    except ValueError:
        given = ()
    right = {
        "steady": len(given) == 1 and 0 < given[0] < 1e9,
        "poisson": len(given) == 1 and 0 < given[0] < 1e9,
        "burst": len(given) == 2 and given[0] >= 1 and not given[0] % 1 and 0 < given[1] < 1e9,
        "step": len(given) >= 3 and len(given) % 2 == 1 and all(0 <= n < 1e9 for n in given)
        and given[-1] > 0 and list(given[1::2]) == sorted(given[1::2]),
    }[kind]  # fmt: skip
    if not right:
        raise SettingsError(f"--arrivals {text}: expected one of {FORMS}, with numbers above 0")
    return given
