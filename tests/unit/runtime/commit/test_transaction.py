"""A transaction on its way: sealed, sent, committed when all of it has arrived, in order."""

from __future__ import annotations

import threading
from collections import deque

import numpy as np
import pytest

from hpcd4p.control.granularity import Granularity
from hpcd4p.control.sealing import RING_AFTER_S, RING_AGAIN_S
from hpcd4p.plan.model import ElementPlan, Plan, Role, Route, Spread
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.record.summary import DeadLetter, FailureKind
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.commit import sealer
from hpcd4p.runtime.commit.outbox import Outbox
from hpcd4p.runtime.commit.owners import Owners
from hpcd4p.runtime.commit.sealer import Sealer
from hpcd4p.runtime.commit.window import Prepared, Window
from hpcd4p.runtime.execute.letters import Failure
from hpcd4p.transport.broker import Blocks
from hpcd4p.transport.memory_blocks import MemoryBlocks
from hpcd4p.transport.memory_mesh import MemoryMesh
from hpcd4p.wire.block import Block
from hpcd4p.wire.codec import LETTER, TASK, Codec, about, block_of, weight
from hpcd4p.wire.messages import Arrival, Commit, Notice, Publication, Segment
from hpcd4p.wire.statistics import Cause

CODEC = Codec(b"test")
CLOCK = Clock()


def opened(task: Publication) -> tuple[str, list]:
    return CODEC.open(task.payload, about(TASK, task.element, task.tuples))


TO_POOL = Route(0, "output", 1, "input", Spread.SHUFFLE, None)
TO_STATE = Route(0, "keyed", 2, "input", Spread.KEY, (0,))

PLAN = Plan(
    "test",
    4,
    (
        ElementPlan(0, "source", Role.ROOT, False, 0, (), ("output", "keyed"), "", True),
        ElementPlan(1, "pool", Role.POOL, False, 0, ("input",), (), "", False),
        ElementPlan(2, "state", Role.STATE, False, 2, ("input",), (), "", False),
        ElementPlan(3, "collector", Role.COLLECT, False, 1, (), (), "", False),
    ),
    (TO_POOL, TO_STATE),
    (1, 2),
    (3,),
)


class Ranks:
    """Four ranks and their mesh; rank 3 seals."""

    def __init__(self, settings: EngineSettings | None = None, blocks: Blocks | None = None) -> None:
        boxes: list[deque] = [deque() for _ in range(4)]
        self.mesh = [MemoryMesh(rank, boxes) for rank in range(4)]
        self.letters: list[tuple[Route, object]] = []
        settings = settings or EngineSettings()
        granularity = Granularity(settings, 1)
        granularity.learn({1: settings.task_s * 1e6 / 3})  # three tuples make a task
        self.sealers = [
            Sealer(
                PLAN,
                r,
                self.mesh[r],
                CODEC,
                granularity,
                self.write_letter,
                settings,
                CLOCK,
                Owners(PLAN, r),
                blocks,
            )
            for r in range(4)
        ]
        self.window = Window(self.mesh[3])

    def write_letter(self, element, route, value, error):
        self.letters.append((route, value))

    def seal(self, outbox: Outbox, rank: int = 3) -> Prepared:
        return self.sealers[rank].seal(outbox)

    def send(self, *partitions: int) -> Prepared:
        outbox = Outbox(CLOCK)
        for partition in partitions:
            outbox.to_partition(TO_STATE, partition, [("key", 1)])
        prepared = self.seal(outbox)
        self.window.add(prepared)
        return prepared


@pytest.fixture
def ranks():
    return Ranks()


# ---- the outbox


def test_an_outbox_is_empty_until_something_is_put_into_it():
    assert not Outbox(CLOCK)
    for fill in (
        lambda o: o.count(1, -1),
        lambda o: o.to_pool(TO_POOL, [1]),
        lambda o: o.to_partition(TO_STATE, 0, [1]),
        lambda o: o.done.append((1, "id")),
        lambda o: o.fail(Failure(1, Cause.OTHER, FailureKind("pool", "ValueError", ""), 1, None)),
        lambda o: o.rest.append((1, "input", [1])),
    ):
        outbox = Outbox(CLOCK)
        fill(outbox)
        assert outbox


