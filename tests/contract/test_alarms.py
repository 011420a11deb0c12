"""An alarm of user code in the middle of a step: the rank knows its tasks in Redis all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hpcd4p.launch.redis_server import start_redis
from hpcd4p.testing.conformance import BrokerWorld
from hpcd4p.transport.resp import RespConnection
from hpcd4p.wire.ask import Ask
from hpcd4p.wire.endpoint import Endpoint
from hpcd4p.wire.messages import Commit, Task
from tests.contract.worlds import on_redis


class Alarm(Exception):
    """What the handler of a signal raises."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    with start_redis("s3cret", scratch=Path(tmp_path_factory.mktemp("r"))) as running:
        yield running.endpoint


@pytest.fixture(params=["redis", "guarded-redis"])
def world(request: pytest.FixtureRequest, server: Endpoint) -> Iterator[BrokerWorld]:
    made = on_redis(server, request.param.startswith("guarded"))
    yield made
    made.close()


@pytest.fixture
def alarm(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], object]:
    """Within it, an alarm comes in place of the next call of this method."""

    @contextmanager
    def comes(method: str) -> Iterator[None]:
        def ring(*_: object) -> None:
            raise Alarm

        with monkeypatch.context() as patched:
            patched.setattr(RespConnection, method, ring)
            with pytest.raises(Alarm):
                yield

    return comes


def finished(*tasks: Task) -> Commit:
    commit = Commit(1, {0: -len(tasks)})
    commit.done += [(0, task.id) for task in tasks]
    return commit


def left(world: BrokerWorld) -> set[bytes]:
    """What another rank gets when rank 4 has died."""
    world[0].fence(4)
    tasks = iter(lambda: world.look_for(5), None)
    return {bytes(task.payload) for task in tasks}


def test_a_task_in_an_answer_that_was_not_read_is_this_ranks(world, alarm):
    world.publish(*((0, 1, payload) for payload in (b"a", b"b", b"c")))
    first = world.take(4)
    with alarm("receive"):
        world[4].step(Commit(), Ask([0]))
    reply = world[4].step(finished(first), Ask([0]))
    assert reply.accepted
    assert reply.task.payload == b"c"
    assert world[4].step(finished(reply.task)).accepted
    assert left(world) == {b"b"}


def test_what_is_done_in_a_step_whose_answer_was_not_read_is_done(world, alarm):
    world.publish(*((0, 1, payload) for payload in (b"a", b"b", b"c")))
    first, second, _ = (world.take(4) for _ in "abc")
    with alarm("receive"):
        world[4].step(finished(first))
    assert world[4].step(finished(second)).accepted
    assert left(world) == {b"c"}


def test_what_is_done_in_a_step_that_was_not_sent_is_not_done(world, alarm):
    world.publish(*((0, 1, payload) for payload in (b"a", b"b", b"c")))
    first, second, _ = (world.take(4) for _ in "abc")
    with alarm("send"):
        world[4].step(finished(first))
    assert world[4].step(finished(second)).accepted
    assert left(world) == {b"a", b"c"}
