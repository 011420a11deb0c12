"""What goes wrong in a cluster in one process: messages are half sent, ranks die, the broker goes.

The dice decide when. A rank dies where a real one would be seen to: at either side of a step with the broker,
or with a message half sent.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

from hpcd4p.errors import BrokerLost
from hpcd4p.testing.cell import Killed
from hpcd4p.testing.net import Flight, Net
from hpcd4p.testing.turns import Turns
from hpcd4p.transport.broker import Claim, Heard
from hpcd4p.transport.memory_broker import MemoryBroker
from hpcd4p.transport.memory_store import MemoryStore
from hpcd4p.wire.ask import NOTHING_ASKED, Ask, Awaited
from hpcd4p.wire.messages import Arrival, Commit, Entry, Notice, Observation, Reply, Task
from hpcd4p.wire.orders import Order

KILL_CHANCE = 0.04
"""Of dying at a moment where a rank can."""


class Fates:
    """Who dies, and who is taken for dead.

    Parameters
    ----------
    mortal
        Ranks of which any may die.
    kills, suspects
        How many of these do; how many are taken for dead, and go on until they hear of it.
    doomed
        Ranks, or ``"broker"``, that die besides, each at a moment of its own.

    Attributes
    ----------
    before
        Called at each moment with the rank whose it is; it may `kill`, or do anything else.
    """

    def __init__(
        self,
        dice: random.Random,
        store: MemoryStore,
        mortal: list[int],
        kills: int,
        suspects: int,
        doomed: tuple[int | str, ...],
    ) -> None:
        self.lost: list[int] = []
        self.broker_lost = False
        self.before: Callable[[int], None] = lambda rank: None
        self._dice = dice
        self._store = store
        self._mortal = mortal
        self._kills = kills
        self._suspects = suspects
        self._dead: set[int] = set()
        self._doomed = {who: dice.randrange(1, 60) for who in doomed}
        """Moments at which each could die before it does."""

    def moment(self, rank: int) -> None:
        """Here `rank` may die."""
        self.check(rank)
        self.before(rank)
        if self._is_due("broker"):
            self.broker_lost = True
        if self._is_due(rank):
            self.kill(rank)
        if self._kills + self._suspects <= 0 or rank not in self._mortal or len(self._mortal) < 2:
            return
        if rank in self._store.owners.values():
            return  # the run would end
        if self._dice.random() < KILL_CHANCE:
            self.is_lost(rank)
            if self._dice.randrange(self._kills + self._suspects) < self._kills:
                self._kills -= 1
                self.kill(rank)
            self._suspects -= 1

    def _is_due(self, who: int | str) -> bool:
        if who not in self._doomed:
            return False
        self._doomed[who] -= 1
        return self._doomed[who] == 0

    def spare(self, ranks: Iterable[int]) -> None:
        """Let none of `ranks` die."""
        self._mortal = [rank for rank in self._mortal if rank not in {*ranks}]

    def kill(self, rank: int) -> NoReturn:
        """End `rank`, whose turn it is."""
        self.is_lost(rank)
        self._dead.add(rank)
        raise Killed

    def check(self, rank: int) -> None:
        """Whoever is dead says nothing any more, whatever its stack would do on the way out."""
        if rank in self._dead:
            raise Killed

    def is_lost(self, rank: int) -> None:
        """`rank` has died, or is taken for dead."""
        if rank in self._mortal:
            self._mortal.remove(rank)
        if rank not in self.lost:
            self.lost.append(rank)
            self._store.alive.discard(rank)


class FaultyBroker(MemoryBroker):
    """A broker whose rank may be killed just before, or just after, a step takes effect."""

    def __init__(self, store: MemoryStore, rank: int, fates: Fates, turns: Turns) -> None:
        super().__init__(store, rank)
        self._fates = fates
        self._turns = turns

    def step(self, commit: Commit, ask: Ask = NOTHING_ASKED, entry: Entry | None = None) -> Reply:
        """See `Broker.step`; others may run before and after it."""
        self._turns.wait(self.rank, 0)
        self._fates.moment(self.rank)
        self._look()
        reply = super().step(commit, ask, entry)
        self._fates.moment(self.rank)
        return reply

    def wait(self, seconds: float | None) -> Heard:
        """See `Broker.wait`: the others run meanwhile."""
        self._look()  # one that has gone rings no bell any more
        self._turns.wait(self.rank, seconds)
        self._look()
        return super().wait(seconds)

    def observe(self, *args: Any, **kwargs: Any) -> Observation:
        """See `Broker.observe`."""
        self._fates.moment(self.rank)
        self._look()
        return super().observe(*args, **kwargs)

    def fence(self, rank: int) -> tuple[int, list[Task]]:
        """See `Broker.fence`."""
        self._look()
        return super().fence(rank)

    def carry(self) -> list[Task]:
        """See `Broker.carry`."""
        self._look()
        return super().carry()

    def awaited(self) -> list[Awaited]:
        """See `Broker.awaited`."""
        self._look()
        return super().awaited()

    def report(self, figures: bytes) -> None:
        """See `Broker.report`."""
        self._look()
        super().report(figures)

    def claim(
        self, element: int, claim: Claim = Claim.REAL, digest: str = "", entry: Entry | None = None
    ) -> bool:
        """See `Broker.claim`."""
        self._look()
        return super().claim(element, claim, digest, entry)

    def order(self, ranks: Sequence[int], order: Order, mark: int = 0) -> None:
        """See `Broker.order`."""
        self._look()
        super().order(ranks, order, mark)

    def _look(self) -> None:
        self._fates.check(self.rank)
        if self._fates.broker_lost:
            raise BrokerLost("the broker of the simulation is gone")


class FaultyMesh:
    """See `transport.broker.Mesh`: messages are late, and their sender may die with one half sent."""

    def __init__(self, rank: int, net: Net, fates: Fates) -> None:
        self.rank = rank
        self.size = net.size
        self._net = net
        self._fates = fates
        self._gone: set[int] = set()

    @property
    def receiving(self) -> bool:
        """See `Mesh.receiving`."""
        return self._net.receiving(self.rank, self._gone)

    matched = whole = 0
    """See `Mesh.matched`: nothing is matched and not given."""

    def send(self, dest: int, tx: int, frames: list[Any]) -> tuple[int, Flight]:
        """See `Mesh.send`."""
        # copied as a wire would: what the sender does to it later must not be seen
        copies = [bytes(frames[0]), *(bytearray(f) for f in frames[1:])]
        flight = self._net.put(dest, Arrival(self.rank, tx, copies), len(copies))
        for _ in copies:
            self._fates.moment(self.rank)
            flight.parts -= 1
        return dest, flight

    def sent(self, ticket: tuple[int, Flight]) -> bool:
        """See `Mesh.sent`."""
        dest, flight = ticket
        return flight.matched or dest in self._gone

    def notice(self, dest: int, tx: int) -> None:
        """See `Mesh.notice`."""
        self._net.put(dest, Notice(self.rank, tx), 0)

    def poll(self) -> list[Arrival | Notice]:
        """See `Mesh.poll`."""
        return [message for message in self._net.arrive(self.rank) if message.source not in self._gone]

    def forget(self, rank: int) -> None:
        """See `Mesh.forget`."""
        self._gone.add(rank)
