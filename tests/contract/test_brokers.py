"""One contract, several brokers: in memory and on a real Redis, each with and without the guard."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from hpcd4p.launch.redis_server import start_redis
from hpcd4p.testing.conformance import EVERY_BROKER, NODES, POOL, WHERE, BrokerWorld
from hpcd4p.transport.broker import Heard
from hpcd4p.wire.ask import Ask
from hpcd4p.wire.endpoint import Endpoint
from hpcd4p.wire.messages import Commit
from tests.contract.worlds import in_memory, on_redis

PROMISES = EVERY_BROKER + POOL + NODES

OF_ITS_OWN = "the guard gives each order a mark of its own"

EXCUSES = {
    ("guarded-memory", "an_order_bears_the_mark_that_it_was_given_with"): OF_ITS_OWN,
    ("guarded-redis", "an_order_bears_the_mark_that_it_was_given_with"): OF_ITS_OWN,
}
"""Promises that a broker does not keep, and why."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    with start_redis("s3cret", scratch=Path(tmp_path_factory.mktemp("r"))) as running:
        yield running.endpoint


@pytest.fixture(params=["memory", "guarded-memory", "redis", "guarded-redis"])
def world(request: pytest.FixtureRequest) -> Iterator[BrokerWorld]:
    guarded = request.param.startswith("guarded")
    promise = request.node.callspec.params.get("promise")
    nodes = WHERE if promise in NODES else ()
    if request.param.endswith("memory"):
        made = in_memory(guarded=guarded, nodes=nodes)
    else:
        made = on_redis(request.getfixturevalue("server"), guarded, nodes)
    excuse = EXCUSES.get((request.param, getattr(promise, "__name__", "")))
    if excuse:  # strict: what is kept after all is not to be excused
        request.applymarker(pytest.mark.xfail(reason=excuse, strict=True))
    yield made
    made.close()


@pytest.mark.parametrize("promise", PROMISES, ids=lambda each: each.__name__)
def test_the_broker(world, promise):
    promise(world)


def test_every_excuse_is_for_a_promise():
    assert {name for _, name in EXCUSES} <= {promise.__name__ for promise in PROMISES}


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
