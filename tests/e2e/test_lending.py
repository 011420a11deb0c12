"""Ranks that lend themselves to the pool: the answer is that of one process, whatever dies beside them."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.answers import missing_and_extra
from tests.e2e.harness import PYTHONS, Run, Runs
from tests.e2e.processes import words_of

WORDS = ("-i", "250")

KILLS = 6


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    runs = Runs(tmp_path_factory.mktemp("sequential"))
    ended = runs.run("load", 1, *WORDS, "--task-ms", "0")
    runs.close()
    assert ended.status == 0, ended.err
    return ended.outputs


def beside(run: Run, parent: int) -> set[int]:
    """Processes beside the rank whose process is `parent`."""
    found = set()
    for pid in run.pids():
        with suppress(OSError):
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1] == str(parent):
                found.add(pid)
    return {pid for pid in found if "apart_main" in words_of(pid)}


def at_work(run: Run, pids: set[int]) -> bool:
    """Whether one of them has begun to work."""
    return any((run.folder / f"begun-{pid}").exists() for pid in pids)


def lent_by(ended) -> dict[int, float]:
    return {f.rank: f.lent_s for f in ended.summary.ranks_figures if f.lent_s}


@pytest.mark.parametrize("size", [3, 5, 8])
@pytest.mark.parametrize("python", PYTHONS)
def test_all_ranks_work_for_the_pool(runs, python, size):
    words = ("-i", str(60 * size))
    alone = runs.run("naps", 1, *words)
    # on full cores no rank would lend itself
    run = runs.start("naps", size, *words, "--autoscale", "none", python=python, variables={"E2E_LENDS": "1"})
    run.until(lambda: at_work(run, beside(run, run.rank(0)) | beside(run, run.rank(1))))
    ended = run.wait()
    assert ended.status == 0, ended.err
    assert missing_and_extra(alone.outputs, ended.outputs) == ""
    others = {f.rank for f in ended.summary.ranks_figures if "pool" not in f.role}
    assert lent_by(ended)
    assert lent_by(ended).keys() <= others
    assert ended.summary.lent_s == pytest.approx(sum(lent_by(ended).values()))
    assert "beside their own work" in ended.out
    assert ended.leftovers == []


@pytest.mark.parametrize("python", PYTHONS)
def test_work_of_every_kind_gives_the_answer_of_one_process(runs, expected, python):
    ended = runs.run("load", 5, *WORDS, "--autoscale", "none", python=python)
    assert ended.status == 0, ended.err
    assert missing_and_extra(expected, ended.outputs) == ""
    assert ended.leftovers == []


def test_nobody_is_lent_where_it_is_off(runs, expected):
    ended = runs.run("load", 4, *WORDS, "--lend", "off")
    assert ended.status == 0, ended.err
    assert missing_and_extra(expected, ended.outputs) == ""
    assert lent_by(ended) == {}


def test_what_it_can_be_is_told(runs):
    ended = runs.run("load", 4, *WORDS, "--lend", "maybe")
    assert ended.status == 2
    assert "must be auto or off, not 'maybe'" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("rank", [0, 1])
def test_a_process_beside_a_rank_that_is_killed_costs_nothing_but_time(runs, rank):
    words = ("-i", "300", "--autoscale", "none")
    alone = runs.run("naps", 1, "-i", "300")
    # on full cores no rank would lend itself
    run = runs.start("naps", 4, *words, variables={"E2E_LENDS": "1"})
    run.until_touched("begun-*")
    parent = run.rank(rank)
    killed: set[int] = set()

    def kill() -> bool:
        """Kill those that are there; whether that is enough, or little work is left for more."""
        for pid in beside(run, parent) - killed:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
        return bool(killed) and (len(killed) >= KILLS or run.is_held())

    run.until(kill)
    ended = run.wait()
    assert ended.status == 0, ended.err
    assert missing_and_extra(alone.outputs, ended.outputs) == ""
    assert ended.letters == []
    assert ended.lost() == set()
    assert ended.leftovers == []
