"""Somebody else writes to the keys of a run on a shared Redis: it ends with a word and believes nothing."""

from __future__ import annotations

import pytest

from hpcd4p.transport.redis_admin import RedisAdmin
from tests.e2e.deeds import DEEDS, of_another_run, prefixes
from tests.e2e.sabotage import CALLS, DEADLINE_S, judge, shared_redis, try_to_do


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A server, and a client of it that is not the run."""
    with shared_redis(tmp_path_factory.mktemp("s")) as server:
        yield server


@pytest.fixture(scope="module")
def right(request, tmp_path_factory):
    """The answer of one process."""
    from tests.e2e.harness import Runs

    runs = Runs(tmp_path_factory.mktemp("one"))
    yield runs.run("load", 1, "-i", str(CALLS)).outputs
    runs.close()


SAMPLE = list(DEEDS)[::5]
"""`python -m tests.e2e.sabotage --each` does them all."""


@pytest.mark.parametrize("name", SAMPLE)
def test_what_another_does_to_the_keys_of_a_run_ends_it_with_one_message_or_does_not_matter(
    runs, shared, right, name
):
    url, endpoint = shared
    n = 2 + 2 * (SAMPLE.index(name) % 2)
    run = runs.start("load", n, "-i", str(CALLS), "--redis-url", url)
    done = try_to_do(run, endpoint, name)
    ended = run.wait(DEADLINE_S)
    assert done, ended.err
    assert judge(name, done, ended, right) == "", ended.err


def test_a_task_of_another_run_ends_this_one_with_one_message(runs, shared, right):
    url, endpoint = shared
    run = runs.start("load", 4, "-i", str(CALLS), "--redis-url", url)
    run.until_touched("begun-*")
    with RedisAdmin(endpoint) as admin:
        of_another_run(admin.call, next(prefixes(admin.call)))
    assert judge("a task copied", True, run.wait(DEADLINE_S), right) == ""


def test_an_honest_neighbour_that_flushes_scripts_changes_nothing(runs, shared, right):
    url, endpoint = shared
    run = runs.start("load", 4, "-i", str(CALLS), "--redis-url", url)
    run.until_touched("begun-*")
    with RedisAdmin(endpoint) as admin:
        admin.call("SCRIPT", "FLUSH")
    ended = run.wait(DEADLINE_S)
    assert ended.status == 0, ended.err
    assert ended.outputs == right
