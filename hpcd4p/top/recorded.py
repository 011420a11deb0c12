"""A run that is over, as its record has it over time. Pure, once it has been read.

The record has what ranks did in bins, each look of the auto-scaler, the story, checkpoints and dead letters.
Of elements it has what they did in all, not when: that is shown as it was at the end.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from hpcd4p.live.ranks import MOST_ALONE, State
from hpcd4p.record.scaling import Tick
from hpcd4p.record.summary import DeadLetter, Event, RankFigures, Summary
from hpcd4p.record.survival import CheckpointRow
from hpcd4p.top.history import Look, Sample, Unit

if TYPE_CHECKING:
    from hpcd4p.record.history import Table, Timelines
    from hpcd4p.record.reader import Record

LOST = "lost"
"""State of a rank in the record."""

HALF = 0.5


@dataclass
class Recorded:
    """One record."""

    path: str
    summary: Summary
    policy: str
    ticks: Sequence[Tick]
    samples: Sequence[Sample]
    """What ranks did in each bin; `written` is its end, in seconds of the run."""
    events: Sequence[Event]
    letters: Sequence[DeadLetter]
    checkpoints: Sequence[CheckpointRow]

    @property
    def elapsed_s(self) -> float:
        """How long it was."""
        return self.summary.elapsed_s

    def tick(self, at_s: float) -> Tick | None:
        """The last look of the auto-scaler at a moment."""
        place = bisect_right(self.ticks, at_s, key=lambda tick: tick.time_s)
        return self.ticks[place - 1] if place else None

    def rates(self, at_s: float) -> list[float]:
        """Tuples/s that the pool had done until then, a value for each bin."""
        made, place = [], 0
        for sample in self.samples_until(at_s):
            those = []
            while place < len(self.ticks) and self.ticks[place].time_s <= sample.written:
                those.append(self.ticks[place].done)
                place += 1
            made.append(sum(those) / len(those) if those else 0.0)
        return made

    def samples_until(self, at_s: float) -> Sequence[Sample]:
        """The bins that are over at a moment."""
        return self.samples[: bisect_right(self.samples, at_s + 1e-9, key=lambda sample: sample.written)]


def read(record: Record) -> Recorded:
    """What is replayed of a record; raises as its methods do."""
    scaling, timelines = record.scaling(), record.timelines()
    survival = record.survival()
    summary = record.summary
    return Recorded(
        str(record.path),
        summary,
        scaling.policy if scaling is not None and scaling.ranks else "",
        scaling.ticks if scaling is not None else [],
        [] if timelines is None else samples_of(timelines, summary.ranks_figures, summary.elapsed_s),
        sorted(record.events(), key=lambda event: event.time_s),
        sorted(record.dead_letters(), key=lambda letter: letter.time_s),
        [] if survival is None else survival.checkpoints,
    )


def samples_of(timelines: Timelines, ranks: Sequence[RankFigures], elapsed_s: float) -> list[Sample]:
    """What ranks did in each bin: one by one, or by role if they are many.

    A rank is parked in a bin of which it was parked the greater part, works if it was inside elements at all,
    and is idle otherwise; one without a timeline has done nothing. What a rank did that was lost is not
    known, only until when it lived.
    """
    import numpy as np

    bins = timelines.busy.shape[1]
    begins = [place * timelines.bin_s for place in range(bins)]
    parts = np.clip((timelines.busy + timelines.lent) / timelines.bin_s, 0.0, 1.0)
    parked = timelines.parked / timelines.bin_s > HALF
    states = np.where(parked, _PARKED, np.where(parts > 0.0, _WORKING, _IDLE))
    rows = {rank: row for row, rank in enumerate(timelines.ranks)}
    nothing = np.zeros(bins, states.dtype), np.zeros(bins)
    did: dict[int, _Did] = {}
    for figures in sorted(ranks, key=lambda each: each.rank):
        row = rows.get(figures.rank)
        is_lost = figures.state == LOST and row is None
        until_s = figures.active_s + figures.parked_s if is_lost else None
        each_state, part = nothing if row is None else (states[row], parts[row])
        did[figures.rank] = _Did(figures.role, each_state, part, until_s)
    looks = _one_by_one(did, begins) if len(did) <= MOST_ALONE else _by_role(did, begins)
    ends = [min(begin + timelines.bin_s, elapsed_s) for begin in begins]
    return [
        Sample(end, {unit: of[place] for unit, of in looks.items()}, {}, 0.0, 0)
        for place, end in enumerate(ends)
    ]


_STATES = (State.IDLE, State.WORKING, State.PARKED)
_IDLE, _WORKING, _PARKED = range(len(_STATES))


class _Did(NamedTuple):
    """What a rank did in each bin."""

    role: str
    states: Table  # places in `_STATES`
    parts: Table  # of its time in which it worked
    lived_s: float | None  # None: to the end; else what it did is not known


def _one_by_one(did: Mapping[int, _Did], begins: Sequence[float]) -> dict[Unit, list[Look]]:
    looks: dict[Unit, list[Look]] = {}
    for rank, each in did.items():
        if each.lived_s is not None:
            made = [Look({State.LOST: 1} if begin >= each.lived_s else {}, None) for begin in begins]
        else:
            pairs = zip(each.states.tolist(), each.parts.tolist(), strict=True)
            made = [Look({_STATES[state]: 1}, part) for state, part in pairs]
        looks[Unit(each.role, "", rank)] = made
    return looks


def _by_role(did: Mapping[int, _Did], begins: Sequence[float]) -> dict[Unit, list[Look]]:
    looks: dict[Unit, list[Look]] = {}
    for role in dict.fromkeys(each.role for each in did.values()):
        those = [each for each in did.values() if each.role == role]
        counts = [[0] * len(_STATES) for _ in begins]
        for each in those:
            if each.lived_s is None:
                for place, state in enumerate(each.states.tolist()):
                    counts[place][state] += 1
        ended = [each.lived_s for each in those if each.lived_s is not None]
        looks[Unit(role, "", -1)] = [
            Look(_counted(counts[place], sum(begin >= until_s for until_s in ended)), None)
            for place, begin in enumerate(begins)
        ]
    return looks


def _counted(numbers: Sequence[int], lost: int) -> dict[str, int]:
    counted: dict[str, int] = {state: n for state, n in zip(_STATES, numbers, strict=True) if n}
    return counted | ({State.LOST: lost} if lost else {})
