"""Whose turn it is in a cluster in one process, and what time it is there.

Each rank has a thread, for its stack may wait in the middle of a call; but one runs at any time, and hands
over only where it waits. Who is next follows from dice, so a run can be had again.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Container
from math import inf

from hpcd4p.errors import Hpcd4pError
from hpcd4p.testing.cell import Killed

TICK_S = 20e-6
"""Virtual seconds that every look at the clock takes: time passes, but only with work."""

MOST_TURNS = 2_000_000
"""A simulation that is not over by then hangs."""


_here = threading.local()


def work(seconds: float) -> None:
    """For elements: take so much virtual time; in a run that is not simulated, none."""
    turns: Turns | None = getattr(_here, "turns", None)
    if turns is not None:
        turns.pass_time(seconds)


def nap(rank: int, seconds: float) -> None:
    """For elements on `rank`: the same while the other ranks work, as if each had a core of its own."""
    turns: Turns | None = getattr(_here, "turns", None)
    if turns is not None:
        turns.nap(rank, seconds)


class HungError(Hpcd4pError):
    """The cluster has stopped making progress; says what each rank waits for."""


class Turns:
    """The turns of some ranks.

    Parameters
    ----------
    bells
        Gives the ranks whose bell has rung.
    where
        Says what each rank waits for, when nothing happens any more.
    """

    def __init__(
        self, dice: random.Random, bells: Callable[[], Container[int]], where: Callable[[], str]
    ) -> None:
        self.error: BaseException | None = None
        """What ended a rank that should not have ended."""
        self._dice = dice
        self._bells = bells
        self._where = where
        self._now = 0.0
        self._turns = 0
        self._until: dict[int, float] = {}
        self._batons: dict[int, threading.Lock] = {}
        """Held but for the one who is next: a plain lock, for a semaphore of Python makes one each time."""
        self._deaf: set[int] = set()
        """Ranks that no bell wakes: an element of theirs is at work."""
        self._threads: list[threading.Thread] = []
        self._stopping = False

    def clock(self) -> float:
        """Virtual seconds."""
        self._now += TICK_S
        return self._now

    @property
    def now(self) -> float:
        """The same, without a tick."""
        return self._now

    def add(self, rank: int, body: Callable[[], None]) -> None:
        """Have `body` run as `rank`."""
        self._until[rank] = 0.0
        self._batons[rank] = threading.Lock()
        self._batons[rank].acquire()
        self._threads.append(threading.Thread(target=self._run, args=(rank, body), daemon=True))

    def run(self) -> None:
        """Run them all to their ends."""
        for thread in self._threads:
            thread.start()
        self._pass_on()
        for thread in self._threads:
            thread.join()

    def wait(self, rank: int, seconds: float | None) -> None:
        """Let others run, by the thread of `rank`, until its bell rings or for so long."""
        if self._stopping:
            raise Killed
        self._until[rank] = inf if seconds is None else self._now + seconds
        try:
            other = self._choose()
        except HungError as error:  # it is nobody's who waits
            self._stop(error)
            raise Killed from error
        if other != rank:
            self._batons[other].release()
            self._batons[rank].acquire()
        if self._stopping:
            raise Killed

    def nap(self, rank: int, seconds: float) -> None:
        """Let others run, by the thread of `rank`, for so long, whatever rings."""
        self._deaf.add(rank)
        try:
            self.wait(rank, seconds)
        finally:
            self._deaf.discard(rank)

    def wake_all(self) -> None:
        """Something has happened that concerns everybody."""
        self._until = dict.fromkeys(self._until, self._now)

    def pass_time(self, seconds: float) -> None:
        """So much time passes, in the turn of whoever calls this."""
        self._now += seconds

    def _run(self, rank: int, body: Callable[[], None]) -> None:
        _here.turns = self
        self._batons[rank].acquire()
        try:
            if not self._stopping:
                body()
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001  # whoever runs the simulation raises it
            self._stop(error)
        del self._until[rank]
        if self._until and not self._stopping:
            self._pass_on()

    def _pass_on(self) -> None:
        try:
            self._batons[self._choose()].release()
        except HungError as error:
            self._stop(error)

    def _stop(self, error: BaseException) -> None:
        if not self._stopping:
            self.error = error
            self._stopping = True
            for baton in self._batons.values():
                if baton.locked():
                    baton.release()

    def _choose(self) -> int:
        """A rank that can run; if all wait, time passes to the first that wakes by itself."""
        self._turns += 1
        if self._turns > MOST_TURNS:
            raise HungError(self._where())
        bells = self._bells()
        ready = [
            rank
            for rank, until in self._until.items()
            if until <= self._now or (rank in bells and rank not in self._deaf)
        ]
        if not ready:
            first = min(self._until.values())
            if first == inf:
                raise HungError(self._where())
            self._now = first
            ready = [rank for rank, until in self._until.items() if until <= first]
        return self._dice.choice(ready)
