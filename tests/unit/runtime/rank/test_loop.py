"""When a rank looks, commits and rings, by a clock that the test sets."""

from __future__ import annotations

from collections import deque
from types import SimpleNamespace

import pytest

from hpcd4p import IterativePE, KeyedPE, ProducerPE, WorkflowGraph
from hpcd4p.control.moves import AWAKE_S
from hpcd4p.control.sealing import LINGER_S_PER_RANK
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.rank.loop import RankLoop
from hpcd4p.transport.broker import Heard
from hpcd4p.transport.memory_broker import MemoryBroker
from hpcd4p.transport.memory_mesh import MemoryMesh
from hpcd4p.transport.memory_store import MemoryStore
from hpcd4p.wire.codec import TASK, Codec, about
from hpcd4p.wire.messages import Arrival, Commit, Publication, Segment
from hpcd4p.wire.orders import HandOver
from hpcd4p.wire.statistics import Statistics

CODEC = Codec(b"test")

POOL, STATE = 1, 2
HOST, WORKER = 1, 2


class Make(ProducerPE):
    def _process(self, inputs):
        return 1


class Pair(IterativePE):
    def _process(self, number):
        return number, number


class Echo(KeyedPE):
    def process_key(self, key, value, state):
        self.write("output", (key, value))
        return None


class World:
    """A host of partitions and a rank of the pool; nothing takes time unless the test says so."""

    def __init__(self) -> None:
        self.now = 100.0
        graph = WorkflowGraph()
        pair = Pair()
        graph.connect(Make(), "output", pair, "input")
        graph.connect(pair, "output", Echo(), "input")
        settings = EngineSettings()
        plan, elements = make_plan(graph, 4, settings)
        assert plan.stateful_ranks == (HOST,)
        self.store = MemoryStore()
        boxes: list[deque] = [deque() for _ in range(4)]
        self.boxes = boxes
        self.mesh = [MemoryMesh(rank, boxes) for rank in range(4)]
        clock = Clock(lambda: self.now)
        self.host, self.worker = (
            RankLoop(plan, elements, settings, MemoryBroker(self.store, r), self.mesh[r], CODEC, clock)
            for r in (HOST, WORKER)
        )
        self.host.start()

    def sleep(self, rank: RankLoop) -> None:
        """Let `rank` go on until it sleeps on its bell; long ago it was active."""
        for _ in range(20):
            self.now += 1.0
            if rank.tick() is None:
                return
        pytest.fail("it does not sleep")

    def publish(self, number: int) -> None:
        commit = Commit(number, {POOL: 1})
        commit.publish = [Publication(POOL, 1, CODEC.seal(("input", [number]), about(TASK, POOL, 1)))]
        MemoryBroker(self.store, 0).step(commit)

    def send(self, tx: int) -> None:
        """A committed message for a partition."""
        self.mesh[3].send(HOST, tx, CODEC.pack([Segment(STATE, 0, "input", [(1, 1)])]))
        self.mesh[3].notice(HOST, tx)


@pytest.fixture
def world():
    return World()


def test_a_rank_that_was_rung_looks_for_a_while_for_mpi_may_not_show_a_message_at_once(world):
    world.sleep(world.host)
    world.store.bells[HOST] = Heard.MAIL
    world.host.rest(None)
    pause = world.host.tick()  # nothing is there yet
    assert pause is not None
    assert 0 < pause < AWAKE_S / 5
    world.now += 2 * AWAKE_S
    assert world.host.tick() is None


def test_what_is_finished_after_a_silence_is_sealed_at_once_and_what_follows_a_little_later(world):
    world.sleep(world.host)
    for tx in (1, 2):
        world.send(tx)
        while world.host.tick() == 0:  # it works
            pass
        assert len(world.host.outgoing.window) == 1
        assert bool(world.host.outgoing.outbox) == (tx == 2)
    world.now += 1.1 * 2 * LINGER_S_PER_RANK
    world.host.tick()
    assert len(world.host.outgoing.window) == 2


