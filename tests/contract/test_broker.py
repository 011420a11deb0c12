"""One contract, two brokers: the one in memory and the one on a real Redis do the same."""

from __future__ import annotations

import itertools
import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hpcd4p.launch.redis_server import start_redis
from hpcd4p.transport.broker import Broker, Claim, Heard
from hpcd4p.transport.memory_broker import MemoryBroker
from hpcd4p.transport.memory_store import MemoryStore
from hpcd4p.transport.redis_broker import RedisBroker
from hpcd4p.transport.redis_scripts import load_scripts
from hpcd4p.wire.ask import Ask, Availability
from hpcd4p.wire.messages import Commit, Publication, Reply, Task
from hpcd4p.wire.orders import Finish, Park, Stop, Wake
from hpcd4p.wire.statistics import Statistics

LOW = (2, 1000)
MAX_ATTEMPTS = 3
STREAMS = [0, 1, 2]
MANY = list(range(40))

DEADLINE_S = 5.0


class World:
    """The brokers of one run, made as they are asked for; rank 0 is the head."""

    def __init__(self, make, rings_at_once):
        self._make = make
        self._brokers: dict[int, Broker] = {}
        self._rings_at_once = rings_at_once
        self._tx = itertools.count(1)
        self.time = 0.0

    def __getitem__(self, rank: int) -> Broker:
        if rank not in self._brokers:
            self._brokers[rank] = self._make(rank)
        return self._brokers[rank]

    def publish(self, *tasks: tuple[int, int, bytes], rank: int = 0, **kwargs) -> Reply:
        """Commit tasks (element, tuples, payload) and count their tuples."""
        commit = Commit(next(self._tx))
        for element, tuples, payload in tasks:
            commit.publish.append(Publication(element, tuples, payload))
            commit.counts[element] = commit.counts.get(element, 0) + tuples
        return self[rank].step(commit, Ask(**kwargs))

    def take(self, rank: int, elements=STREAMS) -> Task | None:
        return self[rank].step(Commit(), Ask(take=elements)).task

    def finish(self, rank: int, task: Task) -> Reply:
        commit = Commit(next(self._tx), {task.element: -task.tuples})
        commit.done.append((task.element, task.id))
        return self[rank].step(commit)

    def rung(self, *ranks: int) -> list[int]:
        """Those of `ranks` whose bell has rung."""
        return [rank for rank in ranks if self._has_rung(rank)]

    def _has_rung(self, rank: int) -> bool:
        # a bell comes over a connection of its own: what has not come by then never will
        return self[rank].wait(0.0 if self._rings_at_once else 0.03) != Heard.SILENT

    def hears(self, rank: int) -> bool:
        """Whether the bell of `rank` rings before the deadline."""
        return self[rank].wait(0.0 if self._rings_at_once else DEADLINE_S) != Heard.SILENT

    def quiet(self, *ranks: int) -> None:
        """Take all bells away."""
        while self.rung(*ranks):
            pass

    def pending(self) -> dict[int, int]:
        return self[0].observe(alive=False).pending

    def wait_s(self, seconds: float) -> None:
        """Let time pass for the broker."""
        if self._rings_at_once:
            self.time += seconds
        else:
            time.sleep(seconds)

    def close(self):
        for broker in self._brokers.values():
            broker.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    scratch = Path(tmp_path_factory.mktemp("r"))
    with start_redis("s3cret", scratch=scratch) as running:
        yield running.endpoint


RUNS = itertools.count()


