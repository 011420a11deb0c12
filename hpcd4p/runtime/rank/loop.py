"""The loop of a rank: receive, work, commit, wait. The same for pool, stateful group and head.

It *has* what it needs: a link to the broker, both sides of its transactions, its partitions, perhaps a part
in the pool. Owns the order of what a rank does, and its waits; `control` decides. Orders wait between moves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hpcd4p.backoff import Backoff
from hpcd4p.control.granularity import Granularity
from hpcd4p.control.looping import LoopState, loop_of
from hpcd4p.control.moves import BACKOFF_S, Facts, What, next_move, soonest
from hpcd4p.control.sealing import linger_s
from hpcd4p.plan.model import Plan
from hpcd4p.runtime.commit.lease import Leases
from hpcd4p.runtime.commit.outgoing import Outgoing
from hpcd4p.runtime.execute.flow import Flow
from hpcd4p.runtime.execute.garbage import breathe
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.runtime.execute.probation import Probation
from hpcd4p.runtime.execute.totals import Increase
from hpcd4p.runtime.rank.account import account_in, spans_in
from hpcd4p.runtime.rank.besides import Besides
from hpcd4p.runtime.rank.committer import Committer
from hpcd4p.runtime.rank.given import Given, order_in
from hpcd4p.runtime.rank.incoming import inbox_of
from hpcd4p.runtime.rank.link import Link
from hpcd4p.runtime.rank.partitions import Partitions
from hpcd4p.runtime.rank.pool import PoolPart
from hpcd4p.runtime.rank.pump import Pump, Stopped
from hpcd4p.runtime.rank.room import Room
from hpcd4p.runtime.rank.suspects import Suspects
from hpcd4p.runtime.rank.tasks import Tasks
from hpcd4p.transport.broker import Blocks, Broker, Heard, Mesh
from hpcd4p.wire.ask import Availability
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.orders import Lost, Order, Stop, Wake
from hpcd4p.workflow.elements import GenericPE

if TYPE_CHECKING:
    from hpcd4p.plan.settings import EngineSettings
    from hpcd4p.runtime.clock import Clock
    from hpcd4p.runtime.execute.letters import Failure
    from hpcd4p.runtime.rank.cutting import Cutting
    from hpcd4p.runtime.rank.late_cutting import LateCutting
    from hpcd4p.runtime.rank.lending import Lending
    from hpcd4p.wire.resumption import Restored


class RankLoop:
    """The loop of one rank; the transports are given to it.

    Parameters
    ----------
    elements
        The user's objects, by index in the plan.

    Attributes
    ----------
    stopped
        The order to stop, once it has come.
    pool
        Its part in the pool, or what it lends the pool; None where it has neither.
    lending, cutting, restored
        What it lends the pool, once the head has asked for it; its part in checkpoints, if there are any; and
        what it goes on from, if it does.
    besides
        What else it does; None for all ranks but the head.
    """

    def __init__(
        self, plan: Plan, elements: list[GenericPE], settings: EngineSettings, broker: Broker, mesh: Mesh,
        codec: Codec, clock: Clock, blocks: Blocks | None = None, measured: bool = False,
    ) -> None:  # fmt: skip
        self.rank = rank = mesh.rank
        self.granularity = sizes = Granularity(settings, max(1, len(plan.pool_ranks)))
        self.order = order = order_in(plan)
        spans = spans_in(settings, rank, plan.size, clock)
        given = Given(rank, plan, elements, settings, codec, clock, sizes, blocks, measured, order, spans)
        self.plan, self.clock = plan, clock
        self.stopped: Stop | None = None
        self.restored: Restored | None = None
        self._life = loop_of(rank)
        self.flow = Flow(plan, rank, self.fail, clock, spans)
        self.inbox = inbox_of(given, mesh)
        self.link = link = Link(given, broker, self.inbox, self.take_stats, self.flow.posts)
        self.outgoing = Outgoing(plan, settings, self.flow, mesh, codec, sizes, clock, blocks, order)
        self.committer = committer = Committer(link, mesh, self.outgoing, self.inbox, clock)
        self.room = room = Room(plan, settings, link)
        self.flow.on_undeclared = room.writes_undeclared
        self.account = account = account_in(plan, rank, clock, spans)
        self.probation = Probation(plan, elements, rank, link.report, clock, link.claim, link.owners)
        self._pump = pump = Pump(committer, room, account, clock)
        self.partitions = Partitions(given, self.flow, committer, room, self.probation, account, pump)
        self.cutting: Cutting | LateCutting | None = None
        self._leases = Leases()
        self.tasks = Tasks(given, self.flow, committer, self.probation, account, pump, self._leases)
        self.suspects = Suspects(given, self.flow, link, self.probation, self.tasks, self.fail)
        self.pool: PoolPart | Lending | None = None
        self.lending: Lending | None = None
        self.besides: Besides | None = None
        self._pump.helpers = [self.partitions.help]
        if rank in plan.pool_ranks:
            self.pool = PoolPart(given, committer, room, self.probation, self.tasks, self.suspects, account)
            pump.helpers.append(self.pool.help)
            self.partitions.before_work = self.pool.attend
        self.committer.busy = self._busy
        self._increase = Increase()
        self._linger_s = linger_s(len(plan.stateful_ranks), head=rank == 0)
        self._active_at = self._heard_at = clock.started
        self._backoff = Backoff(*BACKOFF_S)

    def _lend(self) -> Lending:
        """Have tasks of the pool run beside this rank: from the head's first word of it on."""
        self.pool = self.lending = self.suspects.lending(self.committer, self.room, self._leases)
        return self.lending

    def inherit(self) -> None:
        """From now on do what the pool did, in a process apart: its ranks have all died."""
        (self.lending or self._lend()).inherit()

    # ---- start and end

    def serve(self, began: Callable[[], object] = bool) -> None:
        """Be the rank, from its start to its last word; `began` is called when its instances have started."""
        self.start()
        began()
        if not self.run().again:  # else it goes on without what this rank has done
            self.leave()

    def start(self) -> None:
        """Start the instances that have their place here.

        Raises
        ------
        ElementFailed
            `preprocess` of one raises.
        """
        self.partitions.start(self.restored)
        if self.cutting is not None:
            self.cutting.begin()
        self._life.go(LoopState.WORKING, "started")

    def run(self) -> Stop:
        """Work until the head says stop."""
        while self.stopped is None:
            try:
                pause = self.tick()
            except Stopped:
                self._obey_all()
                continue
            if self.stopped is None and pause != 0:
                self.rest(pause)
        return self.stopped

    def _stop(self, order: Stop) -> None:
        """Work no more."""
        if self.stopped is None:  # a head that fails at the end says it again
            self.stopped = order
            self._life.go(LoopState.STOPPING, "told to stop", self.clock.elapsed())

    def leave(self) -> None:
        """Tell the head what this rank has done: the last word."""
        self._life.go(LoopState.LEFT, "leaves", self.clock.elapsed())
        self.link.tell_last()
        doubted = self.probation.end(self.instances())
        if self.lending is not None:
            doubted += self.lending.dismiss()
        self.link.report(self.account.figures(doubted, self.inbox.order))
        if self.lending is not None:
            self.lending.close()  # nobody waits for that any more

    # ---- one move after the other

    @property
    def stands(self) -> bool:
        """Whether it waits for a cut to be fixed."""
        return self.cutting is not None and self.cutting.standing != 0

    def tick(self) -> float | None:
        """Do one thing; gives the seconds until there is more to do (0: at once, None: at the bell)."""
        received = self.committer.receive()
        worked = self._obey_all() or (not self.stands and self._work())
        breathe()
        now = self.clock.now()
        if received or worked:
            self._active_at = now
            self._backoff.reset()
        if self.outgoing.is_due(worked, now, self._linger_s):
            self.outgoing.seal()
        if self.pool is None or not self.pool.ready or self.stands:
            self.committer.commit()
        if self.cutting is not None:
            self.cutting.tend()
        if self.inbox.has_news:
            self.link.exchange()
        if worked or self.link.orders:
            return 0.0
        return self._make_move()

    def rest(self, pause: float | None, fetch: bool = True) -> None:
        """Wait for the bell, or for `pause` seconds; `fetch`: then fetch orders, in case it rang for one."""
        heard = self.link.wait(pause)
        if heard is Heard.SILENT:
            return
        self._backoff.reset()
        self._heard_at = self.clock.now()
        self.outgoing.slept()
        # orders come with the look for a task, if there is one
        asks = self.pool is not None and self.pool.asks_next and not self.stands
        if fetch and heard is not Heard.MAIL and not asks:
            self.link.exchange()

    def _work(self) -> bool:
        """Partitions first, for their senders wait for them; then a task, or what came of one beside."""
        worked = self.partitions.work()
        if self.pool is not None and (not worked or self.pool.has_its_turn):
            worked = self.pool.work() or worked
        return (self.besides is not None and self.besides.work()) or worked

    def _busy(self) -> bool:
        """Whether there is something to do while messages are not matched."""
        return bool(self.inbox.tuples) or (self.pool is not None and self.pool.ready)

    def _make_move(self) -> float | None:
        """Make the move that is next with nothing to do, but for the sleep: how long that is."""
        now = self.clock.now()
        move = next_move(self._facts(), now)
        pause = move.sleep_s
        if move.what is What.EXCHANGE:
            availability = Availability.IN_CALL if move.by_element else Availability.IDLE
            self.link.exchange(availability=availability, stats=move.with_stats)
            if self.link.orders or (move.by_element and not self.partitions.held_back()):
                pause = 0.0
        elif move.grows:
            assert pause is not None
            pause = self._backoff.next(pause)
        # whoever stands takes nothing up: what has something for it must not keep it awake
        besides = None if self.besides is None or self.stands else self.besides.listen(now)
        saved = None if self.cutting is None else self.cutting.look_s
        return soonest([pause, besides, saved, None if self.pool is None else self.pool.look_s])

    def _facts(self) -> Facts:
        pool, link, inbox = self.pool, self.link, self.inbox
        return Facts(
            receiving=self.committer.receiving,
            on_its_way=bool(len(self.outgoing.window) or self.outgoing.outbox or inbox.uncommitted),
            in_line=bool(inbox.tuples or inbox.passes or inbox.may_release),
            blocked=self.partitions.held_back(), listens=bool(inbox.lines), linger_s=self._linger_s,
            active_at=self._active_at, heard_at=self._heard_at, stats_at=link.stats_at,
            stats_s=link.stats_every_s, looks=pool is not None and pool.looks, stands=self.stands,
            to_park=pool is not None and pool.to_park, held_off=pool is not None and pool.held_off,
        )  # fmt: skip

    # ---- orders

    def _obey_all(self) -> bool:
        """Carry out the orders that have come; whether there were any."""
        came = self.link.orders
        any_came = bool(came)
        while came:
            self.obey(came.popleft())
        return any_came

    def obey(self, order: Order) -> None:
        """Carry out an order of the head."""
        if self.partitions.obey(order):
            self.outgoing.seal()  # the others wait for it
        elif isinstance(order, Lost):
            self.committer.forget(order.rank, order.committed)
        elif isinstance(order, Stop):
            self._stop(order)
        elif isinstance(order, Wake) and self.pool is None:
            self._lend()
        elif self.cutting is not None:
            self.cutting.obey(order)
        if self.pool is not None:
            self.pool.obey(order)

    # ---- accounts

    def fail(self, failure: Failure) -> None:
        """Add tuples that failed here to the current transaction, unless an earlier holder committed them."""
        if not self._leases.skip(failure):
            self.outgoing.fail(failure)

    def instances(self) -> list[Instance]:
        """All instances that this rank runs."""
        held = [*self.partitions.instances(), *self.tasks.instances(), *self.suspects.instances()]
        return held if self.besides is None else [*self.besides.instances(), *held]

    def take_stats(self) -> dict[str, int]:
        """Statistics since the last call, with what the cores have given to the pool."""
        new = self._increase.of(self.instances())
        if self.pool is not None:
            self.pool.count_cores(new)
        return new
