"""The two policies of the paper, for comparison: one rank more or fewer at each look.

Source: "Optimization towards efficiency and stateful of dispel4py", WORKS 2023, and its published code
(stream-d4py, mappings dyn_auto_multi and dyn_auto_redis): both begin with half of the ranks and one more, and
have no hysteresis.
"""

from __future__ import annotations

from hpcd4p.control.scaling import Bounds, Decision, PoolObservation

QUEUE_TASKS = 10
"""dyn_auto_multi's default: the queue counts as long above this."""

IDLE_S = 1.0
"""dyn_auto_redis's default: ranks count as idle above this mean."""


class _OneByOne:
    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._target = bounds.clip(bounds.most // 2 + 1)

    def _change(self, by: int, reason: str) -> Decision:
        self._target = self._bounds.clip(self._target + by)
        return Decision(self._target, reason)


class Queue(_OneByOne):
    """One more while the queue is long and does not shrink; else one fewer."""

    def __init__(self, bounds: Bounds) -> None:
        super().__init__(bounds)
        self._before = QUEUE_TASKS

    def decide(self, seen: PoolObservation) -> Decision:
        """See `Policy.decide`."""
        tasks, before = seen.backlog_tasks, self._before
        self._before = tasks
        if tasks <= QUEUE_TASKS:
            return self._change(-1, f"{tasks} tasks wait, not more than {QUEUE_TASKS}")
        if tasks >= before:
            return self._change(1, f"{tasks} tasks wait, and they become no fewer")
        return self._change(-1, f"{tasks} tasks wait, fewer than the {before} before")


class Idle(_OneByOne):
    """One fewer while the active ranks have been idle for long on average; else one more."""

    def __init__(self, bounds: Bounds) -> None:
        super().__init__(bounds)
        self._idle_s = 0.0

    def decide(self, seen: PoolObservation) -> Decision:
        """See `Policy.decide`."""
        # a rank that waits has waited dt longer, one that works has not waited at all
        share = min(1.0, seen.idle / max(1, seen.active))
        self._idle_s = (self._idle_s + seen.dt_s) * share
        text = f"active ranks have been idle for {self._idle_s:.2f} s on average"
        return self._change(-1, text) if self._idle_s > IDLE_S else self._change(1, text)