# ---- sealing


def test_tuples_for_the_pool_are_cut_into_tasks(ranks):
    outbox = Outbox(CLOCK)
    outbox.to_pool(TO_POOL, list(range(8)))
    commit = ranks.seal(outbox).commit
    assert [p.tuples for p in commit.publish] == [3, 3, 2]
    assert [opened(p) for p in commit.publish] == [
        ("input", [0, 1, 2]),
        ("input", [3, 4, 5]),
        ("input", [6, 7]),
    ]
    assert commit.counts == {1: 8}


def test_tuples_for_partitions_go_to_their_owners_as_one_message_each(ranks):
    outbox = Outbox(CLOCK)
    for partition in (0, 1):  # of element 2: on ranks 1 and 2
        outbox.to_partition(TO_STATE, partition, [("a", partition)])
        outbox.to_partition(TO_STATE, partition, [("b", partition)])
    prepared = ranks.seal(outbox)
    assert prepared.commit.counts == {2: 4}
    for partition in (0, 1):
        (arrival,) = ranks.mesh[PLAN.owner(2, partition)].poll()
        assert isinstance(arrival, Arrival)
        assert (arrival.source, arrival.tx) == (3, 1)
        assert CODEC.unpack(arrival.frames) == [
            Segment(2, partition, "input", [("a", partition), ("b", partition)])
        ]


def test_tuples_for_its_own_partition_do_not_travel(ranks):
    outbox = Outbox(CLOCK)
    outbox.to_partition(TO_STATE, 0, [("a", 0)])
    prepared = ranks.seal(outbox, rank=PLAN.owner(2, 0))
    assert prepared.tickets == []
    assert prepared.local == [([Segment(2, 0, "input", [("a", 0)])], None, 0.0)]
    assert prepared.commit.counts == {2: 1}


def test_what_is_sent_while_a_transaction_is_collected_is_a_part_of_it(ranks):
    ranks.send(0)
    outbox = Outbox(CLOCK)
    outbox.to_partition(TO_STATE, 0, [("a", 0)])
    ranks.sealers[3].send(outbox)
    assert outbox.unsent == 0
    outbox.to_partition(TO_STATE, 0, [("b", 0)])
    prepared = ranks.seal(outbox)
    assert (prepared.commit.tx, prepared.commit.counts) == (2, {2: 2})
    assert len(prepared.tickets) == 2
    arrivals = ranks.mesh[PLAN.owner(2, 0)].poll()
    assert [a.tx for a in arrivals] == [1, 2, 2]
    assert [CODEC.unpack(a.frames)[0].values for a in arrivals[1:]] == [[("a", 0)], [("b", 0)]]


def test_a_transaction_does_not_commit_before_its_first_message_is_matched(ranks):
    outbox = Outbox(CLOCK)
    outbox.to_partition(TO_STATE, 0, [("a", 0)])
    ranks.sealers[3].send(outbox)
    outbox.to_partition(TO_STATE, 1, [("b", 1)])
    ranks.window.add(ranks.seal(outbox))
    ranks.mesh[PLAN.owner(2, 1)].poll()
    assert not ranks.window.take_ready()[0]
    ranks.mesh[PLAN.owner(2, 0)].poll()
    assert ranks.window.take_ready()[0].tx == 1


def test_what_a_task_has_left_goes_back_and_is_not_counted_twice(ranks):
    outbox = Outbox(CLOCK)
    outbox.done.append((1, "id"))
    outbox.count(1, -2)  # of five, two are done; the other three were pending before and are still
    outbox.rest.append((1, "input", [2, 3, 4]))
    commit = ranks.seal(outbox).commit
    assert commit.counts == {1: -2}
    assert commit.done == [(1, "id")]
    assert [p.tuples for p in commit.publish] == [3]


