"""Outputs that leave in order have the sequence of one process, on real ranks."""

from __future__ import annotations

import json
import os
import signal

import pytest

from tests.e2e.answers import missing_and_extra
from tests.e2e.harness import PYTHONS, Ended, Runs
from tests.e2e.test_order import needs_survivors
from tests.e2e.test_recovery import kill, until_here, until_next

READINGS = 200

INPUTS = json.dumps({"Calls": [{"item": i} for i in range(READINGS // 2)], "Readings": 1})

WORDS = ("--range", str(READINGS), "-d", INPUTS, "--ordered-outputs")

ALL = (*WORDS, "--meet", "--state")


def in_order(ended: Ended) -> dict[str, list[object]]:
    """What has left in order."""
    assert ended.summary is not None
    found = {name: values for name, values in ended.sequences.items() if name in ended.summary.ordered}
    assert ended.sequences.keys() - found.keys() == {name for name in ended.sequences if "aside" in name}
    assert set(ended.summary.ordered.values()) == {""}
    return found


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """By the words of the workflow: what one process gives."""
    known: dict[tuple[str, ...], Ended] = {}
    runs = Runs(tmp_path_factory.mktemp("sequential"))

    def of(words):
        if words not in known:
            known[words] = runs.run("leaving", 1, *words, "--ms", "0")
            assert known[words].status == 0, known[words].err
        return known[words]

    yield of
    runs.close()


def assert_same(ended: Ended, expected: Ended) -> None:
    assert ended.status == 0, ended.err
    found, sequences = in_order(ended), in_order(expected)
    assert found.keys() == sequences.keys()
    for name, values in found.items():
        assert values == sequences[name], name
    assert missing_and_extra(expected.outputs, ended.outputs) == ""
    assert ended.leftovers == []


@pytest.mark.parametrize("n", [2, 3, 4, 8])
@pytest.mark.parametrize("python", PYTHONS)
def test_the_sequence_is_that_of_one_process(runs, expected, n, python):
    sequences = in_order(expected(ALL))
    assert len(sequences) == 4
    assert all(len(values) > READINGS / 2 for values in sequences.values())
    ended = runs.run("leaving", n, *ALL, python=python)
    assert_same(ended, expected(ALL))
    assert "in order\n" in ended.out


def test_without_being_asked_outputs_have_no_order(runs):
    ended = runs.run("leaving", 4, "--range", "50", "-d", json.dumps({"Calls": [{"item": 3}], "Readings": 1}))
    assert ended.status == 0, ended.err
    assert ended.summary.ordered == {}


@pytest.mark.parametrize(
    ("mapping", "words", "n"),
    [
        ("static", (*WORDS, "--state"), 2),
        ("static", (*WORDS, "--state"), 8),
        ("dynamic", (*WORDS, "--meet"), 3),
        ("dynamic", (*WORDS, "--meet"), 8),
    ],
)
def test_so_it_is_in_other_mappings(runs, expected, mapping, words, n):
    assert_same(runs.run("leaving", n, *words, "--mapping", mapping), expected(words))


@needs_survivors
def test_ranks_of_the_pool_that_are_killed_change_nothing(runs, expected):
    run = runs.start("leaving", 6, *ALL)
    run.until_touched("begun-*", 4)
    run.until(run.is_held)
    for victim in (3, 5):
        os.kill(run.rank(victim), signal.SIGKILL)
    ended = run.wait()
    assert_same(ended, expected(ALL))
    assert ended.lost() == {3, 5}


@pytest.mark.parametrize(
    ("mapping", "words", "first", "then"),
    [
        ("hybrid", ALL, 4, 6),
        ("hybrid", ALL, 6, 3),
        ("hybrid", ALL, 4, 1),
        ("hybrid", ALL, 3, 8),
        ("static", (*WORDS, "--state"), 4, 6),
    ],
)
def test_a_run_that_goes_on_elsewhere_keeps_the_order(runs, expected, mapping, words, first, then):
    run = runs.start("leaving", first, *words, "--checkpoint", "0.2", "--mapping", mapping)
    run.until(run.is_held)
    assert run.stop_with_checkpoint().status == 3
    assert_same(runs.run("", then, after=run), expected(words))


@needs_survivors
@pytest.mark.parametrize("victim", [1, "redis"])
def test_a_run_that_goes_on_in_its_job_keeps_the_order(runs, expected, victim):
    run = runs.start("leaving", 5, *ALL, "--checkpoint", "0.2")
    run.until(run.is_held)
    until_next(run)
    kill(run, victim)
    until_here(run)
    assert_same(run.wait(), expected(ALL))
