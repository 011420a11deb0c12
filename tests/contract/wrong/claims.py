"""Brokers that are each wrong in one way about who is behind, and who owns an element."""

from __future__ import annotations

from hpcd4p.transport.broker import Claim
from hpcd4p.transport.memory_broker import MemoryBroker
from hpcd4p.wire.ask import NOTHING_ASKED


class ForgetsWhoIsBehind(MemoryBroker):
    """Whoever is relieved relieves all."""

    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        reply = super().step(commit, ask, entry)
        self.store.congested = {(e, r) for e, r in self.store.congested if e not in ask.relieve}
        reply.congested = frozenset(e for e, _ in self.store.congested)
        return reply


class NeverRelieves(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        return super().step(commit, ask._replace(relieve=()), entry)


class TellsOfCongestionLate(MemoryBroker):
    """The news is what there was at the last look."""

    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        reply = super().step(commit, ask, entry)
        known = self.store.__dict__.setdefault("known", {})
        known[self.rank], reply.congested = reply.congested, known.get(self.rank, frozenset())
        return reply


class GrantsAllClaims(MemoryBroker):
    def claim(self, element, claim=Claim.REAL, digest="", entry=None):
        super().claim(element, claim, digest, entry)
        return True


class GrantsNoClaim(MemoryBroker):
    def claim(self, element, claim=Claim.REAL, digest="", entry=None):
        return False


class GivesOwnedTasksToAll(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        owners, self.store.owners = self.store.owners, {}
        reply = super().step(commit, ask, entry)
        self.store.owners = owners
        reply.owners = dict(owners)
        return reply


class OwnsByAskingForTheSame(MemoryBroker):
    def claim(self, element, claim=Claim.REAL, digest="", entry=None):
        return super().claim(element, Claim.FILL if claim is Claim.SAME else claim, digest, entry)


class ForgetsFills(MemoryBroker):
    def claim(self, element, claim=Claim.REAL, digest="", entry=None):
        self.store.fills.clear()
        return super().claim(element, claim, digest, entry)


class ReleasesWhatIsContradicted(MemoryBroker):
    def claim(self, element, claim=Claim.REAL, digest="", entry=None):
        self.store.firm.clear()
        return super().claim(element, claim, digest, entry)


WRONG: dict[type[MemoryBroker], str] = {
    ForgetsWhoIsBehind: "what_is_congested_is_known_to_all_until_every_rank_is_relieved",
    NeverRelieves: "congestion_that_comes_and_goes_leaves_the_last_word",
    TellsOfCongestionLate: "what_is_congested_is_in_the_very_next_reply",
    GrantsAllClaims: "only_the_first_to_claim_an_element_gets_its_tasks",
    GrantsNoClaim: "only_the_first_to_claim_an_element_gets_its_tasks",
    GivesOwnedTasksToAll: "of_many_elements_one_that_is_owned_is_its_owners",
    ForgetsFills: "a_fill_that_all_find_alike_leaves_an_element_to_all",
    ReleasesWhatIsContradicted: "an_owner_that_another_rank_has_contradicted_stays",
}
"""Each with a promise that it breaks."""