def test_a_rank_that_has_slept_rings_for_its_first_message_with_the_next_look(world):
    world.sleep(world.worker)
    world.publish(1)
    world.worker.rest(None)  # rung
    world.worker.tick()
    assert world.boxes[HOST]
    world.now += 1e-6
    world.worker.tick()
    assert world.store.bells.get(HOST) == Heard.MAIL


def test_a_rank_that_stands_for_a_cut_sleeps_though_its_source_has_something(world):
    world.sleep(world.host)
    world.host.cutting = SimpleNamespace(standing=1, tend=lambda: None, look_s=None)
    world.host.besides = SimpleNamespace(work=lambda: pytest.fail("it stands"), listen=lambda now: 0.0)
    pause = world.host.tick()
    assert pause is not None
    assert pause > 0
    world.host.cutting.standing = 0
    world.host.besides.work = lambda: True
    assert world.host.tick() == 0


def test_one_that_is_busy_does_not(world):
    world.sleep(world.worker)
    world.worker.granularity.learn({POOL: 100.0})
    for number in (1, 2, 3):
        world.publish(number)
    world.worker.rest(None)
    for _ in range(2):
        world.now += 1e-6
        world.worker.tick()
    assert world.store.bells.pop(HOST) == Heard.MAIL
    world.now += 1e-6
    world.worker.tick()
    assert len(world.worker.outgoing.window) == 3
    assert HOST not in world.store.bells


def test_what_has_been_counted_is_told_in_a_pause_but_not_in_every_one(world):
    world.worker.granularity.learn({POOL: 100.0})
    for _ in range(10):  # as after the first moments
        world.now += 1.0
        world.worker.link.exchange()
    apart = world.worker.link.stats_every_s
    world.sleep(world.worker)
    told = world.store.stats.copy()
    world.worker.link.exchange(stats=True)
    world.publish(1)
    world.worker.rest(None)
    for _ in range(20):
        pause = world.worker.tick()
        world.mesh[HOST].poll()
        world.now += 1e-4
    assert world.store.stats == told
    assert pause is not None
    assert apart / 2 < pause <= apart
    world.now += pause
    world.worker.tick()
    assert world.store.stats != told


def test_a_rank_does_not_sleep_on_what_it_has_written_itself_for_a_partition_that_has_gone(world):
    host, came = world.host, []

    def sleep():
        while True:
            world.now += 1.0
            pause = host.tick()
            came.extend(each for each in world.mesh[WORKER].poll() if isinstance(each, Arrival))
            if pause is None:
                return

    host.obey(HandOver(STATE, 0, WORKER, 1))
    sleep()
    (route,) = [route for route in host.plan.routes if route.target == STATE]
    host.outgoing.deliver(route, 0, [(1, 1)])  # it goes the old way: in line here when it is committed
    sleep()
    _, tuples = (Codec.unpack(each.frames) for each in came)
    assert tuples == [Segment(STATE, 0, "input", [(1, 1)])]


def idle_at_work(world, monkeypatch, learned):
    """Whether a rank of the pool is idle for the broker while it works for a partition that has come."""
    seen = []

    def process_key(*_):
        seen.append(WORKER in world.store.idle)
        world.now += 0.01

    def go_on():
        for _ in range(30):
            worker.tick()
            host.tick()
            world.now += 0.5

    monkeypatch.setattr(Echo, "process_key", process_key)
    host, worker = world.host, world.worker
    worker.start()
    worker.granularity.learn(learned)
    worker.inbox.listen(STATE)
    host.obey(HandOver(STATE, 0, WORKER, 1))
    go_on()
    assert WORKER in world.store.idle
    world.send(1)  # to the host, which sends it on
    go_on()
    assert WORKER in world.store.idle  # again
    return seen


def test_a_rank_of_the_pool_that_works_for_partitions_is_not_idle_and_that_is_its_duty(world, monkeypatch):
    assert idle_at_work(world, monkeypatch, {}) == [False]
    stats = Statistics(world.store.stats)
    assert stats.duty_us == stats.work(STATE).busy_us == 10_000


def test_for_a_moment_of_work_nothing_is_said(world, monkeypatch):
    assert idle_at_work(world, monkeypatch, {STATE: 5.0}) == [True]
