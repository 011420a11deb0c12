"""Brokers that are each wrong in one way about what the dead had in hand."""

from __future__ import annotations

from hpcd4p.transport.broker import Claim
from hpcd4p.transport.memory_broker import MemoryBroker
from hpcd4p.wire.ask import NOTHING_ASKED


class ForgetsTheLeasesOfTheDead(MemoryBroker):
    def fence(self, rank):
        self.store.leases.pop(rank, None)
        return super().fence(rank)


class ForgetsTheLeasesOfTheLiving(MemoryBroker):
    def fence(self, rank):
        for other in [r for r in self.store.leases if r != rank]:
            super().fence(other)
        self.store.lost.clear()
        return super().fence(rank)


class TakesBackWhatIsDone(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        commit.done = []
        return super().step(commit, ask, entry)


class FinishesTheOldest(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        held = list(self.store.leases.get(self.rank, ()))
        commit.done = held[: len(commit.done)] or commit.done
        return super().step(commit, ask, entry)


class TakesProgressForThatOfTheOldest(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        held = [name for name in self.store.leases.get(self.rank, ()) if name not in commit.done]
        commit.progress = [
            (*held[0], progress) if held else (*name, progress) for *name, progress in commit.progress
        ]
        return super().step(commit, ask, entry)


class CommitsForTheDead(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        dead = self.rank in self.store.lost
        self.store.lost.discard(self.rank)
        reply = super().step(commit, ask, entry)
        if dead:
            self.store.lost.add(self.rank)
            reply.accepted = False
        return reply


class LetsTheDeadComeBack(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        reply = super().step(commit, ask, entry)
        self.store.lost.discard(self.rank)
        return reply


class LetsTheDeadClaim(MemoryBroker):
    def claim(self, element, claim=Claim.REAL, digest="", entry=None):
        self.store.lost.discard(self.rank)
        return super().claim(element, claim, digest, entry)


class ForgetsProgress(MemoryBroker):
    def fence(self, rank):
        self.store.progress.clear()
        return super().fence(rank)


class NeverGivesATaskUp(MemoryBroker):
    def fence(self, rank):
        self.store.max_attempts = 1000
        return super().fence(rank)


class DoesNotKnowWhatTheDeadHadCommitted(MemoryBroker):
    def fence(self, rank):
        return 0, super().fence(rank)[1]


class RingsNobodyForTheDead(MemoryBroker):
    def fence(self, rank):
        idle, bells = set(self.store.idle), dict(self.store.bells)
        found = super().fence(rank)
        self.store.idle, self.store.bells = idle - {rank}, bells
        return found


class KeepsTheDeadIdleAndParked(MemoryBroker):
    def fence(self, rank):
        idle, parked = rank in self.store.idle, rank in self.store.parked
        found = super().fence(rank)
        self.store.idle |= {rank} if idle else set()
        self.store.parked |= {rank} if parked else set()
        return found


class ThinksAllAreAlive(MemoryBroker):
    def close(self):
        pass


class ForgetsWhoDiedBesideARank(MemoryBroker):
    def fence(self, rank):
        leases = self.store.leases.get(rank, {})
        leases.update({name: task._replace(beside="") for name, task in leases.items()})
        return super().fence(rank)


WRONG: dict[type[MemoryBroker], str] = {
    ForgetsWhoDiedBesideARank: "a_task_keeps_who_died_beside_a_rank",
    ForgetsTheLeasesOfTheDead: "a_fenced_rank_is_refused_and_nothing_of_its_commit_is_seen",
    ForgetsTheLeasesOfTheLiving: "fencing_one_rank_leaves_the_leases_of_others",
    TakesBackWhatIsDone: "a_finished_task_does_not_come_back",
    FinishesTheOldest: "what_is_finished_before_an_earlier_task_does_not_come_back",
    TakesProgressForThatOfTheOldest: "progress_is_that_of_the_task_that_it_is_told_of",
    CommitsForTheDead: "a_fenced_rank_is_refused_and_nothing_of_its_commit_is_seen",
    LetsTheDeadComeBack: "a_fenced_rank_stays_refused",
    LetsTheDeadClaim: "a_lost_rank_claims_nothing",
    ForgetsProgress: "a_task_keeps_its_progress_over_the_death_of_its_rank",
    NeverGivesATaskUp: "a_task_whose_ranks_die_too_often_is_given_up_and_still_counts",
    DoesNotKnowWhatTheDeadHadCommitted: "fencing_tells_the_last_committed_transaction",
    RingsNobodyForTheDead: "a_bell_for_a_rank_that_dies_before_it_looks_rings_another",
    KeepsTheDeadIdleAndParked: "a_parked_rank_that_dies_is_not_parked_any_more",
    ThinksAllAreAlive: "who_has_left_is_not_alive",
}
"""Each with a promise that it breaks."""
