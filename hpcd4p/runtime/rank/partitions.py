"""The partitions that a rank holds: their instances, and the tuples that are in line for them."""

from __future__ import annotations

from typing import Any, Protocol

from hpcd4p.control.sealing import line_ends
from hpcd4p.plan.model import ElementPlan
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


class Hosted(Protocol):
    """What a rank can host: an instance, or the collector."""

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
    """The partitions of one rank."""

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
        self._rank = given.rank
        self._plan = given.plan
        self._elements = given.elements
        self._settings = given.settings
        self._flow = flow
        self._outgoing = committer.outgoing
        self._inbox: Inbox = committer.inbox
        self._room = room
        self._probation = probation
        self._account = account
        self._pump = pump
        self._clock = given.clock
        self._hosted: dict[tuple[int, int], Hosted] = {}
        self._instances: dict[tuple[int, int], Instance] = {}

    def start(self) -> None:
        """Start the instances that have their place here; `ElementFailed` if `preprocess` of one raises."""
        for e, partition in self._plan.hosted(self._rank):
            element = self._plan.elements[e]
            if element.role.fixed:
                pe = copy_element(self._elements[e], element.partitions)
                instance = self._flow.instance(element, pe, partition)
                instance.on_overflow = self._overflow
                instance.start()
                self.host(instance, partition)
                self._instances[e, partition] = instance
                self._probation.begin_fixed(instance)
        for instance in self._instances.values():
            self._forward(instance)  # what `preprocess` has written

    def host(self, hosted: Hosted, partition: int = 0) -> None:
        """Give `hosted` what is in line for that partition of its element, from now on."""
        self._hosted[hosted.plan.index, partition] = hosted

    def instances(self) -> list[Instance]:
        """All instances of elements."""
        return list(self._instances.values())

    def work(self) -> bool:
        """Run what is in line, for one slice; whether there was any."""
        if self._outgoing.full:
            return False
        for element in self._inbox.waiting():
            if not self._room.holds_back(element):
                self.work_line(element)
                return True
        return False

    def held_back(self) -> bool:
        """Whether something is in line, and all of it waits for room further down."""
        return bool(self._inbox.tuples) and all(map(self._room.holds_back, self._inbox.tuples))

    def work_line(self, element: int) -> None:
        """Run what is in line for `element`, for one slice."""
        line = self._inbox.lines[element]
        now = self._clock.now
        line_began = now()
        while self._inbox.tuples[element]:
            if not line:
                for lost in self._inbox.open():
                    self._outgoing.give_up(lost)
                continue
            hosted = self._hosted[element, line[0][0]]
            most = min(hosted.chunk_tuples, self._settings.max_task_tuples)
            _, port, values = self._inbox.next(element, most)
            if not values:
                continue
            began = now()
            hosted.run(port, values)
            self._account.worked(began, now())
            if isinstance(hosted, Instance):
                self._probation.inspect(hosted)
            self._forward(hosted)
            self._account.tuples += len(values)
            # the outbox may have been sealed during the call
            self._outgoing.outbox.count(element, -len(values))
            if line_ends(now(), line_began, self._settings.task_s, self._outgoing.heavy):
                break

    def help(self, further_down: FurtherDown) -> bool:
        """See `pump.Help`."""
        for element in further_down(self._inbox.waiting()):
            self.work_line(element)
            return True
        return False

    def finish(self, element: int) -> None:
        """Post-process every instance of `element` that is here."""
        for partition in range(self._plan.elements[element].partitions):
            instance = self._instances.get((element, partition))
            if instance is not None:
                began = self._clock.now()
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
            self._outgoing.route(hosted.plan.index, out)
