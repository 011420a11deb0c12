"""Partitions that move while the run goes on, at any moment: the answer is that of one process."""

from __future__ import annotations

from threading import get_ident

import pytest

from hpcd4p import GenericPE, KeyedPE, ProducerPE
from hpcd4p.control import sealing
from hpcd4p.errors import ElementFailed, RankLost
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.runtime.commit import outgoing
from hpcd4p.runtime.execute import instance
from hpcd4p.testing import turns
from hpcd4p.testing.cluster import Cluster
from hpcd4p.testing.turns import work
from tests.sim.compare import seeds
from tests.sim.elements import Given, Pair, RunningTotal, Total
from tests.sim.gallery import FLOODS, GALLERY, Case, chain, items
from tests.sim.moving import goes_on, simulate
from tests.sim.random_dealer import RandomDealer

SMALL = EngineSettings(high_tasks_per_rank=1, inbox_high_tuples=64, max_task_tuples=64, window=1)


@pytest.fixture(autouse=True)
def deadline(monkeypatch):
    monkeypatch.setattr(turns, "MOST_TURNS", 200_000)


MOVES = [name for name in GALLERY if name not in ("stateless chain", "many outputs", "no tuples")]

each = pytest.mark.parametrize("name", MOVES)


@each
def test_partitions_that_move_change_nothing(name):
    moves = 0
    for size in (4, 5, 8, 16):
        for seed in range(2):
            moves += simulate(GALLERY[name], size, seed).moves
    assert moves


@each
def test_nothing_hangs_where_partitions_move_and_there_is_room_for_next_to_nothing(name):
    moves = 0
    for size in (4, 8):
        moves += sum(simulate(GALLERY[name], size, seed, settings=SMALL).moves for seed in range(2))
    assert moves


@each
def test_ranks_that_die_while_partitions_move_change_nothing(name):
    for seed in range(3):
        simulate(GALLERY[name], 8, seed, kills=2, suspects=1)
        simulate(GALLERY[name], 8, seed, kills=2, suspects=1, settings=SMALL)


@each
def test_what_was_sent_before_the_end_of_a_transaction_dies_with_it(name, monkeypatch):
    monkeypatch.setattr(outgoing, "SEND_TUPLES", 2)
    for seed in range(2):
        simulate(GALLERY[name], 7, seed, kills=2, suspects=1)


@pytest.mark.parametrize("size", [4, 6, 9])
def test_calls_that_flood_pool_and_state_wait_for_each_other_but_not_for_ever(size, monkeypatch):
    monkeypatch.setattr(sealing, "PARTIAL_TUPLES", 100)
    monkeypatch.setattr(instance, "OVERFLOW_TUPLES", 32)
    monkeypatch.setattr(instance, "CHUNK_TUPLES", 16)
    narrow = EngineSettings(high_tasks_per_rank=1, inbox_high_tuples=64, max_task_tuples=16)
    assert sum(simulate(FLOODS, size, seed, settings=narrow).moves for seed in range(3))
    for seed in range(3):
        simulate(FLOODS, size, seed, kills=1, suspects=1, settings=narrow)


# ---- order


class Counted(ProducerPE):
    """(key, number) in rising order; keeps state, so it stays where it is, and sends to partitions itself."""

    def __init__(self):
        super().__init__()
        self.next = 0

    def _process(self, inputs):
        self.next += 1
        return self.next % 5, self.next


class Sequence(KeyedPE):
    """Keeps the numbers of each key in the order in which they came."""

    partitions = 6

    def process_key(self, key, value, state):
        work(0.0003)
        return [*(state or []), value]


SEQUENCE = Case(lambda: (chain(Counted(), Sequence()), 1500))


@pytest.mark.parametrize("settings", [None, SMALL], ids=["usual", "small"])
def test_tuples_of_one_sender_stay_in_their_order_whichever_way_they_go(settings, monkeypatch):
    monkeypatch.setattr(outgoing, "SEND_TUPLES", 3)
    for size in (4, 5, 8):
        assert (
            sum(simulate(SEQUENCE, size, seed, settings=settings, chance=1.0).moves for seed in range(4)) > 9
        )


