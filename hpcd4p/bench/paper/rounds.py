"""Measurements in turns, of which those of other systems may fail: that is a result, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from hpcd4p.bench.trial import TrialError

T = TypeVar("T")
S = TypeVar("S")


@dataclass
class Attempts(Generic[T]):
    """What the runs of a peer gave, and how many gave nothing."""

    runs: list[T] = field(default_factory=list)
    rounds: list[int] = field(default_factory=list)
    """Numbers of the rounds that they belong to."""
    failed: int = 0
    why: str = ""
    """First line of what the first failure said."""

    @property
    def trouble(self) -> str:
        """The failures in words; empty if there are none."""
        tried = self.failed + len(self.runs)
        return f"{self.failed} of {tried} runs failed: {self.why}" if self.failed else ""

    def beside(self, ours: list[S]) -> list[S]:
        """Ours of the rounds in which the peer gave something: what a ratio compares was measured in one."""
        return [ours[number] for number in self.rounds]

    def make(self, measure: Callable[[], T]) -> None:
        """Try once more."""
        number = len(self.runs) + self.failed
        try:
            self.runs.append(measure())
            self.rounds.append(number)
        except TrialError as error:
            self.failed += 1
            self.why = self.why or str(error).partition(":")[0]


def in_turns(
    ours: Mapping[int, Callable[[], T]], peers: Mapping[str, Callable[[], S]], repeats: int
) -> tuple[dict[int, list[T]], dict[str, Attempts[S]]]:
    """Run everything in turns: what disturbs the machine for a while disturbs all alike.

    Parameters
    ----------
    ours
        Measurements by number of ranks; a failure of one of these ends it all.
    peers
        Measurements by name.
    """
    mine: dict[int, list[T]] = {ranks: [] for ranks in ours}
    theirs: dict[str, Attempts[S]] = {name: Attempts() for name in peers}
    for _ in range(repeats):
        for ranks, measure in ours.items():
            mine[ranks].append(measure())
        for name, attempt in peers.items():
            theirs[name].make(attempt)
    return mine, theirs
