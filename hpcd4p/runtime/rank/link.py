"""The link of a rank to the broker: the only place that talks to it.

Owns what the broker said last, the statistics that are to be sent, and the orders that have come. Orders are
only kept here: the loop carries them out between two moves, never in the middle of a call.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from hpcd4p.backoff import Backoff
from hpcd4p.control.moves import STATS_S, stats_due
from hpcd4p.errors import RankLost
from hpcd4p.runtime.commit.inbox import Inbox
from hpcd4p.runtime.execute import at_work
from hpcd4p.runtime.rank.given import Given
from hpcd4p.transport.broker import Blocks, Broker, Claim, Heard
from hpcd4p.wire.ask import Ask, Availability, Awaited, OrderAsk
from hpcd4p.wire.messages import Commit, Observation, Reply, Snapshot, Task
from hpcd4p.wire.orders import Careful, Expect, Moved, Order, Stop
from hpcd4p.wire.reports import Report, seal
from hpcd4p.wire.statistics import stats_s

if TYPE_CHECKING:
    from hpcd4p.runtime.execute.flow import Posts
    from hpcd4p.wire.nodes import Nodes
    from hpcd4p.wire.place import Numbering, Place


class Link:
    """The link of one rank.

    Parameters
    ----------
    stats
        Gives the statistics since its last call.
    posts
        What elements have logged, and took: it is sent with commits.

    Attributes
    ----------
    orders
        Orders that have come and are not carried out yet, oldest first.
    bells, rings
        How often the bell has rung; how often not just for a message.
    rested_s
        Seconds in which this rank has waited.
    hungry, waiting_tasks, waiting_bytes, congested
        What the broker said last: pool ranks without a task; tasks that wait, and their bytes; stateful
        elements that are congested.
    sought
        Ranks elsewhere for which the head is to `carry` a task; said last as well.
    core_share
        How much of the time inside elements needs a core, as far as the broker has said.
    waiting
        Tasks that wait, by element; None if the last answer did not say.
    careful
        Whether to run every task apart. The head says so.
    least_s
        Least seconds between two sendings of statistics, by the number of elements.
    stats_at
        When the statistics were last sent.
    at
        The place of the task in the middle of which the rank waits for room.
    stalled
        See `Reply.stalled`.
    owners
        Rank by pool element that only this rank may run. The same dict always.
    on_moved
        Called as soon as it is known that a partition has moved.
    """

    def __init__(
        self, given: Given, broker: Broker, inbox: Inbox, stats: Callable[[], dict[str, int]], posts: Posts
    ) -> None:
        self.rank = given.rank
        self.orders: deque[Order] = deque()
        self.bells = self.rings = 0
        self.rested_s = 0.0
        self.hungry = self.sought = 0
        self.careful = False
        self.waiting: dict[int, int] | None = None
        self.waiting_tasks = 0
        self.waiting_bytes = 0
        self.core_share: float | None = None
        self.congested: frozenset[int] = frozenset()
        self.owners: dict[int, int] = {}
        self._broker = broker
        self._codec = given.codec
        self._order = given.order
        self.at: Place | None = None
        self.stalled = False
        self.on_moved: Callable[[Moved], None] = lambda order: None
        self._blocks: Blocks | None = given.blocks
        self._line = None if given.blocks is None else given.blocks.line
        self._inbox = inbox
        self._granularity = given.granularity
        self._take_stats = stats
        self._posts = posts
        self._clock = given.clock
        self._spans = given.spans
        self.stats_at = given.clock.started
        self.least_s = stats_s(len(given.plan.elements))
        self._stats_pause = Backoff(STATS_S[0], max(STATS_S[1], self.least_s))

    def exchange(
        self, commit: Commit | None = None, take: Sequence[int] = (), ring: Sequence[int] = (),
        availability: Availability = Availability.IDLE, stats: bool = False, last: bool = False,
        oldest: Sequence[int] = (),
    ) -> Reply:  # fmt: skip
        """One step with the broker.

        Parameters
        ----------
        stats
            Send the statistics and ask for service times, even if they are not due.
        last
            Nothing follows: send all that waits to be sent.
        oldest
            See `OrderAsk.oldest`.

        Raises
        ------
        RankLost
            The head has declared this rank lost.
        """
        commit = Commit() if commit is None else commit
        now = self._clock.now()
        self._posts.post(commit, self._codec, None if last else now)
        due = stats or stats_due(now, self.stats_at, self._stats_pause.now_s)
        if due:
            self.stats_at = now
            self._stats_pause.next()
            if self._spans is not None and self._spans.is_due(now):
                self.report(self._spans.told())
        if due or commit.dead:  # failures are judged by how many tuples there were
            commit.stats |= self._take_stats()
        worse, better = self._inbox.take_news()
        order = None if self._order is None else self._ask_for_order(oldest)
        reply = self._broker.step(commit, Ask(take, ring, worse, better, due, availability, order))
        at_work.well()
        if self._spans is not None and commit.tx:
            self._spans.committed(now, self._clock.now())
        if not reply.accepted:
            raise RankLost(f"rank {self.rank} has left: the head took it for lost, or is gone itself")
        for block in commit.spent:
            assert self._blocks is not None  # it was read from there
            self._blocks.release(block)
        self._hear(reply, availability)
        return reply

    def _ask_for_order(self, oldest: Sequence[int]) -> OrderAsk:
        own = self._inbox.order
        if own is None:
            return OrderAsk(oldest=oldest, at=self.at)
        own.said = self._inbox.waits() if self._inbox.starves else {}
        return OrderAsk(own.watch, own.said, oldest, self.at)

    def is_stalled_at(self, numbers: Numbering | None) -> bool:
        """Whether somebody waits for what this task writes, or one that nobody runs; asks the broker."""
        if numbers is None:
            return False
        self.at = numbers.known
        self.exchange()
        self.at = None
        return self.stalled

    def _hear(self, reply: Reply, availability: Availability) -> None:
        self.hungry, self.sought = reply.idle, reply.sought
        if self._line is not None:
            self._line.hear(reply.idle, reply.idle_here, reply.near)
        self.waiting = reply.waiting if availability is Availability.IN_CALL else None
        self.waiting_tasks, self.waiting_bytes = reply.tasks, reply.size
        self.congested = reply.congested
        if reply.owners or self.owners:
            self.owners.clear()
            self.owners.update(reply.owners)
        self.stalled = reply.stalled
        if reply.watermarks and self._inbox.order is not None:
            self._inbox.order.hear(reply.watermarks)
        if reply.core_share is not None:
            self.core_share = reply.core_share
        if reply.service_us:
            self._granularity.learn(reply.service_us)
        for order in reply.orders:
            self.learn(order)

    def learn(self, order: Order) -> None:
        """Take in an order: some are facts and not work, and hold for the next task at once."""
        if isinstance(order, Careful):
            self.careful = order.on
        elif isinstance(order, Expect):  # whoever sends it waits until it is received
            self._inbox.expect(order.element)
        else:
            self.orders.append(order)
            if isinstance(order, Moved):
                self.on_moved(order)

    def hear_of(self, seen: Observation) -> None:
        """Note what waits, as the head has seen."""
        self.waiting_tasks, self.waiting_bytes, self.sought = seen.tasks, seen.size, seen.sought

    def wait(self, seconds: float | None) -> Heard:
        """Wait for the bell, or for `seconds`; the result is that of `Broker.wait`."""
        began = self._clock.now()
        heard = self._broker.wait(seconds)
        ended = self._clock.now()
        self.rested_s += ended - began
        if self._spans is not None:
            self._spans.waited(began, ended)
        if heard is not Heard.SILENT:
            self.bells += 1
        if heard is Heard.BELL:
            self.rings += 1
        return heard

    def listen(self, ear: int | None) -> None:
        """See `Broker.listen`."""
        self._broker.listen(ear)

    def wake(self) -> None:
        """End the `wait` of this rank from another thread."""
        self._broker.wake()

    @property
    def stopping(self) -> bool:
        """Whether the order to stop has come: nothing is worth waiting for any more."""
        return any(isinstance(order, Stop) for order in self.orders)

    # ---- what only the head does

    def observe(self, alive: bool, stats: bool = True) -> Observation:
        """See `Broker.observe`."""
        return self._broker.observe(alive, stats=stats)

    def observe_alive(self) -> frozenset[int]:
        """The ranks whose connection stands, and nothing else."""
        return self._broker.observe(alive=True, fetch=False).alive or frozenset()

    def order(self, ranks: Sequence[int], order: Order) -> None:
        """See `Broker.order`."""
        self._broker.order(ranks, order)

    def awaited(self) -> list[Awaited]:
        """See `Broker.awaited`."""
        return self._broker.awaited()

    def snapshot(self) -> Snapshot:
        """See `Broker.snapshot` and `whole_snapshot`."""
        from hpcd4p.runtime.rank.whole_tasks import whole_snapshot  # the head alone needs it

        return whole_snapshot(self._broker.snapshot, self._codec, self._blocks)

    def carry(self) -> None:
        """Publish with all their bytes the tasks on this node that ranks elsewhere have looked for."""
        from hpcd4p.runtime.rank.whole_tasks import carried

        self.sought = 0
        for task in self._broker.carry():
            self.exchange(carried(task, self._codec, self._blocks))

    def reach(self, nodes: Nodes) -> None:
        """From now on read what lies on other nodes, too; `nodes` has the node of each rank."""
        from hpcd4p.runtime.rank.far_blocks import FarBlocks

        self._blocks = FarBlocks(self._blocks, self._broker, self._codec, nodes)

    def fence(self, rank: int) -> tuple[int, list[Task]]:
        """See `Broker.fence`."""
        return self._broker.fence(rank)

    # ---- statistics

    @property
    def stats_every_s(self) -> float:
        """Least seconds between two sendings of statistics when there is nothing else to send."""
        return max(self._stats_pause.now_s, self.least_s)

    def tell_last(self) -> None:
        """Send the last statistics, spans and log lines; nothing else of this rank is outstanding."""
        if self._spans is not None:
            self.report(self._spans.told())
        commit = Commit()
        commit.stats = self._take_stats()
        self._posts.post(commit, self._codec)
        if commit:
            self._broker.step(commit)

    # ---- reports for the head, sent at once

    def report(self, report: Report) -> None:
        """Leave a report for the head."""
        self._broker.report(seal(self._codec, report))

    def claim(self, element: int, claim: Claim, digest: str = "") -> bool:
        """See `Broker.claim`."""
        return self._broker.claim(element, claim, digest)
