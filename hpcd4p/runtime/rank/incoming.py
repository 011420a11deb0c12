"""The inbox of a rank, as its partitions need it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpcd4p.runtime.commit.inbox import Inbox

if TYPE_CHECKING:
    from hpcd4p.runtime.rank.given import Given
    from hpcd4p.transport.broker import Mesh


def inbox_of(given: Given, mesh: Mesh) -> Inbox:
    """What others send to partitions of this rank, in order where some of them are ordered."""
    hosted = {e for e, _ in given.plan.hosted(given.rank)}
    inbox = Inbox(hosted, given.settings.inbox_high_tuples, given.settings.inbox_high_bytes)
    if given.order is not None:
        from hpcd4p.runtime.commit.lanes import Lanes

        inbox.lanes = Lanes(given.order, mesh, given.clock.now)
        for element in sorted(hosted):
            inbox.expect(element)
    return inbox
