"""Brokers that are each wrong in one way about the lines of nodes."""

from __future__ import annotations

from collections import deque

from hpcd4p.transport.memory_broker import MemoryBroker
from hpcd4p.wire.ask import NOTHING_ASKED, Availability
from hpcd4p.wire.messages import Reply
from hpcd4p.wire.nodes import PORTERS


class KnowsOneNodeOnly(MemoryBroker):
    def __init__(self, store, rank):
        super().__init__(store, rank)
        store.nodes = ()


class TakesFromTheLineLast(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        take = [e for e in ask.take if self.store.streams.get(e)]
        near, self.store.near = self.store.near, {} if take else self.store.near
        reply = super().step(commit, ask._replace(take=take or ask.take), entry)
        for element, line in near.items():
            if self.store.near is not near:
                self.store.near.setdefault(element, deque()).extend(line)
        return reply


class TakesFromTheLineBeforeAllElse(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        take = sorted(ask.take, key=lambda e: not self.store.near.get((self.store.node(self.rank), e)))
        return super().step(commit, ask._replace(take=take), entry)


class SeeksAlways(MemoryBroker):
    """Also what finds a task."""

    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        if ask.take:
            self.store.seek(ask.take, self.rank)
        return super().step(commit, ask, entry)


class ForgetsTheLineAmongMany(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        near = self.store.near
        if len(ask.take) > 16:
            self.store.near = {}
        reply = super().step(commit, ask, entry)
        self.store.near = near
        return reply


class TellsNothingOfTheLine(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        reply = super().step(commit, ask, entry)
        reply.near = 0
        return reply


class LeavesTheLineOutInACall(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        reply = super().step(commit, ask, entry)
        if ask.availability is Availability.IN_CALL:
            reply.waiting = {e: len(s) for e, s in self.store.streams.items() if s}
        return reply


class TellsOfAllLines(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        reply = super().step(commit, ask, entry)
        reply.near = sum(self.store.lines().values())
        return reply


class TellsOfAllThatAreIdle(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        reply = super().step(commit, ask, entry)
        reply.idle_here = reply.idle
        return reply


class RingsByNumber(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        ring, self.store.ring_idle = self.store.ring_idle, lambda most, node=None: ring(most)
        reply = super().step(commit, ask, entry)
        self.store.ring_idle = ring
        return reply


class KnowsTheNodeOfTheHeadOnly(MemoryBroker):
    """What lies on any other goes to everybody."""

    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        nodes, self.store.nodes = self.store.nodes, self.store.nodes if not self.store.node(self.rank) else ()
        reply = super().step(commit, ask, entry)
        self.store.nodes = nodes
        return reply


class HasTheHeadTakeAll(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        if not self.rank and ask.take:
            near, self.store.near = self.store.near, {}
            reply = super().step(commit, ask, entry)
            self.store.near = near
            return reply
        return super().step(commit, ask, entry)


class AnswersForTheDead(MemoryBroker):
    def fetch(self, porter, wanted):
        return super().fetch(porter, wanted) or b""


class CarriesFromAllNodes(MemoryBroker):
    def carry(self):
        self.store.sought = {
            rank: (self.store.node(self.rank), e) for rank, (_, e) in self.store.sought.items()
        }
        return super().carry()


class SeeksNothing(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        reply: Reply = super().step(commit, ask, entry)
        self.store.sought.clear()
        return reply


class CarriesOneAtATime(MemoryBroker):
    def carry(self):
        for rank in [*self.store.sought][1:]:
            del self.store.sought[rank]
        return super().carry()


class CarriesAgainAndAgain(MemoryBroker):
    def carry(self):
        sought = dict(self.store.sought)
        tasks = super().carry()
        self.store.sought.update(sought)
        return tasks


class LeavesWhoLooksForWhatIsGone(MemoryBroker):
    def carry(self):
        bells = dict(self.store.bells)
        tasks = super().carry()
        self.store.bells = bells
        return tasks


class CarriesFromTheStart(MemoryBroker):
    def carry(self):
        return [task._replace(progress=(), attempts=0) for task in super().carry()]


class CarriesNothingThatIsOwned(MemoryBroker):
    def carry(self):
        sought = self.store.sought
        self.store.sought = {r: wish for r, wish in sought.items() if wish[1] not in self.store.owners}
        return super().carry()


class GivesTheLineOfALostRankToAll(MemoryBroker):
    def fence(self, rank):
        nodes, self.store.nodes = self.store.nodes, ()
        told = super().fence(rank)
        self.store.nodes = nodes
        return told


class SeeksForTheLost(MemoryBroker):
    def fence(self, rank):
        sought = dict(self.store.sought)
        told = super().fence(rank)
        self.store.sought.update(sought)
        return told


class LeavesPortersOutOfASnapshot(MemoryBroker):
    def snapshot(self):
        leases = self.store.leases
        self.store.leases = {rank: tasks for rank, tasks in leases.items() if rank < PORTERS}
        seen = super().snapshot()
        self.store.leases = leases
        return seen


class LeavesTheLineOutOfASnapshot(MemoryBroker):
    def snapshot(self):
        near, self.store.near = self.store.near, {}
        seen = super().snapshot()
        self.store.near = near
        return seen


class RingsNobodyForTheLine(MemoryBroker):
    """When it falls to the low mark."""

    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        bell = self.store.bells.get(0)
        reply = super().step(commit, ask, entry)
        if reply.task is not None and bell is None:
            self.store.bells.pop(0, None)
        return reply


WRONG: dict[type[MemoryBroker], str] = {
    KnowsOneNodeOnly: "what_lies_on_the_node_of_the_head_is_taken_there_only",
    TakesFromTheLineLast: "what_lies_on_the_node_is_taken_before_the_rest",
    TakesFromTheLineBeforeAllElse: "the_order_of_the_elements_counts_before_the_node",
    SeeksAlways: "ranks_elsewhere_take_what_may_be_taken_anywhere",
    ForgetsTheLineAmongMany: "among_many_elements_the_line_of_the_node_is_not_forgotten",
    TellsNothingOfTheLine: "a_reply_says_how_much_waits_on_the_node",
    LeavesTheLineOutInACall: "a_reply_says_how_much_waits_on_the_node",
    RingsByNumber: "who_is_near_is_rung_before_who_is_elsewhere",
    TellsOfAllLines: "a_reply_says_how_much_waits_on_the_node",
    TellsOfAllThatAreIdle: "a_reply_says_how_many_are_idle_on_the_node",
    KnowsTheNodeOfTheHeadOnly: "what_lies_on_any_other_node_is_taken_there_or_carried_by_its_porter",
    CarriesFromAllNodes: "what_lies_on_any_other_node_is_taken_there_or_carried_by_its_porter",
    HasTheHeadTakeAll: "the_head_looks_for_what_lies_on_other_nodes",
    AnswersForTheDead: "the_head_has_what_a_porter_answers",
    LeavesPortersOutOfASnapshot: "a_snapshot_has_what_lies_on_the_node",
    SeeksNothing: "what_a_rank_elsewhere_has_looked_for_the_head_can_have_and_publish",
    CarriesOneAtATime: "each_rank_elsewhere_that_has_looked_has_one_task_carried",
    CarriesAgainAndAgain: "each_rank_elsewhere_that_has_looked_has_one_task_carried",
    LeavesWhoLooksForWhatIsGone: "who_has_looked_for_what_is_gone_looks_again",
    CarriesFromTheStart: "what_is_carried_keeps_what_was_committed_of_it_and_who_died_with_it",
    CarriesNothingThatIsOwned: "what_an_owner_elsewhere_needs_is_carried",
    GivesTheLineOfALostRankToAll: "what_a_lost_rank_had_from_the_line_is_there_again",
    SeeksForTheLost: "a_rank_elsewhere_that_is_lost_looks_for_nothing",
    LeavesTheLineOutOfASnapshot: "a_snapshot_has_what_lies_on_the_node",
    RingsNobodyForTheLine: "marks_count_what_lies_on_the_node",
}
