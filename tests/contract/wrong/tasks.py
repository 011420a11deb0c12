"""Brokers that are each wrong in one way about what waits, and who gets it."""

from __future__ import annotations

from collections import deque

from hpcd4p.testing.conformance import MANY
from hpcd4p.transport.memory_broker import MemoryBroker
from hpcd4p.wire.ask import NOTHING_ASKED
from hpcd4p.wire.messages import Commit


class LosesATask(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        commit.publish = commit.publish[1:]
        return super().step(commit, ask, entry)


class HandsATaskOutTwice(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        reply = super().step(commit, ask, entry)
        if reply.task and not reply.task.id.startswith("again"):
            stream = self.store.streams[reply.task.element]
            stream.appendleft(reply.task._replace(id=f"again{reply.task.id}"))
        return reply


class HandsOutTheNewestFirst(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        for element in ask.take:
            self.store.streams.get(element, deque()).rotate(1)
        return super().step(commit, ask, entry)


class CutsPayloads(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        commit.publish = [p._replace(payload=p.payload.split(b"\r")[0]) for p in commit.publish]
        return super().step(commit, ask, entry)


class GivesWhatNobodyWants(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        if ask.take:
            ask = ask._replace(take=[*ask.take, *(e for e in MANY if e not in ask.take)])
        return super().step(commit, ask, entry)


class GivesInItsOwnOrder(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        return super().step(commit, ask._replace(take=sorted(ask.take)), entry)


class GivesInTheOrderOfNobody(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        return super().step(commit, ask._replace(take=sorted(ask.take, reverse=True)), entry)


class TakesBeforeItCommits(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        reply = super().step(Commit(), ask, entry)
        told = super().step(commit, ask._replace(take=()), entry)
        told.task, told.orders, told.marks = reply.task, reply.orders, reply.marks
        return told


class TellsNothingOfWhatWaits(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        reply = super().step(commit, ask, entry)
        reply.tasks = reply.size = 0
        reply.waiting = {}
        reply.service_us = {}
        return reply


class MixesElements(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        reply = super().step(commit, ask, entry)
        reply.waiting = {0: reply.tasks}
        return reply


class CountsWhatItHoldsAlone(MemoryBroker):
    """And not what lies in blocks of memory."""

    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        reply = super().step(commit, ask, entry)
        waiting = [task.payload for stream in self.store.streams.values() for task in stream]
        reply.size = sum(map(len, waiting + self.store.dead))
        return reply


WRONG: dict[type[MemoryBroker], str] = {
    LosesATask: "a_task_comes_as_it_was_published",
    HandsATaskOutTwice: "a_task_is_leased_to_one_rank_only",
    HandsOutTheNewestFirst: "tasks_of_an_element_come_in_the_order_in_which_they_were_published",
    CutsPayloads: "a_task_comes_as_it_was_published",
    GivesWhatNobodyWants: "an_element_that_is_not_named_is_not_taken",
    GivesInItsOwnOrder: "the_element_that_is_named_first_comes_first",
    GivesInTheOrderOfNobody: "among_many_elements_the_first_in_line_comes_first",
    TakesBeforeItCommits: "one_call_commits_and_takes_what_it_has_committed",
    TellsNothingOfWhatWaits: "a_reply_says_how_much_waits",
    CountsWhatItHoldsAlone: "the_bytes_of_buffers_that_lie_in_a_block_are_bytes_that_wait",
    MixesElements: "a_rank_in_the_middle_of_a_call_is_told_what_waits_by_element",
}
"""Each with a promise that it breaks."""
