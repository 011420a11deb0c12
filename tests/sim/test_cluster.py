"""Whole clusters in one process, in virtual time: the answer is that of one process, whatever happens."""

from __future__ import annotations

from threading import Lock

import pytest

from hpcd4p import IterativePE, KeyedPE, ProducerPE, WorkflowGraph
from hpcd4p.control import sealing
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.runtime.commit import outgoing
from hpcd4p.runtime.execute import instance
from hpcd4p.testing import cluster, turns
from hpcd4p.testing.turns import HungError, work
from hpcd4p.transport.memory_store import MemoryStore
from tests.sim.compare import of_one_process, seeds, simulate
from tests.sim.elements import Given, Howmany, Locked, Pair
from tests.sim.gallery import (
    BELL_IN_THE_MIDDLE,
    BURSTS,
    FAT_TUPLES,
    FLOODS,
    GALLERY,
    MARKS_IN_A_RING,
    SHORT_BURSTS,
    Case,
    chain,
    hold_a_tenth,
    items,
)

SIZES = (2, 3, 4, 5, 8, 16, 64)

SMALL = EngineSettings(high_tasks_per_rank=1, inbox_high_tuples=64, max_task_tuples=64, window=1)
"""Marks so low that everything is always in the way of everything."""


@pytest.fixture(autouse=True)
def deadline(monkeypatch):
    """A cluster that hangs shows where each rank stands after some seconds, not hours."""
    monkeypatch.setattr(turns, "MOST_TURNS", 200_000)


def each(gallery):
    return pytest.mark.parametrize("case", gallery.values(), ids=list(gallery))


@pytest.mark.parametrize("size", SIZES)
@each(GALLERY)
def test_any_number_of_ranks_gives_the_answer_of_one_process(case, size):
    for seed in seeds(2):
        simulate(case, size, seed)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("settings", [None, SMALL], ids=["usual", "small"])
@each(GALLERY)
def test_pinned_instances_give_the_answer_of_one_process(case, size, settings):
    simulate(case, size, settings=settings, mapping="static")


@pytest.mark.parametrize("size", [2, 4, 16])
@each(BURSTS)
def test_one_call_may_write_more_than_is_held(case, size):
    simulate(case, size)


@pytest.mark.parametrize("size", [4, 8])
@each(GALLERY)
def test_ranks_that_die_change_nothing(case, size):
    lost = sum(len(simulate(case, size, seed, kills=2).lost) for seed in seeds(3))
    assert lost or case is GALLERY["no tuples"]


@each(GALLERY)
def test_ranks_that_are_taken_for_dead_and_live_change_nothing(case):
    for seed in seeds(3):
        simulate(case, 6, seed, kills=1, suspects=2)


@each(GALLERY | SHORT_BURSTS)
def test_what_was_sent_before_the_end_of_a_transaction_dies_with_it(case, monkeypatch):
    hold_a_tenth(monkeypatch)
    monkeypatch.setattr(outgoing, "SEND_TUPLES", 2)
    for seed in seeds(3):
        simulate(case, 6, seed, kills=2, suspects=1)


@each(SHORT_BURSTS)
def test_a_rank_that_dies_in_the_middle_of_a_long_call_changes_nothing(case, monkeypatch):
    hold_a_tenth(monkeypatch)
    for seed in seeds(3):
        simulate(case, 5, seed, kills=2)


@pytest.mark.parametrize("size", [2, 3, 5, 16])
@each(GALLERY)
def test_nothing_hangs_when_there_is_room_for_next_to_nothing(case, size):
    simulate(case, size, settings=SMALL)


@each(GALLERY)
def test_nothing_hangs_when_ranks_die_and_there_is_room_for_next_to_nothing(case):
    for seed in seeds(3):
        simulate(case, 6, seed, kills=2, suspects=1, settings=SMALL)


