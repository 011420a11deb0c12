"""A run is not over before its test has let it go, however little work it has."""

from __future__ import annotations

import time

import pytest

from tests.e2e.harness import Runs

FEW = ("-i", "20", "--task-ms", "0")


@pytest.mark.parametrize("n", [1, 4])
def test_half_of_a_source_waits_for_the_test(runs: Runs, n):
    run = runs.start("load", n, *FEW)
    run.until(run.is_held)
    run.until_touched("begun-*")
    end = time.monotonic() + 2.0
    run.until(lambda: time.monotonic() > end)  # it must not end meanwhile; by itself it takes milliseconds
    ended = run.wait()
    assert ended.status == 0, ended.err
    assert ended.outputs == runs.run("load", 1, *FEW).outputs


def test_what_stays_held_ends_only_by_what_is_done_to_it(runs: Runs):
    run = runs.start("load", 2, *FEW)
    run.until(run.is_held)
    run.process.terminate()
    ended = run.wait(held=True)
    assert ended.status == 3, ended.err