def test_transactions_are_numbered(ranks):
    assert [ranks.send(0).commit.tx for _ in range(3)] == [1, 2, 3]


def test_tuples_that_cannot_be_pickled_are_dead_letters_and_the_others_go_their_way(ranks):
    lock = threading.Lock()
    outbox = Outbox(CLOCK)
    outbox.to_pool(TO_POOL, [1, lock, 2])
    outbox.to_partition(TO_STATE, 0, [("a", 1), ("a", lock)])
    commit = ranks.seal(outbox).commit
    assert ranks.letters == [(TO_POOL, lock), (TO_STATE, ("a", lock))]
    assert [opened(p) for p in commit.publish] == [("input", [1, 2])]
    assert commit.counts == {1: 2, 2: 1}
    (arrival,) = ranks.mesh[PLAN.owner(2, 0)].poll()
    assert CODEC.unpack(arrival.frames) == [Segment(2, 0, "input", [("a", 1)])]


def test_a_batch_of_which_nothing_can_be_pickled_is_no_task(ranks):
    outbox = Outbox(CLOCK)
    outbox.to_pool(TO_POOL, [threading.Lock()])
    commit = ranks.seal(outbox).commit
    assert commit.publish == []
    assert commit.counts == {}


def test_tuples_of_very_different_weight_make_no_task_that_is_too_heavy():
    ranks = Ranks(EngineSettings(max_task_bytes=10_000))
    outbox = Outbox(CLOCK)
    # the first, the one in the middle and the last are light: what a guess looks at
    heavy = [bytes([i]) * 9_000 for i in range(3)]
    values = [b"", heavy[0], heavy[1], b"", b"", heavy[2], b""]
    outbox.to_pool(TO_POOL, values)
    commit = ranks.seal(outbox).commit
    assert max(len(p.payload) for p in commit.publish) <= 10_000
    assert [v for p in commit.publish for v in opened(p)[1]] == values


def test_a_tuple_that_redis_should_not_hold_is_a_dead_letter(monkeypatch):
    monkeypatch.setattr(sealer, "MOST_TUPLE_BYTES", 10_000)
    ranks = Ranks(EngineSettings(max_task_bytes=5_000))
    outbox = Outbox(CLOCK)
    large = bytes(10_000)
    outbox.to_pool(TO_POOL, [b"a", large, b"b"])
    commit = ranks.seal(outbox).commit
    assert ranks.letters == [(TO_POOL, large)]
    assert commit.counts == {1: 2}
    assert [v for p in commit.publish for v in opened(p)[1]] == [b"a", b"b"]


class NoRoom(MemoryBlocks):
    def put(self, buffers):
        return None


def test_buffers_that_lie_in_shared_memory_are_not_bound_by_what_redis_holds(monkeypatch):
    monkeypatch.setattr(sealer, "MOST_TUPLE_BYTES", 10_000)
    held: dict = {}
    ranks = Ranks(EngineSettings(max_task_bytes=5_000), MemoryBlocks(3, held))
    arrays = [np.full(1 << 14, i) for i in range(3)]
    outbox = Outbox(CLOCK)
    outbox.to_pool(TO_POOL, [*arrays, b"small"])
    outbox.spent.append(Block(1, 2, 3, 4, False))
    commit = ranks.seal(outbox).commit
    assert ranks.letters == []
    assert commit.spent == [Block(1, 2, 3, 4, False)]
    assert max(len(p.payload) for p in commit.publish) < 1000
    assert sum(weight(p.payload) for p in commit.publish) > 3 * arrays[0].nbytes
    assert (commit.stats, len(held)) == ({"aside": 3 * arrays[0].nbytes}, 3)


