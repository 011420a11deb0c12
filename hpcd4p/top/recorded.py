"""A run that is over, as its record has it over time. Pure, once it has been read.

The record has what ranks did in bins, each look of the auto-scaler, the story, checkpoints and dead letters.
Of elements it has what they did in all, not when: that is shown as it was at the end.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpcd4p.live.ranks import MOST_ALONE, State
from hpcd4p.record.scaling import Tick
from hpcd4p.record.summary import DeadLetter, Event, RankFigures, Summary
from hpcd4p.record.survival import CheckpointRow
from hpcd4p.top.history import Look, Sample, Unit

if TYPE_CHECKING:
    from hpcd4p.record.history import Timelines
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
    and is idle otherwise. What a rank did that was lost is not known, only until when it lived.
    """
    import numpy as np

    roles = {figures.rank: figures.role for figures in ranks}
    rows = {rank: row for row, rank in enumerate(timelines.ranks)}
    lost = {f.rank: f.active_s + f.parked_s for f in ranks if f.state == LOST and f.rank not in rows}
    parts = np.clip((timelines.busy + timelines.lent) / timelines.bin_s, 0.0, 1.0)
    parked = timelines.parked / timelines.bin_s > HALF
    states = np.where(parked, _PARKED, np.where(parts > 0.0, _WORKING, _IDLE))
    alone = len(rows) + len(lost) <= MOST_ALONE
    begins = [place * timelines.bin_s for place in range(parts.shape[1])]
    ends = [min(begin + timelines.bin_s, elapsed_s) for begin in begins]
    looks: dict[Unit, list[Look]] = {}
    if alone:
        for rank in sorted({*rows, *lost}):
            looks[Unit(roles.get(rank, ""), "", rank)] = (
                [
                    Look({_STATES[s]: 1}, float(part))
                    for s, part in zip(states[rows[rank]], parts[rows[rank]], strict=True)
                ]
                if rank in rows
                else [Look({State.LOST: 1} if begin >= lost[rank] else {}, None) for begin in begins]
            )
    else:
        for role in dict.fromkeys(roles.get(rank, "") for rank in sorted({*rows, *lost})):
            of_role = states[[row for rank, row in rows.items() if roles.get(rank, "") == role]]
            dead = [until_s for rank, until_s in lost.items() if roles.get(rank, "") == role]
            counts = [(of_role == number).sum(axis=0).tolist() for number in range(len(_STATES))]
            looks[Unit(role, "", -1)] = [
                Look(_counted([each[place] for each in counts], sum(begin >= end for end in dead)), None)
                for place, begin in enumerate(begins)
            ]
    return [
        Sample(end, {unit: of[place] for unit, of in looks.items()}, {}, 0.0, 0)
        for place, end in enumerate(ends)
    ]


_STATES = (State.IDLE, State.WORKING, State.PARKED)
_IDLE, _WORKING, _PARKED = range(len(_STATES))


def _counted(numbers: Sequence[int], lost: int) -> dict[str, int]:
    counted: dict[str, int] = {state: n for state, n in zip(_STATES, numbers, strict=True) if n}
    return counted | ({State.LOST: lost} if lost else {})
