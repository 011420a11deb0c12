"""Partitions that go from a rank to another one while the run goes on, and those that come.

A partition goes as a message of a transaction like any other: the state of its instance first, then all that
was in line for it and all that still comes. So it has gone when that transaction is committed, whole or not
at all. State and tuples count as unfinished all the way, so no element ends while some of it is under way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpcd4p.errors import ElementFailed
from hpcd4p.logs import module_log
from hpcd4p.runtime.execute.error_text import show_error
from hpcd4p.runtime.execute.flow import Flow
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.runtime.rank.given import Given
from hpcd4p.runtime.rank.link import Link
from hpcd4p.wire.messages import MARK, PASSED, STATE, Segment
from hpcd4p.wire.reports import Adopted, Stays

if TYPE_CHECKING:
    from hpcd4p.runtime.commit.inbox import Inbox
    from hpcd4p.runtime.commit.outgoing import Outgoing
    from hpcd4p.wire.orders import HandOver

_log = module_log(__name__)


class Moving:
    """The comings and goings at one rank.

    Attributes
    ----------
    gone
        Instances that have gone from here: what they have counted, without their state.
    """

    def __init__(self, given: Given, flow: Flow, outgoing: Outgoing, link: Link) -> None:
        self.gone: list[Instance] = []
        self._rank = given.rank
        self._plan = given.plan
        self._flow = flow
        self._outgoing = outgoing
        self._link = link

    def hand_over(self, order: HandOver, instance: Instance) -> bool:
        """Send an instance to its next rank, unless its state cannot go; then the head is told why."""
        from hpcd4p.runtime.execute.travelling import Unmovable, bytes_of  # most ranks never need it

        element, partition = order.element, order.partition
        try:
            blob = bytes_of(instance)
        except Unmovable as error:
            self._link.report(Stays(self._rank, element, partition, str(error)))
            return False
        self._outgoing.owners.handed_over((element, partition), order.to, order.epoch)
        self._outgoing.send_on(Segment(element, partition, STATE, [(blob, order.epoch)]))
        instance.table.clear()
        vars(instance.pe).clear()
        self.gone.append(instance)
        _log.info("%s, partition %d, goes to rank %d", instance.plan.name, partition, order.to)
        return True

    def adopt(self, element: int, partition: int, blob: bytes, epoch: int) -> Instance:
        """The instance that has come, ready to run.

        Raises
        ------
        ElementFailed
            It cannot be made here. Its state is nowhere else.
        """
        from hpcd4p.runtime.execute.travelling import remade

        plan = self._plan.elements[element]
        try:
            pe, table = remade(blob)
        except Exception as error:  # user classes: unpickling them may raise anything
            raise ElementFailed(
                f"partition {partition} of {plan.name} has moved to another rank, where its state cannot be "
                f"made again: {show_error(error)}. With `--move off` it stays where it is"
            ) from error
        instance = self._flow.instance(plan, pe, partition)
        instance.table = table
        instance.start(fresh=False)
        self._link.report(Adopted(self._rank, element, partition, len(blob)))
        _log.info("%s, partition %d, has come (%d bytes)", plan.name, partition, len(blob))
        return instance

    def send_on(self, inbox: Inbox) -> None:
        """Send on what has come for partitions that are no longer here: whatever is in line, they wait."""
        outgoing = self._outgoing
        while inbox.passes:
            for lost in inbox.open() if inbox.sealed else ():
                outgoing.give_up(lost)
            while inbox.onward:
                segment = inbox.onward.popleft()
                outgoing.outbox.count(segment.element, -len(segment.values))
                self._pass_on(segment)
            if inbox.passing is None or inbox.sealed:
                continue
            for segment in inbox.passing.take_due():
                outgoing.outbox.count(segment.element, -len(segment.values))
                outgoing.send_on(segment)

    def _pass_on(self, segment: Segment) -> None:
        """Send on what is for a partition that has gone from here; a mark that is at its end is done."""
        if segment.port == PASSED:  # it has opened a gate here; this rank will say so itself
            return
        _, epoch = self._outgoing.owners.heir((segment.element, segment.partition))
        if segment.port == MARK:
            segment = segment._replace(values=[mark for mark in segment.values if mark[1] >= epoch])
        if segment.values:
            self._outgoing.send_on(segment)
