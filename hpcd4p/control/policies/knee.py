"""The default policy: the fewest active ranks that do not lengthen the run.

Three estimates, and the smallest that is not below the need:

- *need*: ranks that are busy (utilisation law: arrival rate x service time; Lazowska et al., Quantitative
  System Performance, 1984, ch. 3), and as many more as would do what waits within `HORIZON_S`.
- *cores*: where ranks are ready and wait for a core for a share w of their time, a(1 - w) of a ranks have
  one. More only wait in the queue of the kernel instead of in ours.
- *knee*: what else they may contend for (a file system, memory, a lock) shows in the throughput alone, so it
  is tried: fewer ranks for a while, and back if that costs anything. The cost of all trials is bounded.

More ranks are woken at once. Ranks are parked when those that were not needed have cost `WASTE_S` (ski
rental: Karlin et al., Algorithmica 3:79, 1988): fifteen idle ranks after one look, one of ten after 0.4 s.
A park that had to be undone before it saved what it cost was a mistake: after it, parking waits longer.

ARCHITECTURE.md has the model on one page. Pure: time comes with what was seen.
"""

from __future__ import annotations

from math import ceil, sqrt
from typing import NamedTuple

from hpcd4p.control.policies.smooth import Smooth
from hpcd4p.control.policies.trials import Trials
from hpcd4p.control.scaling import Bounds, Decision, PoolObservation

HORIZON_S = 0.25
"""What waits should be done within this time, if there are ranks for it: a burst of 10 ms tasks wakes ranks
by tens, a queue that is always two tasks long wakes none."""

LATER = 0.01
"""The same as a part of the time so far: the run may end so much later."""

WASTE_S = 0.4
"""Rank-seconds of idleness that parking waits for: what a change costs when it turns out to be wrong, with
all that is late until it is undone."""

PATIENCE_S = (2.0, 20.0)
"""The same after a mistake, times the root of the active ranks, for so many are idle by chance (first, at
most). It triples after each: a steady load sees few changes, and where many are idle they are parked soon."""

SAVED_S = 5.0
"""Rank-seconds that a park must have saved when half of its ranks are needed again, and at least what it
waited for; else it was a mistake."""

SPARE = 0.05
"""Busy ranks may be this part of a rank above a whole number without needing another one."""

LIKE = 0.5
"""A load with at least this part of the busy ranks is the one for which a number of ranks was too small."""

SCATTER = 0.75
"""Then this many times the root of the busy ranks are kept in addition, at least one: the busy ranks of a
random load scatter by the root of their mean (Halfin and Whitt, Operations Research 29:567, 1981)."""

REMEMBER_S = 60.0
"""After this time that is forgotten: it may have been a single burst."""

MORE = 1.2
"""At least this part of the active ranks is woken as well: else a random load would wake them one by one."""

QUEUED_S = 0.4
"""Time constant of the share w, in seconds."""


WARM_TUPLES = 2.0
"""Tuples of the slowest element that each rank must have done, on average, before waiting for cores, or the
throughput, tells anything: a rank imports what an element needs with its first, all ranks at once."""