@pytest.mark.parametrize("kills", [0, 2])
def test_a_tuple_that_cannot_travel_is_a_dead_letter_and_the_others_arrive(kills):
    for size in (3, 6):
        for seed in range(3):
            run = cluster.Cluster(
                chain(Given(), Locked(), Howmany()), size, items(40), seed=seed, kills=kills
            )
            run.run()
            (letter,) = run.sink.letters
            assert letter.element == "Locked1"
            assert "cannot be pickled" in letter.error
            assert sum(count for _, count in run.sink.results["Howmany2.output"]) == 39


def test_an_input_that_cannot_travel_is_a_dead_letter_of_its_source():
    for seed in range(5):
        given = [{"item": Lock() if i == 30 else i} for i in range(40)]
        run = cluster.Cluster(chain(Given(), Pair(), Howmany()), 4, given, seed=seed)
        run.run()
        (letter,) = run.sink.letters
        assert letter.element == "Given0"
        assert "cannot be pickled" in letter.error
        assert sum(count for _, count in run.sink.results["Howmany2.output"]) == 39


# ---- speed


class Numbers(ProducerPE):
    """Has an output on which it never writes; counts, so that it stays on the head."""

    def __init__(self):
        super().__init__()
        self._add_output("rare")
        self.last = 0

    def _process(self, inputs):
        self.last += 1
        return self.last


class AddOne(IterativePE):
    def _process(self, number):
        return number + 1


def virtual_seconds(outputs: list[str], seed: int) -> float:
    """How long a run takes in which those outputs of the source lead to the pool."""
    graph, source = WorkflowGraph(), Numbers()
    for output in outputs:
        graph.connect(source, output, AddOne(), "input")
    run = cluster.Cluster(graph, 4, 2000, seed=seed)
    run.run()
    assert sum(map(len, run.sink.results.values())) == 2000
    return run.clock()


def test_an_element_that_never_gets_a_tuple_does_not_slow_the_others():
    for seed in range(3):
        alone = virtual_seconds(["output"], seed)
        assert virtual_seconds(["output", "rare"], seed) < 1.5 * alone


# ---- back-pressure


def test_what_waits_in_redis_stays_near_the_mark():
    settings = EngineSettings(high_tasks_per_rank=1, max_task_tuples=8, task_s=0.0002)
    case = GALLERY["movable and not"]
    for size in (3, 8, 16):
        # the head may publish one task for each rank at once, and each rank what its own task has left
        assert simulate(case, size, settings=settings).most_tasks <= 32 + 2 * size


def test_what_waits_at_a_stateful_rank_stays_near_the_mark():
    case = GALLERY["keyed and batched"]
    for size in (3, 5, 8):
        cluster = simulate(case, size, settings=SMALL)
        # over the mark come the transactions that were under way when it was passed
        assert cluster.most_tuples <= 64 + 64 * 20 * size


@pytest.fixture
def narrow(monkeypatch):
    """A call that writes more than a hundred tuples writes more than is held."""
    monkeypatch.setattr(sealing, "PARTIAL_TUPLES", 100)
    monkeypatch.setattr(instance, "OVERFLOW_TUPLES", 32)
    monkeypatch.setattr(instance, "CHUNK_TUPLES", 16)


NARROW = EngineSettings(high_tasks_per_rank=1, inbox_high_tuples=64, max_task_tuples=16)


@pytest.mark.parametrize("size", [2, 3, 4, 6, 9])
def test_calls_that_flood_pool_and_state_wait_for_each_other_but_not_for_ever(size, narrow):
    for seed in seeds(2):
        simulate(FLOODS, size, seed, settings=NARROW)


def test_what_a_call_writes_waits_near_the_mark_however_much_it_is(narrow):
    for size in (2, 3):
        cluster = simulate(FLOODS, size, settings=NARROW)
        assert cluster.most_tasks <= 150  # over 240 if nobody waits


@pytest.mark.parametrize("size", [4, 6])
def test_a_rank_that_dies_in_a_flood_changes_nothing(size, narrow):
    for seed in seeds(3):
        simulate(FLOODS, size, seed, kills=2, suspects=1, settings=NARROW)


