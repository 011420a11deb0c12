from __future__ import annotations

import pytest

from hpcd4p.live.document import Checkpoints, Memory
from hpcd4p.live.facts import Backlog, Cores
from hpcd4p.live.limits import checkpoints, cores, memory
from tests.unit.live.documents import document, facts, identity, source_facts

MB = 1_000_000
HELD = source_facts(held_back=0.8)


def test_sources_that_wait_for_bytes_are_told_the_mark():
    backlog = Backlog(12, 64, 30 * MB, 32 * MB)
    found = memory(document(), facts(backlog=backlog, sources=[HELD]))
    assert found is not None
    assert (found.kind, found.element) == ("memory", "Numbers0")
    assert found.evidence[0] == ("30 MB wait in 12 tasks, and sources wait above 32 MB (--high-bytes)")
    assert found.to_type == f"--high-bytes {64 * MB}"


def test_where_no_more_bytes_may_wait_more_ranks_are_needed():
    backlog = Backlog(12, 64, 60 * MB, 64 * MB)
    found = memory(document(), facts(backlog=backlog, sources=[HELD]))
    assert found is not None
    assert found.to_type == "-n 5"


@pytest.mark.parametrize(
    "backlog", [Backlog(60, 64, 30 * MB, 32 * MB), Backlog(12, 64, 3 * MB, 32 * MB)], ids=["tasks", "room"]
)
def test_sources_that_wait_for_something_else_do_not_wait_for_memory(backlog):
    assert memory(document(), facts(backlog=backlog, sources=[HELD])) is None


def test_a_source_that_flows_does_not_wait_for_memory():
    backlog = Backlog(12, 64, 30 * MB, 32 * MB)
    assert memory(document(), facts(backlog=backlog, sources=[source_facts()])) is None


def test_a_redis_that_is_nearly_full_is_named():
    full = document(memory=Memory(None, 0, 120 * MB))
    found = memory(full, facts(redis_most_bytes=128 * MB, backlog=Backlog(0, 1, 0, 32 << 20)))
    assert found is not None
    assert found.evidence == ["120 MB of the 128 MB that it may use"]
    assert found.to_type == f"--high-bytes {16 << 20}"
    assert memory(full, facts(redis_most_bytes=1000 * MB)) is None


def test_a_shared_memory_without_room_is_named():
    found = memory(document(), facts(backlog=Backlog(0, 1, 0, 1, detour=5e6)))
    assert found is not None
    assert (found.evidence, found.to_type) == (["5 MB/s lately"], "df -h /dev/shm")


def test_checkpoints_that_take_much_are_to_be_fewer():
    kept = Checkpoints(9, 1, 4.5, 5 * MB, 0.2, 3.0, 0.15, 0, "")
    found = checkpoints(document(checkpoints=kept), facts())
    assert found is not None
    assert (found.kind, found.text) == ("checkpoint", "checkpoints take 15 % of the time")
    assert found.to_type == "--checkpoint 15"
    assert checkpoints(document(), facts()) is None


def test_ranks_that_wait_for_a_core_are_too_many_for_the_node():
    found = cores(document(), facts(cores=Cores(2, 4, 6.5, queued=0.4, used=1.9)))
    assert found is not None
    assert (found.kind, found.text) == ("cores", "ranks wait for a core: 4 ranks share 2 cores on here")
    assert found.evidence[0] == ("for 40 % of their working time, lately, ranks were ready and had no core")
    assert found.to_type == "-n 2"


@pytest.mark.parametrize(("job", "to_type"), [("", "top -b -n 1"), ("5", "hpcd4p submit --exclusive")])
def test_where_ranks_have_cores_enough_others_use_them(job, to_type):
    found = cores(document(run=identity(job=job)), facts(cores=Cores(4, 4, 12.0, queued=0.4, used=1.0)))
    assert found is not None
    assert found.text == "ranks wait for a core: others use the 4 cores on here, too"
    assert found.to_type == to_type


def test_ranks_that_find_a_core_lack_none():
    assert cores(document(), facts(cores=Cores(2, 4, 6.5, queued=0.1, used=1.9))) is None
