"""The partitions that a rank holds: their instances, and the tuples that are in line for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from hpcd4p.control.sealing import line_ends
from hpcd4p.plan.model import ElementPlan, Mapping
from hpcd4p.runtime.commit.inbox import Inbox
from hpcd4p.runtime.execute.flow import Flow
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.runtime.execute.probation import Probation
from hpcd4p.runtime.execute.setup import copy_element
from hpcd4p.runtime.rank.account import RankAccount
from hpcd4p.runtime.rank.committer import Committer
from hpcd4p.runtime.rank.given import Given
from hpcd4p.runtime.rank.pump import FurtherDown, Pump
from hpcd4p.runtime.rank.room import Room
from hpcd4p.wire.messages import STATE, TRAVELS
from hpcd4p.wire.orders import Finish, HandOver, Moved, Order

if TYPE_CHECKING:
    from hpcd4p.runtime.rank.inline import Inline
    from hpcd4p.runtime.rank.load import LoadMeter
    from hpcd4p.runtime.rank.moving import Moving
    from hpcd4p.wire.resumption import Held, Restored


class Hosted(Protocol):
    """What a rank can host: an instance, or a collector."""

    @property
    def plan(self) -> ElementPlan:
        """Its element."""

    @property
    def chunk_tuples(self) -> int:
        """Tuples to run between two looks at the clock."""

    def run(self, port: str, values: list[Any]) -> None:
        """Feed `values` that arrived at `port`."""

    def take(self) -> list[tuple[str, list[Any]]]:
        """(output, values) of what has been written since the last call."""


class Partitions:
    """The partitions of one rank.

    Attributes
    ----------
    before_work
        Called before an element is worked on that has so many tuples in line.
    on_left
        Called with the port, the number and the birth (`Outbox.born`) of tuples that have left the workflow.
    """

    def __init__(
        self,
        given: Given,
        flow: Flow,
        committer: Committer,
        room: Room,
        probation: Probation,
        account: RankAccount,
        pump: Pump,
    ) -> None:
        self._given = given
        self._rank = given.rank
        self._plan = given.plan
        self._elements = given.elements
        self._settings = given.settings
        self._flow = flow
        self._link = committer.link
        self._link.on_moved = self._hear_of_move
        self._outgoing = committer.outgoing
        self._inbox: Inbox = committer.inbox
        self._room = room
        self._probation = probation
        self._account = account
        self._pump = pump
        self._clock = given.clock
        self.before_work: Callable[[int, int], None] = lambda element, tuples: None
        self.on_left: Callable[[str, int, float], None] = lambda port, tuples, born: None
        self._born = 0.0
        """Birth of what is worked on."""
        self._load: LoadMeter | None = None
        """How busy the rank is, and with which of them; None: it has never had any."""
        self._moved: Moving | None = None
        """Those that have come and gone; None: there were none."""
        self._hosted: dict[tuple[int, int], Hosted] = {}
        self._instances: dict[tuple[int, int], Instance] = {}
        self._inline: Inline | None = None
        if given.plan.mapping is Mapping.STATIC and any(e.forks for e in given.plan.elements):
            from hpcd4p.runtime.rank.inline import Inline

            self._inline = Inline(given, flow, committer.outgoing, probation, account, pump)
            self._outgoing.inline = self._inline.route

    def start(self, restored: Restored | None = None) -> None:
        """Start the instances that have their place here, or go on with those of a checkpoint.

        Raises
        ------
        ElementFailed
            `preprocess` of one raises, or a state cannot be made again.
        """
        if restored and self._inbox.order is not None:
            self._inbox.order.resume()
        for e, partition in self._plan.hosted(self._rank):
            element = self._plan.elements[e]
            if element.role.fixed and not (restored and e in restored.drained):
                self._begin(element, partition, restored and restored.held.get((e, partition)))
            if restored:
                from hpcd4p.runtime.rank.imaging import line_of

                self._inbox.restore(line_of(restored, (e, partition)), restored.epoch)
        for instance in self._instances.values():
            self._forward(instance)  # what `preprocess` has written

    def _begin(self, element: ElementPlan, partition: int, held: Held | None) -> None:
        if held is None or held.state is None:
            pe = copy_element(self._elements[element.index], element.partitions)
            instance = self._flow.instance(element, pe, partition)
            instance.on_overflow = self._overflow
            instance.start()
        else:
            from hpcd4p.runtime.execute.travelling import resumed

            instance = resumed(self._flow, element, partition, held.state)
            instance.on_overflow = self._overflow
        self._take_in(instance)
        self._probation.begin_fixed(instance)

    def host(self, hosted: Hosted, *elements: int, partition: int = 0) -> None:
        """Give `hosted` what is in line for that partition of these elements, from now on."""
        self._hosted |= dict.fromkeys(((element, partition) for element in elements), hosted)

    def _take_in(self, instance: Instance) -> None:
        if self._load is None:
            from hpcd4p.runtime.rank.load import LoadMeter

            self._load = LoadMeter(
                self._rank, self._link, self._inbox, self._clock, self._plan, self._given.measured
            )
        self.host(instance, instance.plan.index, partition=instance.partition)
        self._instances[instance.plan.index, instance.partition] = instance

    def instances(self) -> list[Instance]:
        """All instances of elements; those that have gone, too, for what they have counted."""
        gone = self._moved.gone if self._moved is not None else ()
        inline = self._inline.instances() if self._inline is not None else ()
        return [*self._instances.values(), *inline, *gone]

    @property
    def _moving(self) -> Moving:
        if self._moved is None:
            from hpcd4p.runtime.rank.moving import Moving

            self._moved = Moving(self._given, self._flow, self._outgoing, self._link)
        return self._moved

    def held(self) -> list[Instance]:
        """The instances that are here now."""
        return list(self._instances.values())

    def work(self) -> bool:
        """Run what is in line, for one slice; whether there was any."""
        if self._outgoing.full:
            return False
        passed = self._inbox.passes
        if passed:
            self._moving.send_on(self._inbox)
        for element in self._inbox.waiting():
            if not self._room.holds_back(element):
                self.before_work(element, self._inbox.tuples[element])
                self.work_line(element)
                return True
        return passed

    def held_back(self) -> bool:
        """Whether something is in line, and all of it waits for room further down; what passes does not."""
        inbox = self._inbox
        return bool(inbox.tuples) and not inbox.passes and all(map(self._room.holds_back, inbox.tuples))

    def work_line(self, element: int) -> None:
        """Run what is in line for `element`, for one slice."""
        line = self._inbox.line(element)
        now = self._clock.now
        line_began = now()
        while self._inbox.tuples[element]:
            if not line:
                for lost in self._inbox.open():
                    self._outgoing.give_up(lost)
                continue
            partition, port, _ = line[0]
            if port in TRAVELS:
                self._arrive(element)
                continue
            hosted = self._hosted[element, partition]
            most = min(hosted.chunk_tuples, self._settings.max_task_tuples)
            _, port, values = self._inbox.next(element, most)
            if not values:
                continue
            began = now()
            born = self._born = self._inbox.born.get(element, 0.0)
            hosted.run(port, values)
            ended = now()
            self._account.worked(began, ended)
            if isinstance(hosted, Instance):
                self._born = born  # others may have worked in the middle of it
                assert self._load is not None  # from the first one on
                self._load.worked((element, partition), len(values), ended - began)
                self._probation.inspect(hosted)
            elif born:
                self.on_left(port, len(values), born)
            self._forward(hosted)
            self._account.tuples += len(values)
            # the outbox may have been sealed during the call
            self._outgoing.outbox.count(element, -len(values))
            if line_ends(now(), line_began, self._settings.task_s, self._outgoing.heavy):
                break
        if self._load is not None:
            self._load.tell()

    def _arrive(self, element: int) -> None:
        """Take in a partition that has come; a mark has done its work when it got in line."""
        partition, port, values = self._inbox.next(element, self._settings.max_task_tuples)
        self._outgoing.outbox.count(element, -len(values))
        if port == STATE:
            instance = self._moving.adopt(element, partition, *values[0])
            instance.on_overflow = self._overflow
            self._take_in(instance)

    def help(self, further_down: FurtherDown) -> bool:
        """See `pump.Help`."""
        if self._inbox.passes:
            self._moving.send_on(self._inbox)
            return True
        for element in further_down(self._inbox.waiting()):
            self.work_line(element)
            return True
        return False

    def obey(self, order: Order) -> bool:
        """Carry out an order, if it concerns partitions; whether others wait for what has come of it."""
        if isinstance(order, Finish):
            self.finish(order.element)
        elif isinstance(order, HandOver):
            self._hand_over(order)
        elif isinstance(order, Moved) and order.number:
            self._outgoing.tell_places(order.element)
        return isinstance(order, Finish | HandOver)

    def _hear_of_move(self, order: Moved) -> None:
        """Know it before anything else is written or sent, be it in the middle of a call."""
        self._outgoing.moved(order)
        self._inbox.moved(order)

    def _hand_over(self, order: HandOver) -> None:
        key = order.element, order.partition
        if self._moving.hand_over(order, self._instances[key]):
            del self._instances[key], self._hosted[key]
            # what is to be said later is unfinished until it has been heard
            self._outgoing.outbox.count(order.element, self._inbox.gone(*key))
            assert self._load is not None
            self._load.gone(key)
        self._outgoing.outbox.count(order.element, -1)  # the head has counted the hand-over

    def finish(self, element: int) -> None:
        """Post-process every instance of `element` that is here."""
        for partition in range(self._plan.elements[element].partitions):
            instance = self._instances.get((element, partition))
            if instance is not None:
                began, self._born = self._clock.now(), 0.0
                instance.finish()
                self._account.worked(began, self._clock.now())
                self._forward(instance)
                self._outgoing.outbox.count(element, -1)

    def _overflow(self, instance: Instance) -> None:
        """Send on what it has written in the middle of a call, for it holds as much as it may."""
        self._pump.aside(instance, lambda: self._spill(instance))

    def _spill(self, instance: Instance) -> None:
        self._forward(instance)
        if self._outgoing.heavy:
            self._pump.relieve(instance.plan.index)

    def _forward(self, hosted: Hosted) -> None:
        out = hosted.take()
        if out:
            self._outgoing.outbox.since(self._born)
            self._outgoing.route(hosted.plan.index, out)
