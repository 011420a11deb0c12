"""Brokers that are each wrong in one way about places."""

from __future__ import annotations

from hpcd4p.transport.memory_broker import MemoryBroker
from hpcd4p.wire.ask import NOTHING_ASKED
from hpcd4p.wire.messages import Snapshot


class ForgetsPlaces(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        commit.publish = [p._replace(place=None) for p in commit.publish]
        return super().step(commit, ask, entry)


class HandsOutByPathAlone(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        for line in self.store.streams.values():
            tasks = sorted(line, key=lambda task: task.place.path if task.place else "")
            line.clear()
            line.extend(tasks)
        return super().step(commit, ask, entry)


class HidesWhatHasAPlace(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        reply = super().step(commit, ask, entry)
        if any(task.place for line in self.store.streams.values() for task in line):
            reply.tasks, reply.waiting = 0, {}
        return reply


class RingsNobodyForPlaces(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        before = dict(self.store.bells)
        reply = super().step(commit, ask, entry)
        if any(each.place for each in commit.publish):
            self.store.bells.clear()
            self.store.bells.update(before)
        return reply


class SettlesNothing(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        commit.settled = []
        return super().step(commit, ask, entry)


class SettlesFirst(MemoryBroker):
    """And then begins: what is in both stays outstanding."""

    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        reply = super().step(commit, ask, entry)
        for place in commit.begun:
            self.store.places.outstanding[place.lane].add(place.path)
        return reply


class BeginsNothing(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        commit.begun = []
        return super().step(commit, ask, entry)


class KnowsNoLanes(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        reply = super().step(commit, ask, entry)
        least = min((p for paths in self.store.places.outstanding.values() for p in paths), default=None)
        if least is not None:
            reply.watermarks = dict.fromkeys(reply.watermarks, least)
        return reply


class SaysThatAllIsFinished(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        reply = super().step(commit, ask, entry)
        reply.watermarks = {o: self.store.places.bounds.get(o, "") for o in reply.watermarks}
        return reply


class PutsTasksOfTheLostAtTheEnd(MemoryBroker):
    def fence(self, rank):
        result = super().fence(rank)
        for line in self.store.streams.values():
            line.rotate(-1)
        return result


class RingsAtEachEnd(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        reply = super().step(commit, ask, entry)
        if commit.settled:
            self.wake_all()
        return reply

    def wake_all(self):
        for rank in self.store.places._waits:
            MemoryBroker(self.store, rank).wake()


class RingsWhoHasWaited(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        if ask.order is not None and ask.order.waits:
            self.store.ever = self.rank
        reply = super().step(commit, ask, entry)
        if commit.settled and hasattr(self.store, "ever"):
            MemoryBroker(self.store, self.store.ever).wake()
        return reply


class RingsNobodyAtTheEnd(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        self.store.places._waits.clear()
        return super().step(commit, ask, entry)


class GivesAnythingThatIsLeftOut(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        if ask.order is not None:
            ask = ask._replace(take=[*ask.take, *ask.order.oldest])
        return super().step(commit, ask, entry)


class GivesTheFirstOnly(MemoryBroker):
    def _take(self, wanted, oldest, idle):
        places, lines = self.store.places, self.store.streams
        return super()._take(
            wanted, [e for e in oldest if lines[e] and places.missed(lines[e][0].place)], idle
        )


class RingsAnybodyForWhatIsMissed(MemoryBroker):
    def step(self, commit, ask=NOTHING_ASKED, entry=None):
        owners = self.store.owners
        if ask.order is not None and ask.order.waits:
            self.store.owners = {}
        reply = super().step(commit, ask, entry)
        self.store.owners = owners
        return reply


class SnapshotsWithoutPlaces(MemoryBroker):
    def snapshot(self) -> Snapshot:
        seen = super().snapshot()
        return seen._replace(tasks=[task._replace(place=None) for task in seen.tasks])


class NamesWhoHasATaskAndNotItsPlace(MemoryBroker):
    def awaited(self):
        return [each._replace(path="0100") for each in super().awaited()]


WRONG: dict[type[MemoryBroker], str] = {
    ForgetsPlaces: "a_task_with_a_place_comes_with_it",
    HandsOutByPathAlone: "of_two_origins_the_elder_task_comes_first",
    HidesWhatHasAPlace: "tasks_with_places_wait_among_all_others",
    RingsNobodyForPlaces: "an_idle_rank_is_rung_for_a_task_with_a_place",
    SettlesNothing: "the_watermark_is_the_least_place_that_is_not_finished",
    SettlesFirst: "one_commit_may_begin_a_place_and_settle_it",
    BeginsNothing: "a_task_that_commits_in_part_goes_on_behind_it",
    KnowsNoLanes: "a_lane_has_a_watermark_of_its_own",
    SaysThatAllIsFinished: "what_a_task_publishes_is_outstanding_before_it_is_finished",
    PutsTasksOfTheLostAtTheEnd: "the_tasks_of_a_lost_rank_go_back_to_their_places",
    RingsAtEachEnd: "a_rank_is_rung_when_all_before_it_is_finished_and_not_sooner",
    RingsWhoHasWaited: "a_rank_that_waits_no_longer_is_not_rung",
    RingsNobodyAtTheEnd: "a_rank_that_waits_for_everything_is_rung_by_the_last",
    GivesAnythingThatIsLeftOut: "of_what_is_left_out_only_what_somebody_waits_for_is_taken",
    GivesTheFirstOnly: "what_somebody_waits_for_is_taken_wherever_it_is_in_line",
    RingsAnybodyForWhatIsMissed: "the_owner_of_its_element_is_rung_when_somebody_waits_for_a_task",
    NamesWhoHasATaskAndNotItsPlace: "the_head_hears_for_which_task_a_rank_waits",
    SnapshotsWithoutPlaces: "a_snapshot_has_the_places_of_tasks",
}
"""Each with a promise that it breaks."""
