"""The head and the stateful ranks lend themselves to the pool: the answer is that of one process.

A sample of seeds; for thousands: ``SEEDS=2000 python -m pytest tests/sim/test_lending.py``.
"""

from __future__ import annotations

import os
import random
import re
from ast import literal_eval
from collections import Counter

import pytest

from hpcd4p import IterativePE
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.testing import turns
from hpcd4p.testing.cell import die
from hpcd4p.testing.cluster import Cluster
from hpcd4p.testing.turns import work
from tests.sim.compare import leftovers
from tests.sim.elements import Echo, Given, Howmany, Total
from tests.sim.gallery import chain, items

SEEDS = range(int(os.environ.get("SEEDS", "8")))

COUNT = 300

SIZES = [3, 4, 5, 8, 16]


@pytest.fixture(autouse=True)
def deadline(monkeypatch):
    monkeypatch.setattr(turns, "MOST_TURNS", 400_000)


class Nap(IterativePE):
    """Takes some virtual milliseconds, and fails or kills for some numbers."""

    def __init__(self, fails=(), kills=()):
        super().__init__()
        self.fails = fails
        self.kills = kills

    def _process(self, number):
        work(0.001 + 0.0001 * (number % 50))
        if number in self.kills:
            die()
        if number in self.fails:
            raise ValueError("it fails")
        return number % 7, number


class Pass(IterativePE):
    def _process(self, pair):
        work(0.002)
        return pair


class Forgetful(Nap):
    """Counts what it has seen, and does not say that it does."""

    def __init__(self):
        super().__init__()
        self.seen = 0

    def _process(self, number):
        self.seen += 1
        super()._process(number)
        return 0, self.seen


class Kept:
    def __init__(self, number):
        self.number = number


class First(Nap):
    """Keeps the first tuple that it sees, and subtracts it from all."""

    def __init__(self):
        super().__init__()
        self.first = None

    def _process(self, number):
        work(0.002)
        if self.first is None:
            self.first = Kept(number)
        return 0, number - self.first.number


class Model(Nap):
    """Loads something, once, that is the same everywhere."""

    def __init__(self):
        super().__init__()
        self.model = None

    def _process(self, number):
        if self.model is None:
            self.model = Kept(1)
        return super()._process(number)


class Quick(IterativePE):
    def _process(self, number):
        return number % 7, number


class Hand(IterativePE):
    def _process(self, pair):
        return pair


class Twice(IterativePE):
    """Of each tuple, two: quick, so that only ranks of the pool take it."""

    def _process(self, pair):
        self.write("output", pair)
        self.write("output", pair)


class Slowly(Total):
    """Takes longer for each tuple than the pool has taken."""

    def process_key(self, key, value, state):
        work(0.01)
        return super().process_key(key, value, state)


class Burst(IterativePE):
    """Writes very much, and takes its time for it."""

    WIDTH = 400

    def _process(self, pair):
        work(0.004)
        for _ in range(self.WIDTH):
            self.write("output", (pair[0], b"x" * 1000))


def sums(numbers):
    """What `Total` gives for them."""
    found = Counter()
    for number in numbers:
        found[number % 7] += number
    return Counter(map(repr, found.items()))


def lent_s(cluster):
    """Seconds that ranks were lent, in all."""
    return cluster.summary.lent_s