def test_without_room_there_a_tuple_goes_through_redis_if_it_can(monkeypatch):
    monkeypatch.setattr(sealer, "MOST_TUPLE_BYTES", 200_000)
    ranks = Ranks(EngineSettings(max_task_bytes=5_000), NoRoom(3, {}))
    fits, large = np.zeros(1 << 14), np.zeros(1 << 15)
    outbox = Outbox(CLOCK)
    outbox.to_pool(TO_POOL, [fits, large])
    commit = ranks.seal(outbox).commit
    assert [value is large for _, value in ranks.letters] == [True]
    assert [p.tuples for p in commit.publish] == [1]
    assert commit.stats["detour"] >= fits.nbytes


class Line:
    """One with room for so many tasks."""

    def __init__(self, room):
        self.room = room

    def hear(self, idle, waiting):
        raise AssertionError("a sealer hears nothing")

    def takes_one(self):
        self.room -= 1
        return self.room >= 0


def test_on_several_nodes_as_many_tasks_stay_in_shared_memory_as_their_line_takes():
    held: dict = {}
    ranks = Ranks(EngineSettings(max_task_bytes=5_000), MemoryBlocks(3, held, Line(2)))
    arrays = [np.full(1 << 14, i) for i in range(4)]
    outbox = Outbox(CLOCK)
    outbox.to_pool(TO_POOL, [b"small", *arrays])
    commit = ranks.seal(outbox).commit
    assert [block_of(p.payload) is not None for p in commit.publish] == [False, True, True, False, False]
    assert commit.stats == {"aside": 2 * arrays[0].nbytes}


def test_on_several_nodes_shared_memory_holds_nothing_that_redis_would_not(monkeypatch):
    monkeypatch.setattr(sealer, "MOST_TUPLE_BYTES", 200_000)
    held: dict = {}
    line = Line(1)
    ranks = Ranks(EngineSettings(max_task_bytes=5_000), MemoryBlocks(3, held, line))
    fits, large = np.zeros(1 << 14), np.zeros(1 << 15)
    outbox = Outbox(CLOCK)
    outbox.to_pool(TO_POOL, [large, fits])
    commit = ranks.seal(outbox).commit
    assert [value is large for _, value in ranks.letters] == [True]
    assert [p.tuples for p in commit.publish] == [1]
    assert (len(held), line.room) == (1, 0)


@pytest.mark.parametrize(
    ("bytes_", "least", "aside"), [(1 << 17, 1 << 17, 1), ((1 << 17) - 8, 1 << 17, 0), (1 << 17, 0, 0)]
)
def test_only_large_buffers_are_worth_a_block(bytes_, least, aside):
    held: dict = {}
    ranks = Ranks(EngineSettings(shared_bytes=least), MemoryBlocks(3, held))
    outbox = Outbox(CLOCK)
    outbox.to_pool(TO_POOL, [np.zeros(bytes_, np.uint8)])
    assert "detour" not in ranks.seal(outbox).commit.stats
    assert len(held) == aside


def test_a_large_tuple_is_a_dead_letter_also_if_one_beside_it_cannot_be_pickled(monkeypatch):
    monkeypatch.setattr(sealer, "MOST_TUPLE_BYTES", 10_000)
    ranks = Ranks(EngineSettings(max_task_bytes=5_000))
    large, lock = bytes(10_000), threading.Lock()
    outbox = Outbox(CLOCK)
    outbox.to_pool(TO_POOL, [b"a", lock, large, b"b"])  # the guess of their weight sees the light ones
    commit = ranks.seal(outbox).commit
    assert ranks.letters == [(TO_POOL, lock), (TO_POOL, large)]
    assert [v for p in commit.publish for v in opened(p)[1]] == [b"a", b"b"]


def test_what_is_given_back_and_cannot_travel_again_is_a_dead_letter(ranks):
    lock = threading.Lock()
    outbox = Outbox(CLOCK)
    outbox.done.append((1, "id"))
    outbox.rest.append((1, "input", [2, lock, 4]))
    commit = ranks.seal(outbox).commit
    assert ranks.letters == [(None, lock)]
    assert commit.counts == {1: -1}
    assert [opened(p)[1] for p in commit.publish] == [[2, 4]]


