"""The suite tells wrong transports from right ones, and no promise of it is kept by all of the wrong ones."""

from __future__ import annotations

import doctest
import subprocess
import sys
from functools import partial

import pytest

from hpcd4p.testing import conformance
from hpcd4p.testing.conformance import EVERY_BLOCKS, EVERY_BROKER, EVERY_MESH, NODES, POOL, WHERE, broken
from tests.contract.worlds import blocks_in_memory, in_memory, meshes_in_memory
from tests.contract.wrong import (
    bells,
    blocks,
    claims,
    coarse,
    leases,
    meshes,
    nodes,
    places,
    snapshots,
    tasks,
    tellings,
)

BROKERS = (
    tasks.WRONG
    | leases.WRONG
    | tellings.WRONG
    | bells.WRONG
    | claims.WRONG
    | snapshots.WRONG
    | places.WRONG
    | coarse.WRONG
)

ALL = [*EVERY_BROKER, *POOL, *NODES, *EVERY_MESH, *EVERY_BLOCKS]

WRONG: dict[type, str] = {**BROKERS, **nodes.WRONG, **meshes.WRONG, **blocks.WRONG}


@pytest.fixture(scope="module")
def found():
    """By transport, the promises that it breaks."""
    brokers = {kind: broken(EVERY_BROKER + POOL, partial(in_memory, kind)) for kind in BROKERS}
    for kind in nodes.WRONG:
        brokers[kind] = broken(NODES, partial(in_memory, kind, nodes=WHERE))
    found = {kind: broken(EVERY_MESH, partial(meshes_in_memory, kind)) for kind in meshes.WRONG}
    memory = {kind: broken(EVERY_BLOCKS, partial(blocks_in_memory, kind)) for kind in blocks.WRONG}
    return brokers | found | memory


@pytest.mark.parametrize("kind", WRONG, ids=lambda kind: kind.__name__)
def test_a_transport_that_is_wrong_breaks_its_promise(found, kind):
    assert WRONG[kind] in found[kind]


def test_each_promise_is_broken_by_a_transport_that_is_wrong_in_one_way(found):
    fine = found.keys() - coarse.WRONG.keys()
    caught = {name for kind in fine for name in found[kind]}
    assert [p.__name__ for p in ALL if p.__name__ not in caught] == []


def test_a_promise_is_broken_by_what_is_seen_and_not_by_a_mistake_of_the_test(found):
    errors = {(kind.__name__, name, repr(e)) for kind, each in found.items() for name, e in each.items()}
    assert {error for error in errors if not error[2].startswith("AssertionError")} == set()


def test_no_two_promises_have_one_name():
    names = [promise.__name__ for promise in ALL]
    assert len(names) == len(set(names))


def test_the_example_of_how_to_try_a_transport_works():
    assert doctest.testmod(conformance).failed == 0
    assert doctest.testmod(conformance).attempted > 0


def test_the_suite_needs_neither_pytest_nor_mpi():
    """Whoever imports it has the test kit only, and perhaps no MPI."""
    program = (
        "import sys, hpcd4p.testing.conformance; print([m for m in ('pytest', 'mpi4py') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"