def test_a_task_holds_no_more_bytes_than_it_may(monkeypatch):
    sizes = []
    put = MemoryStore.put

    def noted(store, task, rank):
        sizes.append(len(task.payload))
        return put(store, task, rank)

    monkeypatch.setattr(MemoryStore, "put", noted)
    settings = EngineSettings(max_task_bytes=100_000)
    simulate(FAT_TUPLES, 4, settings=settings)
    assert max(sizes) <= settings.max_task_bytes


# ---- once they failed


def test_a_bell_that_rings_in_the_middle_of_a_call_is_answered_after_it():
    # two ranks: the one that runs tasks was idle, got a tuple for its partition, and wrote tasks for itself
    for seed in range(3):
        simulate(BELL_IN_THE_MIDDLE, 2, seed)


def test_tasks_that_wait_for_a_partition_are_not_what_it_waits_for():
    # above the mark of tasks, all of them for a partition above its own mark, that waits for fewer tasks
    settings = EngineSettings(high_tasks_per_rank=1, inbox_high_tuples=64, task_s=0.001)
    simulate(MARKS_IN_A_RING, 3, seed=2, settings=settings)


class Twice(IterativePE):
    """Writes more than may wait, works, and writes as much again."""

    def process(self, inputs):
        for _ in range(2):
            for i in range(6000):
                self.write("output", (i % 7, i))
            work(1.0)


class Seldom(KeyedPE):
    """Writes to the pool now and then."""

    def process_key(self, key, value, state):
        count = (state or 0) + 1
        if count % 2000 == 0:
            self.write("output", (key, count))
        return count


class Tell(IterativePE):
    def _process(self, pair):
        return pair


def test_tasks_that_wait_before_a_partition_do_not_keep_it_from_writing_to_the_pool(monkeypatch):
    hold_a_tenth(monkeypatch)
    # the ranks of the pool are in calls that wait for the partition, which waited until fewer tasks wait
    calls = [{"input": i} for i in range(60)]
    case = Case(lambda: (chain(Twice(), Seldom(), Tell()), {"Twice": calls}))
    simulate(case, 4, seed=1, settings=EngineSettings(inbox_high_tuples=6500))


@pytest.mark.parametrize(("name", "size", "seed"), [("many outputs", 4, 4), ("failing tuples", 8, 8)])
def test_a_rank_that_dies_between_its_bell_and_its_task_does_not_take_the_bell_with_it(name, size, seed):
    for shift in range(10):
        simulate(GALLERY[name], size, seed + shift, kills=2)


@pytest.mark.parametrize("seed", [2, 5, 91])
def test_the_head_learns_of_what_a_dead_rank_has_committed_for_the_collector(seed):
    for shift in range(5):
        simulate(GALLERY["movable and not"], 4, seed + shift, kills=2)


# ---- the kit itself


def test_the_same_seed_gives_the_same_run():
    first, again = (simulate(GALLERY["state, pool, state"], 6, seed=3, kills=2) for _ in range(2))
    assert (first.lost, first.sink.results) == (again.lost, again.sink.results)
    assert first.clock() == again.clock()


def test_a_cluster_in_which_nothing_can_happen_any_more_says_who_waits_for_what(monkeypatch):
    monkeypatch.setattr(MemoryStore, "ring_idle", lambda store, most, node=None: None)
    monkeypatch.setattr(turns, "MOST_TURNS", 3000)
    with pytest.raises(HungError, match=r"the cluster hangs .*not drained: .*\n.*pending"):
        simulate(GALLERY["state, pool, state"], 4)


def test_every_case_of_the_gallery_says_something():
    silent = [name for name, case in GALLERY.items() if not any(of_one_process(case))]
    assert silent == ["stateless chain", "no tuples"]


def test_a_case_is_rebuilt_for_each_run():
    build: Case = GALLERY["composite"]
    assert build.build()[0] is not build.build()[0]
