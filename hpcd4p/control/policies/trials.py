"""Trials: whether fewer ranks would do as much, or more ranks would do more.

Owns the limit that the trials have shown, and their budget: the work that all of them together may cost.
"""

from __future__ import annotations

from math import ceil

from hpcd4p.backoff import Backoff
from hpcd4p.control.policies.smooth import Smooth
from hpcd4p.control.scaling import Bounds, PoolObservation

WINDOW_S = (0.6, 6.0)
"""Shortest and longest time over which throughput is measured."""

WINDOW_TASKS = 4
"""Tasks that a rank could have done in a window: in a shorter one too many of the tasks that end were begun
before it, by another number of ranks, so that fewer ranks seem to do as much."""

WINDOW_TUPLES = 150
"""Tuples that a window must see: then their number is accurate to a tenth."""

LEAST_S = 0.15
"""Least tuples before a window is judged at all."""

SAME = 0.98
"""Part of the throughput below which fewer ranks are too few."""

MORE, MORE_IN_QUEUE = 1.04, 1.1
"""Part above which more ranks are worth it; the second if most of the added ranks only wait for a core: then
a small gain is chance, and a large one comes from the larger share of a node that more processes get."""

BUDGET = 0.005
"""Part of the time so far that trials may have cost."""

FEWER = 0.75
"""Ranks in a trial with fewer, as a part: the cost of a trial that fails is a quarter of its window."""

MORE_RANKS = 1.5
"""Ranks in a trial with more."""

AGAIN_S = (1.5, 60.0)
"""Time to the next trial with more ranks (first, at most): it triples after a trial that was not worth it, or
when the kernel reports too few cores, so that a steady load sees few changes. Useless ranks cost process
time, not run time."""

CORES_S, CORES_TUPLES = 0.25, 20
"""Time over which ranks must have waited for cores before fewer are tried, and tuples done meanwhile."""

ON_CORE = 0.5
"""Part of their time that ranks are on a core at least, where cores are what they lack: after a start in
which all ranks import at once they may sleep, and then the reason for fewer has gone."""

QUEUED_MOST = 0.08
"""Part of their time that ranks may wait for cores: the head and Redis take some time of theirs too."""

NOT_DENIED = 0.93
"""Part of the throughput that must be left then: the node may be shared, and fewer ranks get a smaller share
of it."""


REACH_S = 1.0
"""A trial whose added ranks are not active by then is given up: they are not needed just now."""