class Moody:
    """Can be pickled each second time."""

    times = 0

    def __reduce__(self):
        Moody.times += 1
        if Moody.times % 2:
            raise ValueError("not now")
        return Moody, ()


def test_tuples_that_can_be_pickled_alone_and_not_together_leave_alone(ranks):
    outbox = Outbox(CLOCK)
    outbox.to_pool(TO_POOL, [1, Moody(), 2])
    commit = ranks.seal(outbox).commit
    assert sum(p.tuples for p in commit.publish) + len(ranks.letters) == 3


def test_what_is_found_while_it_is_sealed_is_in_the_commit_that_changes_the_count(ranks):
    lock = threading.Lock()
    outbox = Outbox(CLOCK)
    kind, letter = (
        FailureKind("source", "TypeError", "output"),
        DeadLetter("source", "", "v", "E", "", 3, 0.0),
    )
    ranks.write_letter = lambda *_: None
    made = iter([letter, None, None])
    ranks.sealers[3]._write_letter = lambda *_: outbox.fail(Failure(0, Cause.UNSENT, kind, 1, next(made)))
    outbox.count(0, -1)
    outbox.to_pool(TO_POOL, [1, lock, lock])
    outbox.to_partition(TO_STATE, 0, [("a", lock)])
    commit = ranks.seal(outbox).commit
    assert commit.counts == {0: -1, 1: 1}
    assert commit.stats == {"f:0": 3, "w:0": 3}
    assert [CODEC.open(each, about(LETTER)) for each in commit.dead] == [(kind, 1, letter), (kind, 2, None)]


# ---- the window


def test_a_transaction_commits_when_its_messages_are_matched(ranks):
    ranks.send(0, 1)
    for receiver in (1, 2):
        assert ranks.window.take_ready()[1] == []
        ranks.mesh[receiver].poll()
    commit, notify, local = ranks.window.take_ready()
    assert (commit.tx, sorted(notify), local) == (1, [1, 2], [])
    assert len(ranks.window) == 0


def test_transactions_commit_in_order(ranks):
    first, second = PLAN.owner(2, 0), PLAN.owner(2, 1)
    ranks.send(0)
    ranks.send(1)
    ranks.mesh[second].poll()
    assert not ranks.window.take_ready()[0]
    ranks.mesh[first].poll()
    commit, notify, _ = ranks.window.take_ready()
    assert commit.tx == 2  # both, in one call
    assert sorted(notify) == [1, 2]
    assert commit.counts == {2: 2}


def test_a_transaction_without_messages_commits_at_once(ranks):
    outbox = Outbox(CLOCK)
    outbox.local = [([Segment(2, 0, "input", [1])], None, 0.0)]
    prepared = Prepared(Commit(7), outbox, 0.0)
    ranks.window.add(prepared)
    commit, notify, local = ranks.window.take_ready()
    assert (commit.tx, notify, local) == (7, [], prepared.local)


def test_a_rank_that_does_not_receive_is_rung_after_a_while_and_then_not_all_the_time(ranks):
    prepared = ranks.send(0)
    owner = PLAN.owner(2, 0)
    now = prepared.sealed
    assert ranks.window.choose_to_ring(now + RING_AFTER_S / 2, RING_AFTER_S) == []
    assert ranks.window.choose_to_ring(now + 2 * RING_AFTER_S, RING_AFTER_S) == [owner]
    assert ranks.window.choose_to_ring(now + 3 * RING_AFTER_S, RING_AFTER_S) == []
    assert ranks.window.choose_to_ring(now + 3 * RING_AFTER_S + RING_AGAIN_S, RING_AFTER_S) == [owner]


def test_a_notice_comes_behind_what_it_is_about(ranks):
    ranks.send(0)
    owner = PLAN.owner(2, 0)
    ranks.mesh[3].notice(owner, 1)
    arrival, notice = ranks.mesh[owner].poll()
    assert isinstance(arrival, Arrival)
    assert notice == Notice(3, 1)
