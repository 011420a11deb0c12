"""The answer is that of one process, on any number of ranks."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

import pytest

from tests.e2e.answers import missing_and_extra
from tests.e2e.equality_loop import alone, forced, outcome
from tests.e2e.harness import Ended, Runs

RANKS = [1, 2, 3, 4, 5, 8, 16, 64]
"""Of the gallery, which has all that there is."""

FEWER_RANKS = [1, 2, 4, 16]

WORDS = ["alpha", "beta", "the", "The", "a", "of", "and", "Über", "naïve", "x1", "_y", "self", "def", "λ"]

CALLS = 120
"""Of each source of the gallery: about 16,000 tuples in all."""

SILENCE_S = 15.0


@pytest.fixture(scope="module")
def text_folder(tmp_path_factory) -> Path:
    """Forty small files, the same in each run of the tests."""
    folder = tmp_path_factory.mktemp("texts")
    chance = random.Random(2)
    for i in range(40):
        lines = (" ".join(chance.choices(WORDS, k=chance.randrange(12))) for _ in range(chance.randrange(60)))
        below = folder / f"part{i % 3}"
        below.mkdir(exist_ok=True)
        (below / f"text{i}.txt").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def sequential(tmp_path_factory):
    """The run of one process, made once for each command line."""
    runs = Runs(tmp_path_factory.mktemp("sequential"))

    @cache
    def run(workflow: str, *words: str) -> Ended:
        ended = runs.run(workflow, 1, *words)
        assert ended.status == 0, ended.err
        assert ended.outputs
        return ended

    yield run
    runs.close()


def assert_same(expected: Ended, ended: Ended, ranks: int) -> None:
    assert ended.status == 0, ended.err
    assert ended.summary is not None
    assert ended.summary.ranks == ranks
    assert ended.summary.state == "completed"
    assert missing_and_extra(expected.outputs, ended.outputs) == ""
    # what each element has got and given too, not only what left the workflow
    assert expected.summary is not None
    both = (expected.summary, ended.summary)
    figures = [{(e.name, e.tuples_in, e.tuples_out) for e in summary.elements} for summary in both]
    assert figures[0] == figures[1]
    assert ended.letters == []
    assert ended.leftovers == []


@pytest.mark.parametrize("n", FEWER_RANKS)
def test_the_concordance_is_that_of_one_process(runs, sequential, text_folder, n):
    words = ("--input", str(text_folder))
    expected = sequential("hpcd4p.workflows.concordance", *words)
    assert_same(expected, runs.run("hpcd4p.workflows.concordance", n, *words), n)


@pytest.mark.parametrize("n", RANKS)
def test_the_gallery_is_that_of_one_process(runs, sequential, n):
    words = ("-i", str(CALLS))
    assert_same(sequential("gallery", *words), runs.run("gallery", n, *words), n)


def test_a_source_that_is_silent_for_15_s_loses_nothing(runs, sequential):
    expected = sequential("gallery", "-i", str(CALLS))
    # beside each other: they mostly wait
    started = {n: runs.start("gallery", n, "-i", str(CALLS), "--silence", str(SILENCE_S)) for n in (2, 4, 8)}
    for n, run in started.items():
        ended = run.wait()
        assert ended.summary is not None, ended.err
        assert ended.summary.elapsed_s >= SILENCE_S
        assert_same(expected, ended, n)


@pytest.mark.parametrize(
    ("n", "words"), [(2, ()), (8, ()), *((n, ("--inbox-high-tuples", "2000")) for n in (2, 4))]
)
def test_elements_that_write_more_than_others_can_take_wait_for_them(runs, sequential, n, words):
    assert_same(sequential("flood"), runs.run("flood", n, *words), n)


@pytest.mark.parametrize("n", [2, 3, 8])
def test_calls_in_the_pool_that_flood_slower_elements_end_in_good_time(runs, sequential, n):
    ended = runs.run("pool_flood", n)
    assert_same(sequential("pool_flood"), ended, n)
    assert max(f.peak_rss_bytes for f in ended.summary.ranks_figures) < 150e6  # all at once would be 250 MB


def test_ranks_that_mpirun_has_started_give_the_same(runs, sequential):
    expected = sequential("gallery", "-i", str(CALLS))
    assert_same(expected, runs.run("gallery", 4, "-i", str(CALLS), by_mpirun=True), 4)


@pytest.mark.parametrize("n", [1, 4])
def test_a_source_that_writes_nothing_ends_too(runs, n):
    ended = runs.run("gallery", n, "-i", "0")
    assert ended.status == 0, ended.err
    assert ended.summary is not None
    assert ended.summary.state == "completed"
    assert ended.leftovers == []


@pytest.mark.parametrize(("name", "n"), [("gallery", 5), ("keyed", 4)])
def test_partitions_that_move_at_random_and_ranks_that_lend_themselves_change_nothing(runs, name, n):
    """A sample of `equality_loop`."""
    found = outcome(alone(name), forced(runs, name, n, seed=1), n)
    assert not found.wrong
    assert found.moves
