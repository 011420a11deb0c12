"""What a rank writes: where its edges lead, and how it becomes a transaction that is on its way.

Owns the outbox, and the window of transactions that are prepared and not committed. It talks to nobody but
the mesh; `runtime.rank.committer` commits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpcd4p.control.sealing import SEND_TUPLES, heavy_bytes, is_due, is_full, is_heavy, ring_after_s
from hpcd4p.errors import TupleTooLargeError
from hpcd4p.plan.model import Plan, Role, Route, as_written
from hpcd4p.runtime.commit.outbox import Outbox
from hpcd4p.runtime.commit.owners import Owners
from hpcd4p.runtime.commit.sealer import Sealer
from hpcd4p.runtime.commit.window import Window
from hpcd4p.runtime.execute.error_text import show_error
from hpcd4p.runtime.execute.flow import Flow
from hpcd4p.transport.broker import Blocks, Mesh
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.messages import Segment
from hpcd4p.wire.statistics import Cause

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpcd4p.control.granularity import Granularity
    from hpcd4p.plan.order import Order
    from hpcd4p.plan.settings import EngineSettings
    from hpcd4p.runtime.clock import Clock
    from hpcd4p.runtime.commit.placing import Placing
    from hpcd4p.runtime.execute.letters import Failure
    from hpcd4p.runtime.execute.salvage import UnreadTuples
    from hpcd4p.wire.orders import Moved

    Written = list[tuple[str, list[Any]]]


class Outgoing:
    """What one rank writes.

    Attributes
    ----------
    outbox
        The transaction that is being collected.
    window
        Earlier transactions that are not committed yet.
    owners
        Who holds which partition.
    inline
        Does `route`, where elements run where their input is written; None: there are none.
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
        blocks: Blocks | None = None,
        order: Order | None = None,
    ) -> None:
        self.outbox = Outbox(clock)
        self.window = Window(mesh)
        self.owners = owners = Owners(plan, mesh.rank)
        self._sealed_at = clock.now()
        self._plan = plan
        self._flow = flow
        self._clock = clock
        self._placing: Placing | None = None
        if order is not None:
            from hpcd4p.runtime.commit.placing import Placing

            self._placing = Placing(order, mesh.rank, clock)
        self._sealer = Sealer(
            plan, mesh.rank, mesh, codec, granularity, self._untravelled, settings, clock, owners, blocks,
            self._placing,
        )  # fmt: skip
        self._most = settings.window
        self._slice_s = settings.slice_s
        self._heavy_bytes = heavy_bytes(settings.high_bytes, len(plan.pool_ranks))
        self._slept = self._alert = False
        self.inline: Callable[[int, Written], None] | None = None

    def route(self, element: int, out: Written) -> None:
        """Put what `element` has written where its edges lead."""
        if self.inline is not None:
            self.inline(element, out)
            return
        for delivery in self._flow.spread(element, out):
            self.deliver(*delivery)

    def deliver(self, route: Route, partition: int, values: list[Any]) -> None:
        """Put tuples where `route` leads."""
        outbox = self.outbox
        if self._placing is not None and self._placing.takes(outbox, route, partition, values):
            pass
        elif self._plan.elements[route.target].role is Role.POOL:
            outbox.to_pool(route, values)
            if outbox.numbers is not None:
                outbox.numbers.published.add(route)
            return
        else:
            outbox.to_partition(route, partition, values)
        if outbox.unsent >= SEND_TUPLES:
            self._sealer.send(outbox)

    def send_on(self, segment: Segment) -> None:
        """Send what is for a partition that was here to its next owner."""
        self.outbox.to_heir(segment)
        if self.outbox.unsent >= SEND_TUPLES:
            self._sealer.send(self.outbox)

    def moved(self, order: Moved) -> None:
        """A partition has moved: from now on, what it concerns is written and sent accordingly."""
        self.owners.moved(order.element, order.partition, order.owner, order.epoch, order.number)
        if order.number and self._placing is not None:
            self._placing.moved(order.number)

    def tell_places(self, element: int) -> None:
        """Tell the broker that what is written here comes behind the last move, which was of `element`."""
        if self._placing is not None and self._placing.tells():
            self.outbox.count(element, 0)  # it is a transaction even if nothing else is in it

    def fail(self, failure: Failure) -> None:
        """Add tuples that failed to the current transaction, which takes them off the count."""
        self.outbox.fail(failure)

    def give_up(self, lost: UnreadTuples) -> None:
        """Make dead letters of tuples that cannot be unpickled."""
        self._flow.give_up(lost)
        self.outbox.count(lost.element, -lost.tuples)

    def seal(self) -> None:
        """Prepare what has been written so far."""
        if self.outbox:
            # tuples that cannot travel are found here, and become failures in this outbox
            self.window.add(self._sealer.seal(self.outbox))
            self._sealed_at = self._clock.now()
            self._alert, self._slept = self._slept, False
            self.forget()

    def forget(self) -> None:
        """Begin a new transaction."""
        self.outbox = Outbox(self._clock)

    def is_due(self, worked: bool, now: float, linger_s: float) -> bool:
        """Whether to seal now, between two moves: see `control.sealing.is_due`."""
        if not self.outbox:
            return False
        return self.heavy or is_due(worked, now, self.outbox.began, self._sealed_at, self._slice_s, linger_s)

    @property
    def heavy(self) -> bool:
        """Whether the current transaction holds as much as it may."""
        return is_heavy(self.outbox.tuples, self.outbox.bytes, self._heavy_bytes)

    def is_heavy(self, tuples: int, size: float) -> bool:
        """Whether a transaction of so many tuples and bytes would be."""
        return is_heavy(tuples, size, self._heavy_bytes)

    @property
    def full(self) -> bool:
        """Whether as many transactions and bytes are under way as allowed."""
        return is_full(len(self.window), self.window.bytes, self._most)

    def slept(self) -> None:
        """Note that the rank has slept until its bell rang."""
        self._slept = True

    def ring_after_s(self, busy: bool) -> float:
        """Seconds after which to ring for messages that are not matched; `busy`: see `control.sealing`."""
        return ring_after_s(self._alert, busy)

    def _untravelled(self, element: int, route: Route | None, value: Any, error: Exception) -> None:
        """Make a dead letter of a tuple that cannot be sent to `element`.

        The letter goes into the outbox that is being sealed and is not counted as a failure of the task: the
        tuple fails again only if it is written again, so a repeated task must not skip its letter.
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
        self.outbox.fail(self._flow.failure(element, cause, "", value, error, place, text))