class _Window:
    """Throughput over a time with one number of ranks."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.work = 0.0
        self.tuples = 0.0
        self.cores_s = 0.0
        self._waiting_s = 0.0
        self.task_s = 0.0
        """Seconds of a task, the longest estimate."""

    def add(self, seen: PoolObservation) -> None:
        self.seconds += seen.dt_s
        tasks = seen.backlog_tasks + seen.busy
        self.task_s = max(self.task_s, seen.longest_s, seen.backlog_s / tasks if tasks else 0.0)
        self.work += seen.work * seen.dt_s
        self.tuples += seen.done * seen.dt_s
        self.cores_s += seen.cores * seen.dt_s
        self._waiting_s += seen.waiting * seen.dt_s

    @property
    def rate(self) -> float:
        return self.work / self.seconds if self.seconds else 0.0

    def with_core(self, ranks: int) -> float:
        """How many of `ranks` had a core, on average."""
        return ranks * (1 - self._waiting_s / self.seconds) if self.seconds else 0.0

    def surely_below(self, part: float, least: float, tuples: float) -> bool:
        """Whether a throughput of `part` so far will hardly become `least`: by two deviations of a count.

        `tuples`: as many a second were done before.
        """
        expected = tuples * self.seconds
        return self.seconds > LEAST_S and expected > 0 and part + 2 / expected**0.5 < least

    def sleeps(self, ranks: int) -> bool:
        """Whether `ranks` are on a core for less than a part of their time."""
        known = self.seconds >= max(CORES_S, 2 * self.task_s)
        return known and self.cores_s < ON_CORE * ranks * self.seconds

    def full(self) -> bool:
        if self.seconds < WINDOW_TASKS * self.task_s:
            return False
        enough = self.seconds >= WINDOW_S[0] and self.tuples >= WINDOW_TUPLES
        return enough or self.seconds >= WINDOW_S[1]


class Trials:
    """Finds the largest number of ranks that is of use."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._limit: int | None = None
        self._why = ""
        self._window: _Window | None = None
        self._before = self._before_tuples = 0.0
        self._trial: int | None = None
        self._from = 0
        self._spent_s = 0.0
        self._next_more_s = AGAIN_S[0]
        self._again = Backoff(*AGAIN_S, by=3)
        self._cores = ""
        self._next_cores_s = 0.0
        self._queued_s = 0.0
        self._asleep: _Window | None = None
        """Since when the ranks of the limit have worked without a break."""
        self._began_s = 0.0
        self._by_cores = False
        """Whether the limit was found because cores lacked."""

    @property
    def trying(self) -> bool:
        """Whether a trial is under way: then the number of ranks does not follow the need."""
        return self._trial is not None

    def move_on(
        self, seen: PoolObservation, busy: float, target: int, queued: Smooth
    ) -> tuple[int, str] | None:
        """(largest number of ranks that is of use, why); None if no limit is known."""
        if seen.busy > 0:
            self._queued_s = self._queued_s + seen.dt_s if seen.waiting > QUEUED_MOST else 0.0
        full = seen.backlog_tasks >= 1 and busy > 0.85 * seen.active and not seen.held
        if not full:  # the throughput is that of the sources, and says nothing about ranks
            self._window = None
            self._trial = None
            self._asleep = None
        elif self._trial is not None:
            self._try(seen)
        else:
            self._measure(seen, target, queued)
        if self._trial is not None:
            fewer = self._trial < self._from
            return (
                self._trial,
                f"trying whether {'fewer ranks do as much' if fewer else 'more ranks do more'}",
            )
        return None if self._limit is None else (self._limit, self._why)

    def _measure(self, seen: PoolObservation, target: int, queued: Smooth) -> None:
        """Between trials: look for a reason to begin one."""
        if self._window is None:
            self._window = _Window()
        self._window.add(seen)
        if self._by_cores and self._watch_sleep(seen):
            self._forget_cores(seen)  # the load has changed
            return
        with_core = target * (1 - queued.value)
        fewer = max(self._bounds.least, ceil(with_core))
        crowded = min(queued.age_s, self._queued_s) >= CORES_S and queued.value > QUEUED_MOST
        lack = crowded and fewer < target and seen.now_s >= self._next_cores_s
        if lack and self._window.tuples >= CORES_TUPLES:
            self._begin(fewer, target, seen)
            self._cores = f"of {target} active ranks {with_core:.1f} had a core, the others waited for one"
            return
        if not self._window.full():
            return
        if self._limit is not None and target >= self._limit and seen.now_s >= self._next_more_s:
            more = self._bounds.clip(max(target + 1, round(target * MORE_RANKS)))
            if more > target:
                self._begin(more, target, seen)
                return
        fewer = max(self._bounds.least, int(target * FEWER))
        cost_s = (1 - fewer / target) * max(WINDOW_S[0], self._window.seconds)
        allowed = self._spent_s + cost_s <= BUDGET * seen.now_s
        if fewer < target and allowed and self._window.tuples >= WINDOW_TUPLES:
            self._begin(fewer, target, seen)
            return
        if self._window.seconds >= WINDOW_S[1] and not lack:
            self._window = None  # so that a load that drifts is measured again

    def _watch_sleep(self, seen: PoolObservation) -> bool:
        """Whether the ranks of the limit sleep; judged over whole tasks, for ranks report at their ends."""
        if self._asleep is None:
            self._asleep = _Window()
        self._asleep.add(seen)
        if not seen.busy:
            return False
        if self._asleep.sleeps(seen.active):
            return True
        if self._asleep.seconds > max(WINDOW_S[0], 4 * self._asleep.task_s):
            self._asleep = None
        return False

    def _forget_cores(self, seen: PoolObservation) -> None:
        self._limit, self._by_cores = None, False
        self._window = self._asleep = None
        self._next_cores_s = seen.now_s + AGAIN_S[0]
        self._next_more_s = seen.now_s
        self._again.reset()

    def _begin(self, trial: int, target: int, seen: PoolObservation) -> None:
        assert self._window is not None
        self._before = self._window.rate
        self._before_tuples = self._window.tuples / self._window.seconds
        self._trial, self._from, self._began_s = trial, target, seen.now_s
        self._window = self._asleep = None
        self._cores = ""

    def _try(self, seen: PoolObservation) -> None:
        assert self._trial is not None
        if seen.active != self._trial:
            # ranks are finishing their tasks, or added ranks are not needed
            if self._trial > self._from and seen.now_s - self._began_s > REACH_S:
                self._over(seen, winner=None)
            return
        if self._window is None:
            self._window = _Window()
            return  # this window still covers some of the time before
        self._window.add(seen)
        if self._cores and self._trial < self._from and self._window.sleeps(self._trial):
            self._next_cores_s = seen.now_s + AGAIN_S[0]
            self._over(seen, winner=None)
            return
        part = self._window.rate / self._before if self._before else 1.0
        least = NOT_DENIED if self._cores else SAME
        hopeless = self._trial < self._from and self._window.surely_below(part, least, self._before_tuples)
        if not self._window.full() and not hopeless:
            return
        if self._trial < self._from:
            # the kernel has reported ranks without a core; the throughput only must not contradict it
            if part + (self._doubt if self._cores else 0.0) >= least:
                self._over(seen, winner=self._trial)
            else:
                self._spent_s += (1 - part) * self._window.seconds
                if self._cores:
                    self._next_cores_s = seen.now_s + AGAIN_S[1]
                self._over(seen, winner=None)
        else:
            had_core = self._window.with_core(self._trial)
            least = MORE if had_core > (self._from + self._trial) / 2 else MORE_IN_QUEUE
            self._over(seen, winner=self._trial if part >= least else None)

    @property
    def _doubt(self) -> float:
        """A deviation of the throughput of a trial, as a part, where few tuples were seen."""
        assert self._window is not None
        expected = self._before_tuples * self._window.seconds
        return 1 / expected**0.5 if 0 < expected < WINDOW_TUPLES else 0.0

    def _over(self, seen: PoolObservation, winner: int | None) -> None:
        trial, self._trial, self._window = self._trial, None, None
        assert trial is not None
        more = trial > self._from
        if more:
            if winner:
                self._again.reset()
            else:
                self._again.next()
            self._next_more_s = seen.now_s + self._again.now_s
            if winner == self._bounds.most:
                self._limit, self._by_cores = None, False
            elif winner:
                self._limit, self._why = winner, f"{winner} ranks did more than {self._from}"
        elif winner:
            did = f"{winner} rank{'s' * (winner > 1)} did as much as {self._from}"
            self._set_limit(winner, seen, f"{did}: {self._cores}" if self._cores else did)

    def _set_limit(self, limit: int, seen: PoolObservation, why: str) -> None:
        self._limit, self._why = limit, why
        if self._cores:
            self._by_cores = True
            if self._again.now_s == AGAIN_S[0]:
                self._again.next()
        self._window = None
        self._next_more_s = max(self._next_more_s, seen.now_s + self._again.now_s)
