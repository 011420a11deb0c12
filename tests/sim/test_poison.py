"""Tuples that kill whatever runs them: they become letters, and nothing else does.

A sample of seeds; for thousands: ``SEEDS=2000 python -m pytest tests/sim/test_poison.py``.
"""

from __future__ import annotations

import os
import random
from collections import Counter

import pytest

from hpcd4p import IterativePE
from hpcd4p.errors import RankLost
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.testing import cluster, turns
from hpcd4p.testing.cell import die
from tests.sim.compare import leftovers
from tests.sim.elements import Given, Total
from tests.sim.gallery import chain, items

SEEDS = range(int(os.environ.get("SEEDS", "6")))

SIZES = {1: 3, 2: 4, 3: 5, 5: 7, 8: 11}
"""Ranks of the pool -> ranks, with one head and a stateful group."""

COUNT = 60


@pytest.fixture(autouse=True)
def deadline(monkeypatch):
    monkeypatch.setattr(turns, "MOST_TURNS", 400_000)


class GivenDeadly(Given):
    """A source, in the pool, that some of its calls kill."""

    def __init__(self, poison):
        super().__init__()
        self.poison = poison

    def _process(self, inputs):
        if inputs["item"] in self.poison:
            die()
        return inputs["item"]


class Threefold(IterativePE):
    def _process(self, number):
        for i in range(3):
            self.write("output", 3 * number + i)


class Deadly(IterativePE):
    def __init__(self, poison):
        super().__init__()
        self.poison = poison

    def _process(self, number):
        if number in self.poison:
            die()
        return number % 7, number


class Grumpy(Deadly):
    """Some tuples kill, and others fail."""

    def _process(self, number):
        if number % 10 == 3 and number not in self.poison:
            raise ValueError("three")
        return super()._process(number)


class Fatal:
    """Whoever unpickles it dies."""

    def __init__(self, number):
        self.number = number

    def __reduce__(self):
        return die, ()


class Wraps(IterativePE):
    """Some of what it writes cannot be read by anybody."""

    def __init__(self, poison):
        super().__init__()
        self.poison = poison

    def _process(self, number):
        return (number, Fatal(number) if number in self.poison else None)


class Unwraps(IterativePE):
    def _process(self, pair):
        return pair[0] % 7, pair[0]


def run_all(seed, pool, poison, first=(), grumpy=False, kills=0):
    """The answer: letters and sums; what must come out of it is checked here."""
    deadly = (Grumpy if grumpy else Deadly)(frozenset(poison))
    graph = chain(GivenDeadly(frozenset(first)), Threefold(), deadly, Total())
    run = cluster.Cluster(graph, SIZES[pool], items(COUNT), seed=seed, kills=kills)
    summary = run.run()
    killed = [letter for letter in run.sink.letters if "ended its process" in letter.error]
    raised = [letter for letter in run.sink.letters if letter not in killed]
    assert Counter(letter.value_text for letter in killed) == Counter(
        [*map(str, poison), *(str({"item": each}) for each in first)]
    )
    written = [3 * n + i for n in range(COUNT) if n not in first for i in range(3)]
    fail = {n for n in written if grumpy and n % 10 == 3} - set(poison)
    assert sorted(int(letter.value_text) for letter in raised) == sorted(fail)
    expected = Counter()
    for n in written:
        if n not in poison and n not in fail:
            expected[n % 7] += n
    assert dict(run.sink.results["Total3.output"]) == dict(expected)
    # a statistic: what a rank that died had told of a transaction that it did not commit counts twice
    assert summary.failed >= len(poison) + len(first) + len(fail)
    assert not leftovers(run), leftovers(run)
    return run


@pytest.mark.parametrize("pool", SIZES)
def test_only_the_tuples_that_kill_become_letters(pool):
    died = 0
    for seed in SEEDS:
        chance = random.Random(seed)
        count = chance.randint(1, max(1, pool - 1))
        poison = chance.sample(range(3 * COUNT), count)
        died += len(run_all(seed, pool, poison, grumpy=seed % 2 == 1).lost)
    assert died


@pytest.mark.parametrize("pool", SIZES)
def test_calls_of_a_source_that_kill_become_letters(pool):
    for seed in SEEDS:
        first = random.Random(seed).sample(range(COUNT), max(1, pool - 1))
        run_all(seed, pool, (), first)


@pytest.mark.parametrize("pool", [3, 5, 8])
def test_ranks_killed_from_outside_as_well_change_nothing(pool):
    for seed in SEEDS:
        chance = random.Random(seed)
        run_all(seed, pool, chance.sample(range(3 * COUNT), pool - 2), kills=1)


@pytest.mark.parametrize("pool", SIZES)
def test_more_such_tuples_than_ranks_end_no_run(pool):
    inherited = 0
    for seed in SEEDS:
        poison = random.Random(seed).sample(range(3 * COUNT), 3 * pool)
        run = run_all(seed, pool, poison)
        inherited += len(run.lost) == pool
    print(f"{pool} ranks, {3 * pool} such tuples: in {inherited} of {len(SEEDS)} runs rank 0 was left alone")


@pytest.mark.parametrize("size", [2, 3, 4, 8])
def test_without_a_stateful_rank_the_head_is_enough(size):
    for seed in SEEDS:
        poison = frozenset(random.Random(seed).sample(range(3 * COUNT), 20))
        run = cluster.Cluster(chain(Given(), Threefold(), Deadly(poison)), size, items(COUNT), seed=seed)
        summary = run.run()
        assert sorted(letter.value_text for letter in run.sink.letters) == sorted(map(str, poison))
        expected = sorted((n % 7, n) for n in range(3 * COUNT) if n not in poison)
        assert sorted(run.sink.results["Deadly2.output"]) == expected
        assert summary.status == 1
        assert not leftovers(run), leftovers(run)


@pytest.mark.parametrize("size", [2, 3, 4, 8])
def test_of_what_kills_when_it_is_unpickled_no_other_tuple_is_lost(size):
    settings = EngineSettings(slice_s=1e-4)  # what is written is published, not run on the same rank
    fatal = 0
    for seed in SEEDS:
        poison = frozenset(random.Random(seed).sample(range(3 * COUNT), 9))
        graph = chain(Given(), Threefold(), Wraps(poison), Unwraps())
        run = cluster.Cluster(graph, size, items(COUNT), seed=seed, settings=settings)
        run.run()
        letters = [letter for letter in run.sink.letters if letter.element == "Unwraps3"]
        assert letters == run.sink.letters
        assert all("ended its process by its own hand while it was unpickled" in e.error for e in letters)
        out = [n for _, n in run.sink.results["Unwraps3.output"]]
        missing = set(range(3 * COUNT)) - set(out)
        assert len(out) == len(set(out)) == 3 * COUNT - len(letters)
        assert missing <= poison  # the others were never pickled
        fatal += len(missing)
        assert not leftovers(run), leftovers(run)
    assert fatal


def test_the_head_takes_over_only_where_it_can_have_a_process_apart():
    run = cluster.Cluster(chain(Given(), Threefold(), Deadly({7})), 2, items(COUNT))
    run.head.loop.suspects.make = None
    with pytest.raises(RankLost, match="every rank of the pool has died"):
        run.run()