@pytest.mark.parametrize("settings", [None, SMALL], ids=["usual", "small"])
def test_that_is_so_where_a_run_goes_on_from_the_middle_of_a_move(settings, monkeypatch):
    monkeypatch.setattr(outgoing, "SEND_TUPLES", 3)
    assert sum(goes_on(SEQUENCE, seed, settings) for seed in seeds(6))


@each
def test_a_run_goes_on_from_the_middle_of_a_move(name):
    assert sum(goes_on(GALLERY[name], seed) for seed in seeds(3))


# ---- what may move


class Noted(GenericPE):
    """Keeps what it has seen; writes it at the end."""

    def __init__(self):
        super().__init__(numprocesses=3)
        self._add_input("input", grouping=[0])
        self._add_output("output")
        self.seen = []

    def process(self, inputs):
        self.seen.append(inputs["input"])

    def postprocess(self):
        self.write("output", sorted(self.seen))


class Prepared(Noted):
    """Has `preprocess`, which must not be called twice."""

    def preprocess(self):
        self.seen.append((-1, -1))


class OfItsOwn(Noted):
    """Pickles as it likes."""

    def __getstate__(self):
        return {**super().__getstate__(), "seen": tuple(self.seen), "open": None}

    def __setstate__(self, state):
        super().__setstate__(state)
        self.seen = list(self.seen)
        self.open = "again"

    def preprocess(self):
        self.open = lambda: None


class Unpicklable(Noted):
    def preprocess(self):
        self.open = lambda: None


class Ignores(Noted):
    """Leaves out of its pickle what it has prepared."""

    def __init__(self):
        super().__init__()
        self.pickleIgnore.append("cache")

    def preprocess(self):
        self.cache = [1]


total = [0]


class OnGlobal(Noted):
    def process(self, inputs):
        total[0] += 1
        super().process(inputs)


def case_of(element) -> Case:
    return Case(lambda: (chain(Given(), Pair(), element()), items()))


def story(element, size=5, seed=1) -> tuple[RandomDealer, list[str]]:
    case = case_of(element)
    dealer = simulate(case, size, seed, chance=1.0)
    return dealer, [text for kind, text in dealer.events if kind == "stays"]


@pytest.mark.parametrize("element", [Noted, Prepared, OfItsOwn])
def test_an_instance_moves_with_all_that_it_keeps_and_is_not_prepared_again(element):
    dealer, stays = story(element)
    assert dealer.moves
    assert not stays


@pytest.mark.parametrize(
    ("element", "why"),
    [
        (Unpicklable, "its state cannot be pickled"),
        (Ignores, r"its pickle leaves out self.cache (pickleIgnore)"),
        (OnGlobal, "it changes total (a global of "),
    ],
)
def test_an_instance_stays_if_some_of_it_would_be_missing_and_that_is_said_once(element, why):
    dealer, stays = story(element)
    assert not dealer.moves
    (text,) = stays
    assert why in text


def test_an_element_that_writes_to_a_stateful_one_stays_for_the_order_of_what_it_writes():
    dealer = simulate(Case(lambda: (chain(Given(), Pair(), RunningTotal(), Total()), items())), 5, 1)
    assert any("RunningTotal2 stays where it is: it writes to Total3" in text for _, text in dealer.events)


class Remade(Noted):
    """Cannot be made again anywhere but where it was."""

    def __init__(self):
        super().__init__()
        self.home = 0

    def preprocess(self):
        self.home = get_ident()

    def __setstate__(self, state):
        super().__setstate__(state)
        if self.home and self.home != get_ident():
            raise OSError("not here")


def test_a_state_that_cannot_be_made_again_on_the_other_rank_ends_the_run_by_name():
    case = case_of(Remade)
    with pytest.raises(ElementFailed, match=r"partition \d of Remade2 has moved .* not here.*--move off"):
        simulate(case, 5, 1, chance=1.0)


def test_a_rank_that_dies_with_a_partition_that_has_come_to_it_ends_the_run_by_name():
    told = 0
    for seed in range(12):
        graph, inputs = SEQUENCE.build()
        cluster = Cluster(graph, 5, inputs, seed, settings=EngineSettings(move="all"), doomed=(3,))
        cluster.head.coordinator.mover.dealer = RandomDealer(seed, 1.0)
        try:
            cluster.run()
        except RankLost as lost:
            told += "rank 3, which held the state of Sequence1, died" in str(lost)
    assert told > 3
