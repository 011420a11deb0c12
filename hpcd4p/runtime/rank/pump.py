"""The nested work of a call that writes very much: the call waits, and its rank does other work meanwhile.

A call may write more than memory holds. So when the current transaction is *heavy* in the middle of a call,
the rank commits what there is and waits until there is room for more. Other ranks may be waiting for this one
meanwhile; so it goes on working, but only for elements further down than the one in the call
(`control.taking.further_down`), so that no two ranks can wait for each other. Orders of the head wait until
the outermost call is over; only the order to stop ends the waiting, and a lost rank is forgotten at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from hpcd4p.control.moves import BLOCKED_S
from hpcd4p.control.taking import further_down, may_wait
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.runtime.execute.loops import Leave
from hpcd4p.runtime.rank.account import RankAccount
from hpcd4p.runtime.rank.committer import Committer
from hpcd4p.runtime.rank.room import Room
from hpcd4p.wire.ask import Availability
from hpcd4p.wire.orders import Lost

if TYPE_CHECKING:
    from hpcd4p.runtime.clock import Clock
    from hpcd4p.wire.place import Numbering

STALLED_LOOKS = 2
"""After so many looks in a row at which somebody waits for what a call, or a task that nobody runs, will
write (`Reply.stalled`), a call waits for room no longer: what fills that room waits for its turn, and this
may be what is missing."""

FurtherDown = Callable[[Iterable[int]], Iterator[int]]
"""Those of some elements that may be worked on now, in their order."""

Help = Callable[[FurtherDown], bool]
"""Do some work of an element that may be worked on; whether there was any."""


class Stopped(Leave):
    """Raised through a call that waits for room: the run is over."""


class Pump:
    """The nested work of one rank.

    Attributes
    ----------
    helpers
        What the rank can do meanwhile, the most urgent first. Each leaves its results in the outbox.
    """

    def __init__(self, committer: Committer, room: Room, account: RankAccount, clock: Clock) -> None:
        self.helpers: list[Help] = []
        self._committer = committer
        self._link = committer.link
        self._room = room
        self._account = account
        self._clock = clock
        self._depth = 0
        """Calls that wait, each begun while the one before it waited."""

    def aside(self, instance: Instance, work: Callable[[], None]) -> None:
        """Do `work` in the middle of a call of `instance`: that time is not the element's."""
        paused = instance.pause()
        work()
        # what the rank did meanwhile for others has counted itself
        self._account.waited(paused, instance.resume(paused))

    def relieve(self, element: int, numbers: Numbering | None = None) -> None:
        """In the middle of a call of `element`: commit what it has written, and wait until there is room.

        Parameters
        ----------
        numbers
            Of the task that the call is part of.

        Raises
        ------
        Stopped
            The head has said stop: the call need not go on.
        """
        self._committer.settle()  # what is not committed cannot be worked on, and others may wait for it
        self._look()
        if may_wait(self._depth):
            outer, self._link.at = self._link.at, None if numbers is None else numbers.known
            try:
                self._wait_for_room(element)
            finally:
                self._link.at = outer
        if self._link.stopping:
            raise Stopped

    def _wait_for_room(self, element: int) -> None:
        self._depth += 1
        stalled = 0
        try:
            while not self._link.stopping and self._room.crowded(element) and stalled < STALLED_LOOKS:
                self._forget_lost()
                self._committer.receive()
                if not self._help(element):
                    self._link.wait(BLOCKED_S)
                    self._committer.on_wait()
                    self._look()
                    stalled = stalled + 1 if self._link.stalled else 0
        finally:
            self._depth -= 1

    def _forget_lost(self) -> None:
        """Carry out orders that a rank is lost: what it has left here may be in the way of all that waits."""
        orders = self._link.orders
        for order in [each for each in orders if isinstance(each, Lost)]:
            orders.remove(order)
            self._committer.forget(order.rank, order.committed)

    def _help(self, element: int) -> bool:
        def of(elements: Iterable[int]) -> Iterator[int]:
            return further_down(element, elements, self._room.crowded)

        for help_with in self.helpers:
            if help_with(of):
                self._committer.settle()
                self._look()
                return True
        return False

    def _look(self) -> None:
        """Hear what waits, by element."""
        self._link.exchange(availability=Availability.IN_CALL)
