"""A run that goes on from any of its checkpoints, on other ranks, gives the answer of one process.

A sample of seeds; for thousands: ``SEEDS=300 python -m pytest tests/sim/test_checkpoints.py``.
"""

from __future__ import annotations

import random

import pytest

from hpcd4p.control import cutting
from hpcd4p.errors import RunStopped
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.runtime.execute import touched
from hpcd4p.testing import turns
from hpcd4p.testing.cluster import Cluster
from tests.sim.compare import answer, of_one_process, seeds
from tests.sim.gallery import GALLERY, SHORT_BURSTS, hold_a_tenth
from tests.sim.keyed_states import KEYED

SMALL = EngineSettings(high_tasks_per_rank=1, inbox_high_tuples=64, max_task_tuples=64, window=1)

SIZES = (2, 3, 4, 5, 8, 16)

MOST = 3
"""Checkpoints of a run that are gone on from."""


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(turns, "MOST_TURNS", 400_000)
    hold_a_tenth(monkeypatch)


def each(gallery):
    return pytest.mark.parametrize("case", gallery.values(), ids=list(gallery))


def go(
    case,
    size,
    seed,
    resume=None,
    kills=0,
    doomed=(),
    settings=None,
    absent=(),
    every=(0.0005, 0.003, 0.02),
    before=None,
):
    """A cluster that has run to its end, or to what stopped it."""
    graph, inputs = case.build()
    every_s = random.Random(seed).choice(every)
    cluster = Cluster(
        graph, size, inputs, seed, kills, settings=settings, doomed=doomed,
        checkpoint_s=every_s, resume=resume, absent=absent, before=before,
    )  # fmt: skip
    try:
        cluster.run()
    except RunStopped:
        if not doomed:
            raise
    return cluster


def goes_on(case, seed, *, sizes=SIZES, **options):
    """Resume a run again and again, each time from one of its checkpoints.

    Gives how many of these hold only what has changed.
    """
    chance = random.Random(seed)
    cluster = go(case, chance.choice(sizes), seed, **options)
    if cluster.summary is not None:
        assert answer(cluster.sink) == of_one_process(case), "with checkpoints"
    referring = cluster.keeper.referring
    for turn in range(MOST):
        kept = cluster.keeper.complete_ones
        if not kept:
            break
        checkpoint = chance.choice(kept)
        size = chance.choice(sizes)
        cluster = go(case, size, seed + turn, checkpoint, **{**options, "doomed": ()})
        assert answer(cluster.sink) == of_one_process(case), f"from {checkpoint.epoch} on {size} ranks"
        referring += cluster.keeper.referring
    return referring


@pytest.mark.parametrize("settings", [None, SMALL], ids=["usual", "small"])
@each({**GALLERY, **SHORT_BURSTS})
def test_a_run_goes_on_from_any_checkpoint(case, settings):
    for seed in seeds(4):
        goes_on(case, seed, settings=settings)


@each({**GALLERY, **SHORT_BURSTS})
def test_the_ranks_that_live_go_on_without_the_others(case):
    for seed in seeds(2):
        chance = random.Random(seed)
        settings = chance.choice((None, SMALL))
        size, absent = chance.choice((3, 4, 5, 8)), set()
        cluster = go(case, size, seed, settings=settings, doomed=(chance.choice([1, "broker"]),))
        while size - len(absent) > 2:
            absent.add(chance.choice([rank for rank in range(1, size) if rank not in absent]))
            kept = cluster.keeper.complete_ones
            if not kept:
                break
            cluster = go(case, size, seed, kept[-1], settings=settings, absent=absent)
            assert answer(cluster.sink) == of_one_process(case), f"on {size} ranks without {absent}"


@each(GALLERY)
def test_whatever_dies_the_last_checkpoint_goes_on(case):
    for seed in seeds(3):
        who = random.Random(seed).choice([0, 1, "broker"])
        goes_on(case, seed, doomed=(who,), kills=seed % 3)


@each(GALLERY)
def test_it_dies_again_and_again_while_it_goes_on(case):
    for seed in seeds(3):
        chance = random.Random(seed)
        settings, checkpoint = chance.choice((None, SMALL)), None
        for death in range(5):
            doomed = (chance.choice([0, 1, "broker"]),) if death < 4 else ()
            size = chance.choice((3, 4, 5, 8))
            cluster = go(
                case, size, 10 * seed + death, checkpoint, seed % 2, doomed, settings, every=(0.0005, 0.003)
            )
            if cluster.summary is not None:
                break
            # one that dies before its first checkpoint leaves the one that it began from
            checkpoint = chance.choice([checkpoint, *cluster.keeper.complete_ones][-2:])
        assert answer(cluster.sink) == of_one_process(case), f"after {death} deaths, on {size} ranks"


@each(GALLERY)
def test_ranks_of_the_pool_die_beside_it(case):
    for seed in seeds(3):
        goes_on(case, seed, sizes=(4, 8), kills=2)


# ---- only what has changed


@pytest.fixture
def eager(monkeypatch):
    """Changes are saved however many they are."""
    monkeypatch.setattr(touched, "MOST_SHARE", 1e9)
    monkeypatch.setattr(cutting, "MOST_CHANGED", 1e9)


@pytest.mark.parametrize("name", KEYED)
def test_a_run_goes_on_from_what_has_changed(name, eager):
    referring = sum(goes_on(KEYED[name], seed, every=(0.0005, 0.003)) for seed in seeds(6))
    assert referring or name in ("shared", "looks back")
