"""A run that is asked to end makes a last checkpoint, in the seconds that it has, and goes on from there."""

from __future__ import annotations

import random

import pytest

from hpcd4p.errors import Interrupted
from hpcd4p.testing.cluster import Cluster
from tests.sim.compare import answer, of_one_process, seeds
from tests.sim.gallery import GALLERY


def asked(case, seed, last_s, insists=False):
    """A cluster whose head is asked to end somewhere in the middle; whether it was before the end."""
    graph, inputs = case.build()
    cluster = Cluster(graph, 4, inputs, seed, checkpoint_s=1e6, last_s=last_s)
    head = cluster.head
    look, at = head.coordinator.look, random.Random(seed).randrange(2, 12)
    looks = 0

    def looked(held):
        nonlocal looks
        looks += 1
        if looks == at:
            head.interrupted = "SIGTERM"
            if insists:
                head.last_cut.insist()
        return look(held)

    head.coordinator.look = looked
    try:
        cluster.run()
    except Interrupted:
        return cluster, True
    return cluster, False


def each(gallery):
    return pytest.mark.parametrize("case", gallery.values(), ids=list(gallery))


@each(GALLERY)
def test_what_was_asked_to_end_goes_on_from_its_last_checkpoint(case):
    for seed in seeds(3):
        cluster, ended = asked(case, seed, 5.0)
        if not ended:  # it was through before
            assert answer(cluster.sink) == of_one_process(case)
            continue
        for checkpoint in cluster.keeper.complete_ones:
            graph, inputs = case.build()
            again = Cluster(graph, 3, inputs, seed, resume=checkpoint)
            again.run()
            assert answer(again.sink) == of_one_process(case)


def test_it_is_made_although_none_was_due():
    case = GALLERY["state, pool, state"]
    ended = [cluster for cluster, stopped in (asked(case, seed, 5.0) for seed in range(12)) if stopped]
    assert ended
    assert all(len(cluster.keeper.complete_ones) == 1 for cluster in ended)


def test_without_time_for_it_there_is_none():
    case = GALLERY["state, pool, state"]
    ended = [cluster for cluster, stopped in (asked(case, seed, 0.0) for seed in range(12)) if stopped]
    assert ended
    assert not any(cluster.keeper.complete_ones for cluster in ended)


def test_who_insists_has_none():
    case = GALLERY["state, pool, state"]
    for seed in range(12):
        cluster, stopped = asked(case, seed, 5.0, insists=True)
        assert not stopped or not cluster.keeper.complete_ones
