"""A row of the report: ours beside a reference, the target, and whether it is met.

What is compared is measured in pairs, one right after the other: a machine that is busy for a while slows
both of a pair, and what counts is the median over the pairs, not one side's median over the other's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from statistics import median
from typing import Generic, TypeVar

T = TypeVar("T")
S = TypeVar("S")


class Of(Enum):
    """The quantity that a target limits."""

    RATIO = "x"
    DIFFERENCE = "more"
    VALUE = ""
    NEAR = "within"


def ratios(ours: list[float], reference: list[float]) -> list[float]:
    """Ours by the reference, pair by pair."""
    return [a / b for a, b in zip(ours, reference, strict=True) if b]


@dataclass(frozen=True)
class Target:
    """A bound on the ratio ours ÷ reference, on how far it is from 1, on ours minus reference, or on ours."""

    bound: float
    at_least: bool
    of: Of = Of.RATIO

    def met(self, ours: list[float], reference: list[float]) -> bool:
        """Whether the bound is kept by the median of the pairs."""
        if self.of is Of.VALUE:
            value = median(ours)
        elif self.of is Of.DIFFERENCE:
            value = median(a - b for a, b in zip(ours, reference, strict=True))
        else:
            value = median(ratios(ours, reference) or [0.0])
            value = abs(value - 1) if self.of is Of.NEAR else value
        return value >= self.bound if self.at_least else value <= self.bound

    def text(self, unit: str) -> str:
        """The bound in words."""
        sign = "≥" if self.at_least else "≤"
        if self.of is Of.NEAR:
            return f"within {self.bound:.0%}"
        if self.of is Of.RATIO:
            return f"{sign} {self.bound:g} x"
        sense = "+" if self.of is Of.DIFFERENCE else ""
        return f"{sign} {sense}{self.bound:g} {unit}".rstrip()


@dataclass(frozen=True)
class Row:
    """One line: medians, and all samples for those who want them.

    `ours` and `reference` are samples in `unit`, pair by pair; a reference that is computed stands for all of
    them. A row without reference and target only informs.
    """

    figure: str
    what: str
    unit: str
    ours: list[float]
    reference_name: str = ""
    reference: list[float] = field(default_factory=list)
    target: Target | None = None
    note: str = ""

    def __post_init__(self) -> None:
        """Check that there are pairs."""
        if len(self.reference) not in (0, 1, len(self.ours)):
            raise ValueError(f"{self.what}: {len(self.ours)} samples and {len(self.reference)} beside them")

    @property
    def value(self) -> float:
        """Median of ours."""
        return median(self.ours)

    @property
    def other(self) -> float | None:
        """Median of the reference."""
        return median(self.reference) if self.reference else None

    @property
    def ratios(self) -> list[float]:
        """Ours ÷ reference, of each pair."""
        return ratios(self.ours, self._beside) if self.reference else []

    @property
    def ratio(self) -> float | None:
        """Median of the ratios of the pairs."""
        return median(self.ratios) if self.ratios else None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        return None if self.target is None else self.target.met(self.ours, self._beside)

    @property
    def _beside(self) -> list[float]:
        return self.reference * len(self.ours) if len(self.reference) == 1 else self.reference


@dataclass(frozen=True)
class Pairs(Generic[T, S]):
    """Samples of ours, and the one of a reference that was measured beside each."""

    ours: list[T] = field(default_factory=list)
    other: list[S] = field(default_factory=list)


def pairs(
    measure: Callable[[], T], others: Mapping[str, Callable[[], S]], repeats: int
) -> dict[str, Pairs[T, S]]:
    """Pairs by name of the reference, in turns: ours, first reference, ours, second reference, and again."""
    by_name: dict[str, Pairs[T, S]] = {name: Pairs() for name in others}
    for _ in range(repeats):
        for name, other in others.items():
            by_name[name].ours.append(measure())
            by_name[name].other.append(other())
    return by_name