class Knee:
    """The policy that this file describes."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._queued = Smooth(QUEUED_S)
        self._trials = Trials(bounds)
        self._calm = Calm()
        self._target = bounds.most
        self._settled_s = 0.0
        self._patience_s = 0.0
        self._parked: Parked | None = None
        self._too_few, self._too_few_busy, self._too_few_until_s = 0, 0.0, 0.0
        self._work_s = 0.0
        self._warm = False
        self._begun = False

    def decide(self, seen: PoolObservation) -> Decision:
        """See `Policy.decide`."""
        busy = max(0.0, seen.active - seen.idle)
        if not self._warm:
            self._work_s += seen.work * seen.dt_s
            self._warm = self._work_s > WARM_TUPLES * seen.active * seen.longest_s > 0
        elif seen.busy > 0 and seen.now_s > self._settled_s:
            self._queued.add(seen.waiting, seen.dt_s)
        limit = self._trials.move_on(seen, busy, self._target, self._queued) if self._warm else None
        most, because = limit if limit is not None else (self._bounds.most, "")
        if seen.backlog_tuples and not seen.backlog_s:
            return self._move(min(self._target, most), "nothing is known of the work yet", seen)
        if seen.finished:
            return self._move(0, "the pool has done all its work", seen)
        if seen.held:
            busy = min(busy, seen.busy)
        waiting_s = seen.backlog_s * seen.backlog_tasks / (seen.backlog_tasks + max(1.0, busy))
        horizon_s = HORIZON_S if seen.drained else HORIZON_S + LATER * seen.now_s
        more = 0.0 if seen.held else waiting_s / horizon_s
        if more >= 1:
            self._calm.forget()
            need, why = ceil(busy + more), f"{seen.backlog_tasks} tasks wait, {waiting_s:.2g} s of work"
            need = max(self._target, need if need <= self._target else max(need, int(MORE * self._target)))
            if need > most:
                return self._move(most, because or why, seen)
            return self._move(need, why, seen)
        if most < self._target:
            return self._move(most, because, seen)
        return self._perhaps_park(seen, busy)

    def _perhaps_park(self, seen: PoolObservation, busy: float) -> Decision:
        calm = self._calm
        if seen.done and not self._begun:
            self._begun = True
            calm.forget()
            return Decision(self._target, "the first tuples have come")
        calm.add(busy, max(0.0, seen.active - busy), seen.dt_s)
        # if nothing more comes, the last look says more than earlier ones
        need = ceil((min(calm.busy, busy) if seen.drained else calm.busy) - SPARE)
        if calm.busy >= LIKE * self._too_few_busy and seen.now_s < self._too_few_until_s:
            need = max(need, self._too_few + max(1, round(SCATTER * sqrt(self._too_few_busy))))
        need = self._bounds.clip(need)
        why = f"{calm.busy:.1f} ranks are busy, and little waits"
        if seen.held:
            why = f"stateful elements are behind, and keep {calm.busy:.1f} ranks busy"
        elif seen.drained:
            why = f"nothing more comes, and {calm.busy:.1f} ranks are busy"
        if calm.idle_s < self._waste_s:
            return Decision(self._target, why)
        if need >= self._target:
            calm.forget()  # so that a load that drifts is noticed
            return Decision(self._target, why)
        self._judge(need, seen)
        self._parked = Parked(seen.now_s, self._target, need, calm.busy, self._waste_s)
        return self._move(need, why, seen)

    @property
    def _waste_s(self) -> float:
        return max(WASTE_S, self._patience_s * sqrt(self._target))

    def _judge(self, target: int, seen: PoolObservation) -> None:
        """Learn from the last park, now that more ranks are needed, or fewer still."""
        parked, self._parked = self._parked, None
        if parked is None:
            return
        again = target - parked.after
        saved_s = again * (seen.now_s - parked.at_s)
        mistake = 2 * again >= parked.before - parked.after and saved_s < max(SAVED_S, parked.waited_s)
        if mistake:
            self._patience_s = min(max(PATIENCE_S[0], 3 * self._patience_s), PATIENCE_S[1])
            self._too_few, self._too_few_busy = parked.after, parked.busy
            self._too_few_until_s = seen.now_s + REMEMBER_S
        else:
            self._patience_s = max(min(PATIENCE_S[0], self._patience_s), self._patience_s / 3)

    def _move(self, target: int, reason: str, seen: PoolObservation) -> Decision:
        target = self._bounds.clip(target, seen.finished)
        # a trial's change is not for a need, and after it the number is as before
        needed = target > (self._target if self._parked is None else max(self._target, self._parked.after))
        if needed and not self._trials.trying:
            self._judge(target, seen)
        if target != self._target:
            self._target = target
            self._calm.forget()
            # what was measured with another number of ranks says nothing now
            self._queued.reset()
            self._settled_s = seen.now_s + seen.dt_s
        return Decision(target, reason)


class Parked(NamedTuple):
    """A park: when, from how many ranks to how many, how many were busy, and what idleness it waited for."""

    at_s: float
    before: int
    after: int
    busy: float
    waited_s: float  # rank-seconds


class Calm:
    """The time since tasks last waited: ranks that were busy on average, and what the others cost."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.seconds = self._busy_s = 0.0
        self.idle_s = 0.0
        """Rank-seconds."""

    def add(self, busy: float, idle: float, dt_s: float) -> None:
        """Take in what held for `dt_s`."""
        self.seconds += dt_s
        self._busy_s += busy * dt_s
        self.idle_s += idle * dt_s

    @property
    def busy(self) -> float:
        """Ranks that were busy on average."""
        return self._busy_s / self.seconds if self.seconds else 0.0