def run(seed, size, nap, *further, kills=0, settings=None):
    """A cluster that has run `nap` and what follows on all items, and what has come out at the end."""
    cluster = Cluster(chain(Given(), nap, *further), size, items(COUNT), seed, kills, settings=settings)
    cluster.run()
    assert not leftovers(cluster)
    return cluster, Counter(
        map(repr, cluster.sink.results[f"{type(further[-1]).__name__}{1 + len(further)}.output"])
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_the_answer_is_that_of_one_process(seed):
    dice = random.Random(seed)
    further = [Pass(), Total()] if dice.random() < 0.5 else [Total()]
    cluster, got = run(seed, dice.choice(SIZES), Nap(), *further, kills=dice.randrange(3))
    assert got == sums(range(COUNT))
    assert lent_s(cluster) > 0 or cluster.lost


@pytest.mark.parametrize("seed", SEEDS)
def test_there_is_always_a_rank_for_what_lenders_do_not_take(seed):
    settings = EngineSettings(autoscale="tests.sim.chaos:OneAtTheEnd", scale_s=0.02)
    further = [Hand(), Pass(), Twice(), Total()]
    _, got = run(seed, random.Random(seed).choice(SIZES), Nap(), *further, settings=settings)
    expected = sums(range(COUNT))
    assert got == Counter({repr((key, 2 * total)): 1 for key, total in map(literal_eval, expected)})


@pytest.mark.parametrize("size", SIZES)
def test_all_lend_themselves_where_there_is_work(size):
    cluster, got = run(0, size, Nap(), Total(), settings=EngineSettings(autoscale="none"))
    assert got == sums(range(COUNT))
    idle = {f.rank for f in cluster.summary.ranks_figures if f.role != "pool" and not f.lent_s}
    assert not idle
    summary = cluster.summary
    assert summary.lent_s == pytest.approx(sum(f.lent_s for f in summary.ranks_figures))
    pool = [f for f in summary.ranks_figures if f.role == "pool"]
    assert summary.process_time_s == pytest.approx(summary.lent_s + sum(f.active_s for f in pool))


def test_nobody_does_who_may_not():
    cluster, got = run(0, 5, Nap(), Total(), settings=EngineSettings(lend="off"))
    assert got == sums(range(COUNT))
    assert lent_s(cluster) == 0


def when_it_lends(loop, change):
    """Have `change` called with what a rank lends, when it begins to."""
    make = loop.suspects.lending

    def made(*given):
        lending = make(*given)
        change(lending)
        return lending

    loop.suspects.lending = made


@pytest.mark.parametrize("seed", SEEDS)
def test_what_has_come_does_not_wait_until_the_partitions_have_nothing_to_do(seed):
    settings = EngineSettings(autoscale="none")
    cluster = Cluster(chain(Given(), Nap(), Slowly()), 4, items(COUNT), seed, settings=settings)
    loop = cluster.ranks[1]
    held_s = []

    def watch(lending):
        real = lending.work

        def work():
            task = lending._task
            done = real()
            if task is not None and lending._task is None:
                held_s.append(cluster.clock() - task.lease.began)
            return done

        lending.work = work

    when_it_lends(loop, watch)
    cluster.run()
    # some tuples of its own in between, but never all that are in line, which take a second and more
    assert max(held_s, default=0.0) < 0.5


@pytest.mark.parametrize("busy", [0, 1])
def test_a_rank_whose_own_duties_take_a_core_does_not_lend_itself(busy):
    settings = EngineSettings(autoscale="none")
    cluster = Cluster(chain(Given(), Nap(), Total()), 4, items(COUNT), 3, settings=settings)
    when_it_lends(cluster.ranks[busy], lambda lending: setattr(lending, "own_share", lambda: 1.0))
    cluster.run()
    lent = {f.rank: f.lent_s for f in cluster.summary.ranks_figures}
    assert lent[busy] == 0
    assert lent[1 - busy] > 0


def test_quick_tuples_are_not_worth_it():
    cluster, got = run(0, 5, Quick(), Total())
    assert got == sums(range(COUNT))
    assert lent_s(cluster) == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_tuples_that_fail_or_kill_cost_themselves_alone(seed):
    dice = random.Random(seed)
    some = dice.sample(range(COUNT), 8)
    fails, kills = set(some[:4]), set(some[4:])
    cluster, got = run(
        seed, dice.choice(SIZES), Nap(fails, kills), Total(), settings=EngineSettings(max_attempts=9)
    )
    assert got == sums(set(range(COUNT)) - fails - kills)
    assert Counter(each.value_text for each in cluster.sink.letters) == Counter(map(str, some))
    assert not {0, 1} & set(cluster.lost)


def test_a_letter_says_beside_which_rank_a_process_has_died():
    told = 0
    for seed in range(12):
        cluster, _ = run(seed, 4, Nap(kills=set(range(0, COUNT, 9))), Total())
        lenders = "".join(map(str, cluster.head.spec.plan.stateful_ranks)) + "0"
        for letter in cluster.sink.letters:
            own, *before = letter.error.split("; ")
            assert own == "it ended its process by its own hand"
            beside = [each for each in before if "beside" in each]
            ranks = [each for each in before if "beside" not in each]
            told += len(beside)
            for each in beside:
                assert re.fullmatch(
                    rf"the process that ran its task beside rank [{lenders}] had died by its own hand", each
                )
            assert beside or ranks
            assert cluster.lost or not ranks
    assert told


@pytest.mark.parametrize("seed", SEEDS)
def test_state_that_nobody_declared_is_never_split(seed):
    cluster, got = run(seed, random.Random(seed).choice(SIZES), Forgetful(), Total())
    assert got == Counter([repr((0, sum(range(1, COUNT + 1))))])
    assert cluster.summary.state == "completed"


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_filled_in_is_the_same_beside_a_rank(seed):
    _, got = run(seed, random.Random(seed).choice(SIZES), First(), Pass(), Echo())
    told = got - Counter([repr((0, COUNT))])  # at the end, how many there were
    numbers = {literal_eval(each)[1] for each in told}
    assert len(numbers) == COUNT
    assert max(numbers) - min(numbers) == COUNT - 1


@pytest.mark.parametrize("size", SIZES)
def test_a_model_that_is_loaded_does_not_keep_ranks_from_lending(size):
    cluster, got = run(0, size, Model(), Total(), settings=EngineSettings(autoscale="none"))
    assert got == sums(range(COUNT))
    assert lent_s(cluster) > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_a_call_that_writes_more_than_may_be_held_is_committed_in_parts(seed):
    settings = EngineSettings(high_bytes=1 << 20, inbox_high_tuples=500)
    cluster, got = run(seed, 5, Nap(), Burst(), Howmany(), kills=seed % 2, settings=settings)
    expected = Counter(number % 7 for number in range(COUNT))
    assert got == Counter(repr((key, many * Burst.WIDTH)) for key, many in expected.items())
    assert lent_s(cluster) > 0 or cluster.lost
