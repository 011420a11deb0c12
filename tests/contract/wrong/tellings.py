"""Brokers that are each wrong in one way about what the head is told."""

from __future__ import annotations

from hpcd4p.transport.memory_broker import MemoryBroker
from hpcd4p.wire.ask import NOTHING_ASKED
from hpcd4p.wire.messages import Commit


class LosesCounts(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        if self.rank:
            commit.counts = {}
        return super().step(commit, ask, entry)


class TellsCountsOfNothing(MemoryBroker):
    def observe(self, alive, fetch=True, stats=True, orders=None):
        seen = super().observe(alive, fetch, stats, orders)
        return seen._replace(pending=dict(self.store.pending))


class CommitsInParts(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        late = self.store.__dict__.setdefault("late", [])
        while late:
            super().step(late.pop(), NOTHING_ASKED, entry)
        if commit.stats:
            part = Commit()
            part.stats, commit.stats = commit.stats, {}
            late.append(part)
        return super().step(commit, ask, entry)


class LosesStatistics(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        commit.stats = {}
        return super().step(commit, ask, entry)


class ForgetsTheLastTransaction(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        if not commit:
            self.store.committed[self.rank] = 0
        return super().step(commit, ask, entry)


class LosesLetters(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        commit.dead = commit.dead[1:]
        return super().step(commit, ask, entry)


class TellsLettersAndReportsAgain(MemoryBroker):
    def observe(self, alive, fetch=True, stats=True, orders=None):
        seen = super().observe(alive, fetch, stats, orders)
        self.store.dead = seen.dead + self.store.dead
        self.store.reports = seen.reports + self.store.reports
        return seen


class TellsAllLettersAtOnce(MemoryBroker):
    def observe(self, alive, fetch=True, stats=True, orders=None):
        seen = super().observe(alive, fetch, stats, orders)
        while fetch and self.store.dead:
            seen.dead.extend(super().observe(alive, fetch).dead)
        return seen


class FetchesWhatItShouldLeave(MemoryBroker):
    def observe(self, alive, fetch=True, stats=True, orders=None):
        return super().observe(alive, True, stats, orders)


class LosesOrdersWithAReport(MemoryBroker):
    def report(self, sealed):
        self.step(Commit())
        super().report(sealed)


class LosesReports(MemoryBroker):
    def report(self, sealed):
        pass


class LosesAllWithoutStatistics(MemoryBroker):
    def observe(self, alive, fetch=True, stats=True, orders=None):
        seen = super().observe(alive, fetch, stats, orders)
        return seen if stats else seen._replace(pending={})


class DoesNotSayWhoIsAlive(MemoryBroker):
    def observe(self, alive, fetch=True, stats=True, orders=None):
        return super().observe(alive, fetch, stats, orders)._replace(alive=frozenset())


WRONG: dict[type[MemoryBroker], str] = {
    LosesCounts: "counts_add_up_over_all_ranks",
    TellsCountsOfNothing: "a_count_that_is_nothing_is_not_told",
    CommitsInParts: "what_is_committed_together_is_seen_together",
    LosesStatistics: "statistics_add_up",
    ForgetsTheLastTransaction: "the_last_transaction_of_each_rank_is_known",
    LosesLetters: "dead_letters_reach_the_head_once_with_a_bell",
    TellsLettersAndReportsAgain: "reports_reach_the_head_once_with_a_bell",
    TellsAllLettersAtOnce: "many_dead_letters_come_in_parts",
    FetchesWhatItShouldLeave: "a_look_may_leave_letters_and_reports_where_they_are",
    LosesReports: "reports_reach_the_head_once_with_a_bell",
    LosesAllWithoutStatistics: "a_look_without_statistics_has_all_the_rest",
    DoesNotSayWhoIsAlive: "who_is_connected_is_alive",
}
"""Each with a promise that it breaks."""
