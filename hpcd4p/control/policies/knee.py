"""The default policy: the fewest active ranks that do not lengthen the run.

Three estimates, and the smallest that is not below the need:

- *need*: ranks that are busy, and as many more as would do what waits within `HORIZON_S` (utilisation law:
  busy ranks = arrival rate x service time; Lazowska et al., Quantitative System Performance, 1984, ch. 3).
- *cores*: where ranks are ready and wait for a core for a share w of their busy time, a(1 - w) of a ranks
  have one. More only wait in the queue of the kernel instead of in ours.
- *knee*: what else they may contend for (a file system, memory, a lock) shows in the throughput alone, so it
  is tried: fewer ranks for a while, and back if that costs anything. The cost of all trials is bounded.

ARCHITECTURE.md has the model on one page. Pure: time comes with what was seen.
"""

from __future__ import annotations

from math import ceil

from hpcd4p.control.policies.smooth import Highest, Smooth
from hpcd4p.control.policies.trials import Trials
from hpcd4p.control.scaling import Bounds, Decision, PoolObservation

HORIZON_S = 0.25
"""What waits should be done within this time, if there are ranks for it: a burst of 10 ms tasks wakes ranks
by tens, a queue that is always two tasks long wakes none."""

BUSY_S = 0.2
"""Time constant of the number of busy ranks: two looks."""

HOLD_S = 0.4
"""Ranks are parked when they have not been needed for this long: longer than the gap between two batches of a
source, and 20 times what it takes to wake one."""

HOLD_AT_END_S = 0.15
"""The same when nothing can come any more but from what is in hand."""

HEADROOM = 1.06
"""Ranks for each busy one: utilisation of 0.94 is above the 0.9 that efficiency should have."""

QUEUED_S = 0.4
"""Time constant of the share w."""

QUEUED_MOST = 0.08
"""Below this w, cores are not what ranks lack: the head and Redis take some time of theirs too."""


class Knee:
    """See the file."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._busy = Smooth(BUSY_S)
        self._needed = Highest(HOLD_S)
        self._needed_at_end = Highest(HOLD_AT_END_S)
        self._queued = Smooth(QUEUED_S)
        self._trials = Trials(bounds)
        self._target = bounds.most
        self._settled_s = 0.0

    def decide(self, seen: PoolObservation) -> Decision:
        """See `Policy.decide`."""
        busy = self._busy.add(max(0.0, seen.active - seen.idle), seen.dt_s)
        need, why = self._need(seen, busy)
        limit, because = self._limit(seen, busy)
        target, reason = (need, why) if need <= limit else (limit, because)
        target = self._bounds.clip(target)
        if target != self._target and not self._worth(target, need):
            return Decision(self._target, reason)
        if target != self._target:
            self._target = target
            self._settle(seen)
        return Decision(target, reason)

    def _settle(self, seen: PoolObservation) -> None:
        """What was measured with another number of ranks tells nothing any more."""
        self._queued.reset()
        self._busy.reset()
        self._settled_s = seen.now_s + 2 * seen.dt_s

    def _worth(self, target: int, need: int) -> bool:
        """Whether a change is large enough: parking one of twenty busy ranks saves nothing."""
        change = abs(target - self._target)
        return change >= max(1, round(0.07 * self._target)) or target == self._bounds.least or target == need

    # ---- need

    def _need(self, seen: PoolObservation, busy: float) -> tuple[int, str]:
        if seen.now_s < self._settled_s and seen.backlog_tasks:
            return self._target, "the last change has not settled"
        if seen.backlog_tuples and not seen.backlog_s:
            return self._bounds.most, "nothing is known of the work yet"
        waiting_s = seen.backlog_s * seen.backlog_tasks / (seen.backlog_tasks + max(1.0, busy))
        if seen.held:
            working = min(busy, seen.busy * HEADROOM + 0.5)
            now, why = working, "stateful elements are behind: ranks would only wait for them"
        elif waiting_s > 0.05 * HORIZON_S * seen.active:
            now = busy + waiting_s / HORIZON_S
            why = f"{seen.backlog_tasks} tasks wait, {waiting_s:.2g} s of work"
        else:
            now = busy
            why = f"{busy:.1f} ranks are busy, and little waits"
        at_end = seen.drained and not seen.backlog_tasks
        ranks = now if at_end else now * HEADROOM
        wanted = ceil(ranks - 0.05)
        held = self._needed.add(wanted, seen.now_s)
        held_at_end = self._needed_at_end.add(wanted, seen.now_s)
        if at_end:
            return int(held_at_end), f"the last {busy:.1f} tasks are in hand"
        return int(held), why

    # ---- limit

    def _limit(self, seen: PoolObservation, busy: float) -> tuple[int, str]:
        most, because = self._bounds.most, "all that may be active"
        if seen.busy > 0 and seen.now_s >= self._settled_s:
            self._queued.add(seen.waiting, seen.dt_s)
        return self._trials.limit(seen, busy, self._target, self._queued, QUEUED_MOST) or (most, because)
