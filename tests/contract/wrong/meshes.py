"""Meshes that each break what they should keep, in one way: the suite must tell."""

from __future__ import annotations

from hpcd4p.transport.memory_mesh import MemoryMesh
from hpcd4p.wire.messages import Arrival, Notice


class LosesAMessage(MemoryMesh):
    """The second of each look, and says that it was sent."""

    def poll(self):
        found = super().poll()
        return found[:1] + found[2:]


class LosesNotices(MemoryMesh):
    def notice(self, dest, tx):
        pass


class BringsAMessageTwice(MemoryMesh):
    def poll(self):
        return [each for each in super().poll() for _ in "twice"]


class BringsNoticesFirst(MemoryMesh):
    """Data is one look late, a notice is not."""

    def __init__(self, rank, boxes):
        super().__init__(rank, boxes)
        self._late = []

    def poll(self):
        found = super().poll()
        late, self._late = self._late, [each for each in found if isinstance(each, Arrival)]
        return [each for each in found if isinstance(each, Notice)] + late


class BringsThemBackwards(MemoryMesh):
    def poll(self):
        return super().poll()[::-1]


class SaysThatAllIsSent(MemoryMesh):
    def sent(self, ticket):
        return True


class NeverSaysThatItIsSent(MemoryMesh):
    def sent(self, ticket):
        return False


class SendsWhatTheBufferHoldsLater(MemoryMesh):
    def send(self, dest, tx, frames):
        ticket = super().send(dest, tx, frames)
        arrival = self._boxes[dest][-1][0]
        arrival.frames[1:] = frames[1:]
        return ticket


class CutsBuffers(MemoryMesh):
    def send(self, dest, tx, frames):
        return super().send(dest, tx, [frames[0], *(f[:100] for f in frames[1:])])


class MixesBuffers(MemoryMesh):
    """All of one look get those of its first."""

    def poll(self):
        found = super().poll()
        arrivals = [each for each in found if isinstance(each, Arrival)]
        for each in arrivals:
            each.frames[1:] = arrivals[0].frames[1:]
        return found


class ReadOnly(MemoryMesh):
    def poll(self):
        return [
            each._replace(frames=list(map(bytes, each.frames))) if isinstance(each, Arrival) else each
            for each in super().poll()
        ]


class SendsToTheNext(MemoryMesh):
    def send(self, dest, tx, frames):
        return super().send((dest + 1) % self.size, tx, frames)


class SaysItIsAllOfOne(MemoryMesh):
    def poll(self):
        return [each._replace(source=1) for each in super().poll()]


class WaitsForTheForgotten(MemoryMesh):
    def forget(self, rank):
        pass


class BringsLargeOnesLast(MemoryMesh):
    def poll(self):
        return sorted(
            super().poll(), key=lambda each: isinstance(each, Notice) or sum(map(len, each.frames)) > 1 << 20
        )


class NeverHasAWholeOne(MemoryMesh):
    matched = 3


class AlwaysReceiving(MemoryMesh):
    @property
    def receiving(self):
        return True


WRONG: dict[type[MemoryMesh], str] = {
    LosesAMessage: "no_message_of_a_sender_is_lost_among_its_others",
    LosesNotices: "a_notice_alone_arrives",
    BringsAMessageTwice: "a_message_arrives_once",
    BringsNoticesFirst: "a_notice_comes_after_the_messages_of_its_transaction",
    BringsThemBackwards: "small_messages_of_one_sender_come_in_its_order",
    SaysThatAllIsSent: "a_message_is_sent_when_its_receiver_has_looked_and_not_before",
    NeverSaysThatItIsSent: "two_ranks_that_send_to_each_other_both_get_it",
    SendsWhatTheBufferHoldsLater: "what_the_sender_does_to_a_buffer_that_was_sent_is_not_seen",
    CutsBuffers: "a_message_arrives_as_it_was_sent",
    MixesBuffers: "many_buffers_belong_to_their_message",
    ReadOnly: "buffers_may_be_written_to",
    SendsToTheNext: "a_message_is_for_nobody_else",
    SaysItIsAllOfOne: "messages_of_several_senders_say_whose_they_are",
    WaitsForTheForgotten: "nobody_waits_for_a_rank_that_was_forgotten",
    BringsLargeOnesLast: "messages_of_one_sender_keep_their_order_whatever_their_size",
    NeverHasAWholeOne: "what_was_matched_is_whole_once_it_was_given",
    AlwaysReceiving: "a_message_arrives_as_it_was_sent",
}
"""Each with a promise that it breaks."""
