"""Brokers that break so much that it shows little which promises they break."""

from __future__ import annotations

from hpcd4p.transport.memory_broker import MemoryBroker
from hpcd4p.wire.ask import NOTHING_ASKED
from hpcd4p.wire.messages import Reply


class DoesNothing(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        return Reply(accepted=True)


class RefusesAll(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        return Reply(accepted=False)


WRONG: dict[type[MemoryBroker], str] = {
    DoesNothing: "counts_add_up_over_all_ranks",
    RefusesAll: "counts_add_up_over_all_ranks",
}
"""Each with a promise that it breaks."""
