"""Where paths from one source meet, the sequence is that of one process, on real ranks."""

from __future__ import annotations

import json
import os
import signal

import pytest

from tests.e2e.answers import missing_and_extra
from tests.e2e.harness import PYTHONS, Ended, Runs
from tests.e2e.test_order import has_moved, needs_survivors, until_moved

NUMBERS = 200

INPUTS = json.dumps({"Calls": [{"item": i} for i in range(NUMBERS // 2)], "Sides": 1})

WORDS = ("--range", str(NUMBERS), "-d", INPUTS)


@pytest.fixture(scope="module")
def expected(tmp_path_factory) -> Ended:
    runs = Runs(tmp_path_factory.mktemp("sequential"))
    ended = runs.run("meeting", 1, *WORDS, "--ms", "0")
    runs.close()
    assert ended.status == 0, ended.err
    return ended


@pytest.mark.parametrize("n", [2, 4, 8])
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("mapping", ["hybrid", "static"])
def test_the_sequence_is_that_of_one_process(runs, expected, n, python, mapping):
    ended = runs.run("meeting", n, *WORDS, "--mapping", mapping, python=python)
    assert ended.status == 0, ended.err
    assert missing_and_extra(expected.outputs, ended.outputs) == ""
    assert ended.leftovers == []


@needs_survivors
def test_ranks_of_the_pool_that_are_killed_change_nothing(runs, expected):
    run = runs.start("meeting", 6, *WORDS)
    run.until_touched("begun-*", 4)
    run.until(run.is_held)
    for victim in (3, 5):
        os.kill(run.rank(victim), signal.SIGKILL)
    ended = run.wait()
    assert ended.status == 0, ended.err
    assert missing_and_extra(expected.outputs, ended.outputs) == ""
    assert ended.lost() == {3, 5}
    assert ended.leftovers == []


@pytest.mark.parametrize(("first", "then"), [(4, 6), (6, 3), (4, 1)])
def test_a_run_that_goes_on_elsewhere_keeps_the_sequence(runs, expected, first, then):
    run = runs.start("meeting", first, *WORDS, "--checkpoint", "0.2")
    run.until(run.is_held)
    assert run.stop_with_checkpoint().status == 3
    ended = runs.run("", then, after=run)
    assert ended.status == 0, ended.err
    assert missing_and_extra(expected.outputs, ended.outputs) == ""
    assert ended.leftovers == []


MOVES = {"E2E_MOVES": "1 0.5"}


@pytest.mark.parametrize("n", [4, 8])
@pytest.mark.parametrize("python", PYTHONS)
def test_partitions_that_move_keep_the_sequence(runs, expected, n, python):
    ended = runs.run("meeting", n, *WORDS, "--ms", "5", "--move", "all", python=python, variables=MOVES)
    assert ended.status == 0, ended.err
    assert missing_and_extra(expected.outputs, ended.outputs) == ""
    assert has_moved(ended)
    assert ended.leftovers == []


def test_a_run_that_goes_on_while_partitions_move_keeps_the_sequence(runs, expected):
    run = runs.start(
        "meeting", 6, *WORDS, "--ms", "5", "--checkpoint", "0.2", "--move", "all", variables=MOVES
    )
    run.until(run.is_held)
    until_moved(run)
    assert run.stop_with_checkpoint().status == 3
    ended = runs.run("", 5, after=run, variables=MOVES)
    assert ended.status == 0, ended.err
    assert missing_and_extra(expected.outputs, ended.outputs) == ""
    assert has_moved(ended)
    assert ended.leftovers == []
