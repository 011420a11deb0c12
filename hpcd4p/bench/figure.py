"""A row of the report: ours beside a reference, the target, and whether it is met."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from statistics import median


class Of(Enum):
    """What a target speaks of."""

    RATIO = "x"
    DIFFERENCE = "more"
    VALUE = ""
    NEAR = "within"


@dataclass(frozen=True)
class Target:
    """A bound on the ratio ours ÷ reference, on how far it is from 1, on ours minus reference, or on ours."""

    bound: float
    at_least: bool
    of: Of = Of.RATIO

    def met(self, ours: float, reference: float) -> bool:
        """Whether the bound is kept."""
        value = {
            Of.RATIO: ours / reference if reference else 0.0,
            Of.DIFFERENCE: ours - reference,
            Of.VALUE: ours,
            Of.NEAR: abs(ours / reference - 1) if reference else 0.0,
        }[self.of]
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

    `ours` and `reference` are samples in `unit`; no reference and no target make a row that only tells.
    """

    figure: str
    what: str
    unit: str
    ours: list[float]
    reference_name: str = ""
    reference: list[float] = field(default_factory=list)
    target: Target | None = None
    note: str = ""

    @property
    def value(self) -> float:
        """Median of ours."""
        return median(self.ours)

    @property
    def other(self) -> float | None:
        """Median of the reference."""
        return median(self.reference) if self.reference else None

    @property
    def ratio(self) -> float | None:
        """Ours ÷ reference, of the medians."""
        return self.value / self.other if self.other else None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        return None if self.target is None else self.target.met(self.value, self.other or 0.0)


def take_turns(measures: Mapping[str, Callable[[], float]], repeats: int) -> dict[str, list[float]]:
    """Samples by name, measured in turns: what disturbs the machine for a while disturbs all alike."""
    samples: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(repeats):
        for name, measure in measures.items():
            samples[name].append(measure())
    return samples
