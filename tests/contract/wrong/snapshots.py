"""Brokers that are each wrong in one way about a snapshot."""

from __future__ import annotations

from hpcd4p.transport.memory_broker import MemoryBroker
from hpcd4p.wire.ask import NOTHING_ASKED
from hpcd4p.wire.statistics import Statistics


class LeavesOutWhatIsLeased(MemoryBroker):
    def snapshot(self):
        leases, self.store.leases = self.store.leases, {}
        seen = super().snapshot()
        self.store.leases = leases
        return seen


class ForgetsProgressInASnapshot(MemoryBroker):
    def snapshot(self):
        seen = super().snapshot()
        return seen._replace(tasks=[task._replace(progress=()) for task in seen.tasks])


class BeginsWhatIsPublishedAgainFromTheStart(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        commit.publish = [task._replace(progress=()) for task in commit.publish]
        return super().step(commit, ask, entry)


class ForgetsTransactionsInASnapshot(MemoryBroker):
    def snapshot(self):
        return super().snapshot()._replace(committed={})


class TakesLettersAlong(MemoryBroker):
    def snapshot(self):
        seen = super().snapshot()._replace(stats=Statistics(dict(self.store.stats)))
        self.store.dead.clear()
        return seen


class ForgetsOwnersInASnapshot(MemoryBroker):
    def snapshot(self):
        return super().snapshot()._replace(owners={})


WRONG = {
    LeavesOutWhatIsLeased: "a_snapshot_has_the_tasks_that_are_not_done",
    ForgetsProgressInASnapshot: "a_snapshot_has_what_is_committed_of_a_task_and_who_died_with_it",
    BeginsWhatIsPublishedAgainFromTheStart: "what_a_snapshot_had_can_be_published_again",
    ForgetsTransactionsInASnapshot: "a_snapshot_has_the_last_transaction_of_each_rank",
    TakesLettersAlong: "a_snapshot_has_letters_and_statistics_and_leaves_them_there",
    ForgetsOwnersInASnapshot: "a_snapshot_has_the_owners_of_elements",
}
