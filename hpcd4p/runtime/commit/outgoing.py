"""What a rank writes: where its edges lead, and how it becomes a transaction that is on its way.

Owns the outbox, and the window of transactions that are prepared and not committed. It talks to nobody but
the mesh; `runtime.rank.committer` commits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpcd4p.errors import TupleTooLargeError
from hpcd4p.plan.model import Plan, Role, Route, as_written
from hpcd4p.runtime.commit.transaction import RING_AFTER_S, Outbox, Sealer, Window
from hpcd4p.runtime.execute.flow import Flow
from hpcd4p.runtime.execute.instance import show_error
from hpcd4p.transport.broker import Mesh
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.keys import Cause

if TYPE_CHECKING:
    from hpcd4p.control.granularity import Granularity
    from hpcd4p.plan.settings import EngineSettings
    from hpcd4p.runtime.clock import Clock
    from hpcd4p.runtime.execute.letters import Failure
    from hpcd4p.runtime.execute.salvage import Lost

URGENT_RING_S = 0.0001
"""While a rank waits for its commit and does nothing else, it rings for its messages after this time."""

SEND_TUPLES = 4096
"""So many tuples for partitions make a message, also in the middle of a transaction: they are pickled
while they are in the cache, and their owner can begin to receive."""

PARTIAL_TUPLES = 50_000
"""A transaction that holds more than this in the middle of a call commits what it has."""

HEAVY_BYTES = (1 << 20, 16 << 20)
"""The same in bytes: between these, and no more than all ranks together may put into Redis."""

WINDOW_BYTES = 16 << 20
"""No more is begun while this much is under way: what waits at its owner in megabytes is in no cache when its
turn comes (of 1 MiB arrays 72 on their way to a rank cost it 5 % more of its core than 36)."""


class Outgoing:
    """Of one rank.

    Attributes
    ----------
    outbox
        The transaction at hand.
    window
        Those before it that are not committed.
    sealed_at
        When one was sealed last.
    """

    def __init__(
        self,
        plan: Plan,
        settings: EngineSettings,
        flow: Flow,
        mesh: Mesh,
        codec: Codec,
        granularity: Granularity,
        clock: Clock,
    ) -> None:
        self.outbox = Outbox(clock)
        self.window = Window(mesh)
        self.sealed_at = clock.now()
        self._plan = plan
        self._flow = flow
        self._clock = clock
        self._sealer = Sealer(
            plan, mesh.rank, mesh, codec, granularity, self._untravelled, settings.max_task_bytes, clock
        )
        self._most = settings.window
        share = settings.high_bytes // (2 * max(1, len(plan.pool_ranks)))
        self._heavy_bytes = max(HEAVY_BYTES[0], min(HEAVY_BYTES[1], share))
        self._slept = self._alert = False

    def route(self, element: int, out: list[tuple[str, list[Any]]]) -> None:
        """Put what `element` has written where its edges lead."""
        for delivery in self._flow.spread(element, out):
            self.deliver(*delivery)

    def deliver(self, route: Route, partition: int, values: list[Any]) -> None:
        """Put tuples where `route` leads."""
        if self._plan.elements[route.target].role is Role.POOL:
            self.outbox.to_pool(route, values)
        else:
            self.outbox.to_partition(route, partition, values)
            if self.outbox.unsent >= SEND_TUPLES:
                self._sealer.send(self.outbox)

    def fail(self, failure: Failure) -> None:
        """Tuples that failed become part of the transaction at hand, which takes them off the count."""
        self.outbox.fail(failure)

    def give_up(self, lost: Lost) -> None:
        """Make dead letters of tuples that cannot be unpickled."""
        self._flow.give_up(lost)
        self.outbox.count(lost.element, -lost.tuples)

    def seal(self) -> None:
        """Prepare what has been written so far."""
        if self.outbox:
            # what cannot travel is found now, and fails in this outbox
            self.window.add(self._sealer.seal(self.outbox))
            self.sealed_at = self._clock.now()
            self._alert, self._slept = self._slept, False
            self.forget()

    def forget(self) -> None:
        """Begin a new transaction."""
        self.outbox = Outbox(self._clock)

    @property
    def heavy(self) -> bool:
        """Whether the transaction at hand holds as much as it may."""
        return self.outbox.tuples > PARTIAL_TUPLES or self.outbox.bytes > self._heavy_bytes

    @property
    def full(self) -> bool:
        """Whether as much is under way as may be."""
        waiting = len(self.window)
        return waiting >= self._most or (waiting > 0 and self.window.bytes > WINDOW_BYTES)

    def slept(self) -> None:
        """This rank has slept until its bell rang."""
        self._slept = True

    def ring_after_s(self, busy: bool) -> float:
        """A message that is not matched by then goes to a rank that is asleep, or busy: ring its bell.

        The first that is sent after a sleep most likely goes to one that sleeps, too.
        """
        if self._alert:
            return 0.0
        return RING_AFTER_S if busy else URGENT_RING_S

    def _untravelled(self, element: int, route: Route | None, value: Any, error: Exception) -> None:
        """Make a dead letter of a tuple that cannot be sent to `element`.

        It goes into the outbox that is being sealed, past whoever counts the failures of a task: it is found
        anew only where it is written anew, so a task that is repeated does not skip it.
        """
        name = self._plan.elements[element].name
        what = f"a {type(value).__name__} on its way to {name}"
        cause, place = Cause.OTHER, f"on its way to {name}"
        if route is not None:
            output, value = as_written(route.output, value)
            element, cause, place = route.source, Cause.UNSENT, f"output {output!r}"
            name = self._plan.elements[element].name
            what = f"{name} wrote a {type(value).__name__} on {output!r}"
        if isinstance(error, TupleTooLargeError):
            text = f"{what} that is too large: {error}"
        else:
            text = f"{what} that cannot be pickled, so it cannot travel to another rank: {show_error(error)}"
        self.outbox.fail(self._flow.letter(element, cause, "", value, error, place, text))
