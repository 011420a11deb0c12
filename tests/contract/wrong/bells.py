"""Brokers that are each wrong in one way about who is told, rung, idle and parked."""

from __future__ import annotations

from hpcd4p.transport.broker import Heard
from hpcd4p.transport.memory_broker import MemoryBroker
from hpcd4p.wire.ask import NOTHING_ASKED, Availability


class LosesAnOrder(MemoryBroker):
    def order(self, ranks, order, mark=0):
        super().order(ranks[:1], order, mark)


class GivesOrdersBackwards(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        reply = super().step(commit, ask, entry)
        reply.orders.reverse()
        return reply


class GivesOrdersTwice(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        reply = super().step(commit, ask, entry)
        if reply.orders:
            self.store.orders[self.rank] = list(zip(reply.orders, reply.marks, strict=True))
        return reply


class OrdersEverybody(MemoryBroker):
    def order(self, ranks, order, mark=0):
        super().order(sorted(self.store.alive), order, mark)


class LosesMarks(MemoryBroker):
    def order(self, ranks, order, mark=0):
        super().order(ranks, order)


class Deaf(MemoryBroker):
    def wait(self, seconds):
        super().wait(seconds)
        return Heard.SILENT


class HearsNothingButTheHead(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        bells = dict(self.store.bells)
        reply = super().step(commit, ask, entry)
        self.store.bells = bells | ({0: self.store.bells[0]} if 0 in self.store.bells else {})
        return reply


class RingsNoHead(MemoryBroker):
    def wait(self, seconds):
        return super().wait(seconds) if self.rank else Heard.SILENT


class RingsAllTheTime(MemoryBroker):
    def wait(self, seconds):
        super().wait(seconds)
        return Heard.BELL


class KeepsItsBell(MemoryBroker):
    def wait(self, seconds):
        heard = super().wait(seconds)
        if heard:
            self.store.bells[self.rank] = heard
        return heard


class TakesAllBellsForMail(MemoryBroker):
    def wait(self, seconds):
        return Heard.MAIL if super().wait(seconds) else Heard.SILENT


class RingsAllIdleForATask(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        if commit.publish:
            self.store.ring_idle(len(self.store.idle))
        return super().step(commit, ask, entry)


class RingsAgainAndAgain(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        if commit.publish:
            self.store.bells[4] = Heard.BELL
        return super().step(commit, ask, entry)


class ThinksNobodyIsIdle(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        return super().step(commit, ask._replace(availability=Availability.IN_CALL), entry)


class ThinksWhoeverLooksIsIdle(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        reply = super().step(commit, ask, entry)
        if ask.take:
            self.store.idle.add(self.rank)
        return reply


class CountsTheWaitingOfOne(MemoryBroker):
    def observe(self, alive, fetch=True, stats=True, orders=None):
        seen = super().observe(alive, fetch, stats, orders)
        return seen._replace(waited_us=seen.waited_us // 2)


class ParksNobody(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        if ask.availability in (Availability.PARKS, Availability.WAKES):
            ask = ask._replace(availability=Availability.IDLE)
        return super().step(commit, ask, entry)


class RingsTheHeadForEveryTask(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        reply = super().step(commit, ask, entry)
        if reply.task or commit.counts:
            self.store.bells[0] = Heard.BELL
        return reply


WRONG: dict[type[MemoryBroker], str] = {
    LosesAnOrder: "orders_come_once_and_in_order_with_a_bell",
    GivesOrdersBackwards: "orders_come_once_and_in_order_with_a_bell",
    GivesOrdersTwice: "orders_come_once_and_in_order_with_a_bell",
    OrdersEverybody: "an_order_is_for_nobody_else",
    LosesMarks: "an_order_bears_the_mark_that_it_was_given_with",
    Deaf: "a_bell_that_rings_before_the_wait_is_not_lost",
    HearsNothingButTheHead: "a_rank_rings_whom_it_will",
    RingsNoHead: "the_head_is_rung_when_a_count_falls_to_nothing",
    RingsAllTheTime: "a_wait_ends_by_itself",
    KeepsItsBell: "two_rings_before_the_wait_wake_once",
    TakesAllBellsForMail: "a_bell_says_whether_there_is_more_than_a_message",
    RingsAllIdleForATask: "as_many_idle_ranks_are_rung_as_there_are_tasks",
    RingsAgainAndAgain: "a_rank_is_rung_once_for_being_idle_once",
    ThinksNobodyIsIdle: "a_bell_that_rings_before_the_wait_is_not_lost",
    ThinksWhoeverLooksIsIdle: "a_rank_in_the_middle_of_a_call_that_finds_no_task_is_not_idle",
    CountsTheWaitingOfOne: "the_waiting_of_idle_ranks_is_added_up",
    ParksNobody: "a_parked_rank_is_rung_by_nobody_but_the_head",
    RingsTheHeadForEveryTask: "the_head_is_rung_when_tasks_fall_to_the_low_mark",
}
"""Each with a promise that it breaks."""


class RingsLendersFirst(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        reply = super().step(commit, ask, entry)
        self.store.lending.clear()
        return reply


class LeavesLendersParked(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        was = self.rank in self.store.parked
        reply = super().step(commit, ask, entry)
        if was and ask.availability is Availability.LENDS:
            self.store.parked.add(self.rank)
        return reply


class RingsTheHeadFirst(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        reply = super().step(commit, ask, entry)
        self.store.lending.discard(0)
        return reply


class KeepsTheBell(MemoryBroker):
    """Who passes is not idle any more, and that is all."""

    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        if ask.availability is Availability.PASSES:
            self.store.idle.discard(self.rank)
            ask = ask._replace(availability=Availability.IDLE)
        return super().step(commit, ask, entry)


class PassesAnyway(MemoryBroker):
    """Whoever passes has another one rung, even if nobody has rung it."""

    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        if ask.availability is Availability.PASSES:
            self.store.idle.discard(self.rank)
        return super().step(commit, ask, entry)