@pytest.fixture(params=["memory", "redis"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "memory":
        store = MemoryStore(low=LOW, max_attempts=MAX_ATTEMPTS)
        made = World(lambda rank: MemoryBroker(store, rank), rings_at_once=True)
        store.clock = lambda: made.time
    else:
        endpoint = request.getfixturevalue("server")
        run_id = f"run{next(RUNS)}"
        shas = load_scripts(endpoint, run_id, MANY)

        def connect(rank):
            return RedisBroker(endpoint, run_id, rank, shas, MANY, LOW, MAX_ATTEMPTS)

        made = World(connect, rings_at_once=False)
    yield made
    made.close()


# ---- tasks


def test_a_task_comes_as_it_was_published(world):
    world.publish((1, 3, b"\x00payload\xff\r\n"))
    task = world.take(4)
    assert task == Task(1, task.id, 3, b"\x00payload\xff\r\n", 0, ())


@pytest.mark.parametrize("order", [MANY, MANY[::-1]], ids=["upwards", "downwards"])
def test_among_many_elements_the_most_wanted_comes_first(world, order):
    world.publish(*((e, 1, b"it") for e in (31, 7, 8, 20)))
    found = []
    while (task := world.take(4, order)) is not None:
        found.append(task.element)
    assert found == sorted([31, 7, 8, 20], reverse=order != MANY)
    assert world.rung(4) == []
    world.publish((9, 1, b"another"))
    assert world.rung(4) == [4]
    assert world.take(4, order).element == 9


def test_of_many_elements_none_is_taken_that_is_not_wanted(world):
    wanted = [*range(30, 10, -1), 8, 6, *range(36, 40)]
    world.publish(*((e, 1, b"it") for e in (7, 9, 31, 5)))
    assert world.take(4, wanted) is None
    world.publish(*((e, 1, b"it") for e in (38, 6, 8, 11, 37)))
    assert [world.take(4, wanted).element for _ in range(5)] == [11, 8, 6, 37, 38]
    assert world.take(4, wanted) is None


def test_of_many_elements_one_that_is_owned_is_its_owners(world):
    assert world[5].claim(12, Claim.REAL)
    world.publish((12, 1, b"owned"), (13, 1, b"free"))
    assert world.take(4, MANY).element == 13
    assert world.take(4, MANY) is None
    assert world.take(5, MANY).element == 12


def test_of_many_elements_a_task_of_a_lost_rank_comes_again(world):
    world.publish((12, 1, b"it"))
    world.take(4, MANY)
    world[0].fence(4)
    assert world.take(5, MANY).payload == b"it"


def test_a_look_without_statistics_has_all_the_rest(world):
    commit = Commit(1, {0: 2})
    commit.stats = {"n:0": 5}
    world[4].step(commit)
    assert world[0].observe(alive=False).stats == Statistics({"n:0": 5})
    seen = world[0].observe(alive=False, stats=False)
    assert (seen.pending, seen.stats) == ({0: 2}, Statistics())


def test_tasks_of_an_element_come_in_the_order_in_which_they_were_published(world):
    world.publish((0, 1, b"a"), (0, 1, b"b"))
    world.publish((0, 1, b"c"))
    assert [world.take(4).payload for _ in "abc"] == [b"a", b"b", b"c"]


def test_the_element_that_is_named_first_comes_first(world):
    world.publish((0, 1, b"zero"), (1, 1, b"one"), (2, 1, b"two"))
    assert [world.take(4, [2, 0, 1]).payload for _ in range(3)] == [b"two", b"zero", b"one"]


def test_an_element_that_is_not_named_is_not_taken(world):
    world.publish((0, 1, b"a"))
    assert world.take(4, [1, 2]) is None


def test_a_task_is_leased_to_one_rank_only(world):
    world.publish((0, 1, b"a"))
    assert world.take(4) is not None
    assert world.take(5) is None


def test_one_call_commits_and_takes_what_it_has_committed(world):
    assert world.publish((1, 1, b"a"), rank=4, take=STREAMS).task.payload == b"a"


def test_a_finished_task_does_not_come_back(world):
    world.publish((0, 2, b"a"))
    world.finish(4, world.take(4))
    world[0].fence(4)
    assert world.take(5) is None
    assert world.pending() == {}


# ---- counts


def test_counts_add_up_over_all_ranks(world):
    for rank, delta in ((0, 5), (4, -2), (5, -1)):
        world[rank].step(Commit(1, {1: delta, 2: 1}))
    assert world.pending() == {1: 2, 2: 3}


def test_a_reply_says_how_much_waits(world):
    reply = world.publish((0, 9, b"12345"), (1, 1, b"678"))
    assert (reply.tasks, reply.size, reply.idle) == (2, 8, 0)
    world.take(4)
    reply = world[5].step(Commit())
    assert (reply.tasks, reply.size) in {(1, 5), (1, 3)}
    seen = world[0].observe(alive=False)
    assert (seen.tasks, seen.size) == (reply.tasks, reply.size)


def test_the_head_is_rung_when_a_count_falls_to_nothing(world):
    world[4].step(Commit(1, {1: 2}))
    world[4].step(Commit(2, {1: -1}))
    assert world.rung(0) == []
    world[4].step(Commit(3, {1: -1}))
    assert world.hears(0)


def test_the_last_transaction_of_each_rank_is_known(world):
    world[4].step(Commit(3))
    world[4].step(Commit())  # a look commits nothing
    assert world[5].wait(0.0) == Heard.SILENT  # it has connected, and done nothing yet
    assert world[0].observe(alive=False).committed == {0: 0, 4: 3, 5: 0}


# ---- fencing


def test_a_fenced_rank_is_refused_and_nothing_of_its_commit_is_seen(world):
    world.publish((0, 2, b"a"))
    task = world.take(4)
    assert world[0].fence(4) == (0, [])
    world.quiet(0, 5)
    before = world[0].observe(alive=False)
    commit = Commit(9, {0: -2, 1: 7})
    commit.done.append((task.element, task.id))
    commit.progress.append((0, task.id, "1 2"))
    commit.publish.append(Publication(1, 7, b"never"))
    commit.dead.append(b"letter")
    commit.stats = {"n:0": 2}
    reply = world[4].step(commit, Ask(take=STREAMS, ring=[5], congest=[2]))
    assert not reply.accepted
    assert reply.task is None
    assert world[0].observe(alive=False) == before
    assert world.rung(0, 5) == []
    assert world[5].step(Commit()).congested == frozenset()
    again = world.take(5)
    assert (again.payload, again.attempts, again.progress) == (b"a", 1, ())


def test_a_fenced_rank_stays_refused(world):
    world[0].fence(4)
    assert [world[4].step(Commit(tx)).accepted for tx in (0, 1, 2)] == [False] * 3


def test_fencing_tells_the_last_committed_transaction(world):
    world[4].step(Commit(17))
    assert world[0].fence(4)[0] == 17
    assert world[0].fence(5)[0] == 0


def test_fencing_one_rank_leaves_the_leases_of_others(world):
    world.publish((0, 1, b"a"), (0, 1, b"b"))
    world.take(4)
    mine = world.take(5)
    world[0].fence(4)
    assert world.take(6).payload == b"a"
    assert world.take(6) is None
    assert world.finish(5, mine).accepted


def test_a_task_keeps_its_progress_over_the_death_of_its_rank(world):
    world.publish((0, 1, b"a"))
    for rank, text, expected in ((4, "1 20 300", (1, 20, 300)), (5, "2 40 600", (2, 40, 600))):
        task = world.take(rank)
        part = Commit(1)
        part.progress.append((0, task.id, text))
        world[rank].step(part)
        world[0].fence(rank)
        assert world[0].observe(alive=False).tasks == 1
        if rank == 5:
            again = world.take(6)
            assert (again.attempts, again.progress) == (2, expected)
            world.finish(6, again)
    world.publish((0, 1, b"another"))
    assert world.take(6).progress == ()


def test_a_task_whose_ranks_die_too_often_is_given_up_and_still_counts(world):
    world.publish((0, 3, b"killer"), (1, 1, b"innocent"))
    for rank in (4, 5):
        world.take(rank, [0])
        assert world[0].fence(rank)[1] == []
    world.take(6, [0])
    _, (task,) = world[0].fence(6)
    assert (task.element, task.tuples, task.payload, task.attempts) == (0, 3, b"killer", MAX_ATTEMPTS)
    assert world.take(7, [0]) is None
    assert world.pending() == {0: 3, 1: 1}
    world.finish(0, task)  # as the head does, with a dead letter
    assert world.pending() == {1: 1}
    assert world.take(7).payload == b"innocent"


# ---- bells


def test_a_bell_that_rings_before_the_wait_is_not_lost(world):
    assert world.take(4) is None
    world.publish((0, 1, b"a"))
    assert world.hears(4)
    assert world.take(4) is not None


def test_as_many_idle_ranks_are_rung_as_there_are_tasks(world):
    for rank in (4, 5, 6):
        assert world.take(rank) is None
    assert world[7].step(Commit()).idle == 3
    reply = world.publish((0, 1, b"a"), (1, 1, b"b"))
    assert reply.idle == 1
    assert len(world.rung(4, 5, 6)) == 2


def test_a_rank_is_rung_once_for_being_idle_once(world):
    world.take(4)
    world.publish((0, 1, b"a"))
    assert world.hears(4)
    world.publish((0, 1, b"b"))
    assert world.rung(4) == []  # it has not looked yet, and will find both


def test_a_rank_that_has_found_a_task_is_not_idle(world):
    world.take(4)
    world.publish((0, 1, b"a"))
    world.quiet(4)
    world.take(4)
    assert world.publish((0, 1, b"b")).idle == 0
    assert world.rung(4) == []


def test_a_rank_rings_whom_it_will(world):
    world[4].step(Commit(), Ask(ring=[5, 6]))
    assert world.rung(4, 5, 6) == [5, 6]


def test_two_rings_before_the_wait_wake_once(world):
    world[4].step(Commit(), Ask(ring=[5]))
    world[4].step(Commit(), Ask(ring=[5]))
    assert world.hears(5)
    world.quiet(5)
    assert world.rung(5) == []


def test_a_wait_ends_by_itself(world):
    began = time.monotonic()
    assert world[4].wait(0.0) == Heard.SILENT
    assert world[4].wait(0.0004) == Heard.SILENT
    assert time.monotonic() - began < 1.0


def test_a_rank_with_a_thousand_open_files_hears_in_the_shortest_wait(world):
    few, many = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (many, many))
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        late = world[4]
    finally:
        for file in files:
            os.close(file)
        resource.setrlimit(resource.RLIMIT_NOFILE, (few, many))
    assert late.wait(0.0004) == Heard.SILENT
    world[5].step(Commit(), Ask(ring=[4]))
    assert any(late.wait(0.0004) != Heard.SILENT for _ in range(10_000))


def test_a_rank_may_wake_itself(world):
    world[4].wake()
    assert world.hears(4)
    assert world.rung(4) == []


def test_when_a_rank_is_fenced_its_tasks_ring_the_idle(world):
    world.publish((0, 1, b"a"))
    world.take(4)
    world.take(5)
    world[0].fence(4)
    assert world.hears(5)


def test_a_bell_for_a_rank_that_dies_before_it_looks_rings_another(world):
    world.take(4)
    world.take(5)
    world.publish((0, 1, b"a"))  # rings 4
    world[0].fence(4)
    assert world.hears(5)
    assert world.take(5).payload == b"a"


def test_a_fenced_rank_is_not_idle(world):
    world.take(4)
    world[0].fence(4)
    assert world[0].observe(alive=False).idle == frozenset()


# ---- parked ranks


def test_a_parked_rank_is_rung_by_nobody_but_the_head(world):
    world.take(4)
    world[4].step(Commit(), Ask(availability=Availability.PARKS))
    assert world[0].observe(alive=False).parked == {4}
    assert world.publish((0, 1, b"a")).idle == 0
    world[5].step(Commit(), Ask(relieve=[1]))
    assert world.rung(4) == []
    world[0].order([4], Wake())
    assert world.hears(4)
    reply = world[4].step(Commit(), Ask(take=STREAMS, availability=Availability.WAKES))
    assert (reply.orders, reply.task.payload) == ([Wake()], b"a")
    assert world[0].observe(alive=False).parked == frozenset()


def test_a_bell_for_a_rank_that_parks_meanwhile_rings_another(world):
    world.take(4)
    world.take(5)
    world.publish((0, 1, b"a"))  # rings 4
    world[4].step(Commit(), Ask(availability=Availability.PARKS))
    assert world.hears(5)
    assert world.take(5).payload == b"a"


def test_a_rank_that_gets_an_order_with_its_look_is_not_idle_yet(world):
    world[0].order([4], Park())
    world[4].step(Commit(), Ask(take=STREAMS))
    assert world[0].observe(alive=False).idle == frozenset()
    world.quiet(4)
    world.take(4)
    assert world[0].observe(alive=False).idle == {4}


def test_a_parked_rank_that_dies_is_not_parked_any_more(world):
    world[4].step(Commit(), Ask(availability=Availability.PARKS))
    world[0].fence(4)
    assert world[0].observe(alive=False).parked == frozenset()


def test_the_waiting_of_idle_ranks_is_added_up(world):
    before = world[0].observe(alive=False).waited_us
    world.take(4)
    world.take(5)
    world.wait_s(0.05)
    world.publish((0, 1, b"a"))  # one of them is rung
    world.wait_s(0.05)
    waited = (world[0].observe(alive=False).waited_us - before) * 1e-6
    assert 0.15 <= waited < 3.0, waited  # 2 x 0.05 + 1 x 0.05, and what the calls took


# ---- marks


def test_the_head_is_rung_when_tasks_fall_to_the_low_mark(world):
    world.publish(*[(0, 1, b"a")] * (LOW[0] + 2))
    world.take(4)
    assert world.rung(0) == []
    world.take(4)  # LOW[0] are left
    assert world.hears(0)
    world.take(4)
    assert world.rung(0) == []


def test_the_head_is_rung_when_bytes_fall_below_the_low_mark(world):
    world.publish(*[(0, 1, b"x" * 600)] * 3, *[(1, 1, b"")] * 9)
    world.take(4, [0])
    assert world.rung(0) == []  # 1200 are left
    world.take(4, [0])
    assert world.hears(0)  # 600
    world.take(4, [0])
    assert world.rung(0) == []


def test_what_is_congested_is_known_to_all_until_every_rank_is_relieved(world):
    world[4].step(Commit(), Ask(congest=[1, 2]))
    world[5].step(Commit(), Ask(congest=[1]))
    assert world[6].step(Commit()).congested == {1, 2}
    world[4].step(Commit(), Ask(relieve=[1, 2]))
    assert world[6].step(Commit()).congested == {1}
    assert world[5].step(Commit(), Ask(relieve=[1])).congested == frozenset()


def test_relief_rings_the_idle_and_the_head(world):
    world[4].step(Commit(), Ask(congest=[1]))
    world.take(5)
    world.take(6)
    assert world.rung(0, 5, 6) == []
    world[4].step(Commit(), Ask(relieve=[1]))
    assert world.rung(0, 5, 6) == [0, 5, 6]


# ---- what the head says and hears


def test_orders_come_once_and_in_order_with_a_bell(world):
    world[0].order([4, 5], Finish(1))
    world[0].order([4], Stop(0, lost=True))
    assert world.hears(4)
    assert world[4].step(Commit()).orders == [Finish(1), Stop(0, lost=True)]
    assert world[4].step(Commit()).orders == []
    assert world[5].step(Commit()).orders == [Finish(1)]


def test_an_order_bears_the_mark_that_it_was_given_with(world):
    world[0].order([4], Finish(1), 1 << 127)
    world[0].order([4], Finish(2))
    reply = world[4].step(Commit())
    assert (reply.orders, reply.marks) == ([Finish(1), Finish(2)], [1 << 127, 0])


def test_dead_letters_reach_the_head_once_with_a_bell(world):
    commit = Commit(1)
    commit.dead += [b"\xff1", b"2"]
    world[4].step(commit)
    assert world.hears(0)
    assert world[0].observe(alive=False).dead == [b"\xff1", b"2"]
    assert world[0].observe(alive=False).dead == []


def test_dead_letters_are_bytes_that_wait_until_the_head_has_them(world):
    commit = Commit(1)
    commit.dead += [b"x" * 1000] * 250
    assert world[4].step(commit).size == 250_000
    world.publish((0, 2, b"abc"))
    seen = world[0].observe(alive=False)
    assert (len(seen.dead), seen.size) == (200, 50_003)
    assert world[0].observe(alive=False).size == 3
    assert world[5].step(Commit()).size == 3


def test_many_dead_letters_come_in_parts(world):
    commit = Commit(1)
    commit.dead += [b"%d" % i for i in range(500)]
    world[4].step(commit)
    found = []
    while part := world[0].observe(alive=False).dead:
        found += part
    assert found == commit.dead


def test_statistics_add_up_and_say_how_long_a_tuple_takes(world):
    for rank in (4, 5):
        commit = Commit(1)
        commit.stats = {"n:1": 10, "u:1": 5000, "f:1": 1}
        reply = world[rank].step(commit, Ask(want_service=rank == 5))
        assert reply.service_us == ({1: 500.0} if rank == 5 else {})
    assert world[0].observe(alive=False).stats == Statistics({"n:1": 20, "u:1": 10_000, "f:1": 2})


def test_a_look_may_leave_letters_and_reports_where_they_are(world):
    world[4].report(b"4")
    world[4].step(Commit(1))
    assert world[0].observe(alive=True, fetch=False).reports == []
    assert world[0].observe(alive=False).reports == [b"4"]


def test_a_rank_in_the_middle_of_a_call_is_told_what_waits_by_element(world):
    world.publish((1, 3, b"x"), (1, 3, b"y"), (2, 1, b"z"))
    assert world[4].step(Commit(), Ask(availability=Availability.IN_CALL)).waiting == {1: 2, 2: 1}
    world.take(5, (2,))
    reply = world[4].step(Commit(), Ask(availability=Availability.IN_CALL))
    assert (reply.waiting, reply.tasks, reply.size) == ({1: 2}, 2, 2)


def test_a_rank_in_the_middle_of_a_call_that_finds_no_task_is_not_idle(world):
    assert world[4].step(Commit(), Ask(take=(1,), availability=Availability.IN_CALL)).task is None
    assert world[5].step(Commit(), Ask(take=(1,))).task is None
    assert world.publish((1, 1, b"x"), (1, 1, b"y")).idle == 0
    assert world.rung(4, 5) == [5]


def test_a_bell_says_whether_there_is_more_than_a_message(world):
    world[4].step(Commit(), Ask(ring=(5,)))
    assert world[5].wait(1.0) == Heard.MAIL
    world[4].step(Commit(), Ask(ring=(5,)))
    world[0].order([5], Wake())
    heard = {world[5].wait(1.0)}
    while Heard.SILENT not in heard:
        heard.add(world[5].wait(0.03))
    assert Heard.BELL in heard


def test_figures_reach_the_head_once_with_a_bell(world):
    world[0].step(Commit())
    world[4].report(b"\x004")
    world[5].report(b"5")
    assert world.hears(0)
    assert world[0].observe(alive=False).reports == [b"\x004", b"5"]
    assert world[0].observe(alive=False).reports == []


def test_who_is_connected_is_alive(world):
    for rank in (0, 4, 5):
        world[rank].step(Commit())
    assert world[0].observe(alive=True).alive == {0, 4, 5}
    assert world[0].observe(alive=False).alive is None
    world[4].close()
    del world._brokers[4]
    end = time.monotonic() + DEADLINE_S
    while world[0].observe(alive=True).alive != {0, 5}:
        assert time.monotonic() < end


def test_only_the_first_to_claim_an_element_gets_its_tasks(world):
    assert world[4].claim(1)
    assert world[4].claim(1)
    assert not world[5].claim(1)
    world.publish((1, 3, b"x"), (2, 1, b"y"))
    assert world.take(5, [1, 2]).element == 2
    assert world.take(4, [1, 2]).element == 1
    assert world[5].step(Commit()).owners == {1: 4}
    assert world[0].observe(alive=False).owners == {1: 4}


def test_a_task_rings_the_owner_of_its_element_and_no_other(world):
    world[4].claim(1)
    for rank in (3, 4, 5):
        assert world.take(rank) is None
    world.quiet(3, 4, 5)
    assert world.publish((1, 1, b"x")).idle == 2
    assert world.hears(4)
    assert world.rung(3, 5) == []
    world.publish((2, 1, b"y"))
    assert world.rung(3, 5) == [3]


def test_the_owner_is_rung_for_what_a_lost_rank_gives_back(world):
    world.publish((1, 1, b"x"))
    assert world.take(5).element == 1
    world[4].claim(1)
    for rank in (2, 3, 4):
        assert world.take(rank) is None
    world.quiet(2, 3, 4)
    world[0].fence(5)
    assert world.hears(4)
    assert world.take(4).element == 1


def test_a_fill_that_all_find_alike_leaves_an_element_to_all(world):
    assert world[4].claim(1, Claim.FILL, "abc")
    assert not world[5].claim(1, Claim.FILL, "abc")
    world.publish((1, 1, b"x"), (1, 1, b"y"))
    assert world.take(5) is None
    world.quiet(5)
    assert world[4].claim(1, Claim.RELEASE, "abc")
    assert world.hears(5)
    assert world.take(5).element == 1
    assert world[5].claim(1, Claim.FILL, "abc")
    assert world[5].step(Commit()).owners == {}


@pytest.mark.parametrize(("claim", "digest"), [(Claim.FILL, "other"), (Claim.REAL, "")])
def test_a_rank_that_finds_something_else_makes_the_first_one_the_owner(world, claim, digest):
    world[4].claim(1, Claim.FILL, "abc")
    world[4].claim(1, Claim.RELEASE, "abc")
    assert world.take(4) is None
    world.quiet(4)
    assert not world[5].claim(1, claim, digest)
    assert world.hears(4)
    assert world[5].step(Commit()).owners == {1: 4}
    assert not world[4].claim(1, Claim.RELEASE, "abc")


def test_an_owner_that_another_rank_has_contradicted_stays(world):
    world[4].claim(1, Claim.FILL, "abc")
    assert not world[5].claim(1, Claim.REAL)
    assert not world[4].claim(1, Claim.RELEASE, "abc")
    assert world[5].step(Commit()).owners == {1: 4}


def test_a_lost_rank_claims_nothing(world):
    world[4].step(Commit())
    world[0].fence(4)
    assert not world[4].claim(1)
    assert world[5].claim(1)
