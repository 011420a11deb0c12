"""A sample of what `tests.sim.proof` plays for thousands of seeds; and what it says."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from hpcd4p.testing.checkpoints import MemoryJournal
from tests.sim import proof, test_order
from tests.sim.scenes import SUBJECTS, Scene, difference

SAMPLE = 24


@pytest.mark.parametrize("name", SUBJECTS)
def test_runs_that_go_on_and_die_in_any_way_give_the_answer_of_one_process(name):
    tally: Counter[str] = Counter()
    for seed in range(SAMPLE):
        played = proof.play(name, seed)
        assert not played.wrong, f"seed {seed}: {played.wrong}"
        tally += played.tally
    # the sample has everything that may befall a run
    assert tally["runs"] > 2 * SAMPLE
    for what in ("from a checkpoint", "died", "checkpoints made", "ranks lost", "partitions moved"):
        assert any(what in key and count for key, count in tally.items()), what


def played(seed):
    scene = Scene("checkpoints", seed)
    scene.play()
    return scene.way, scene.tally


def test_a_seed_is_the_same_scene_again():
    assert [played(seed) for seed in range(4)] == [played(seed) for seed in range(4)]


def forget(monkeypatch):
    """Whoever goes on does not know what came out last before the checkpoint."""
    sink = MemoryJournal.sink
    monkeypatch.setattr(MemoryJournal, "sink", lambda journal, end: sink(journal, end - 1))


def overtake(monkeypatch):
    """Nobody puts tuples in order."""
    for element in (test_order.Heard, test_order.Global):
        monkeypatch.setattr(element, "ordered", False)


@pytest.mark.parametrize(("name", "spoil"), [("checkpoints", forget), ("order", overtake)])
def test_what_is_wrong_is_told_with_the_line_that_has_it_again(name, spoil, monkeypatch, capsys):
    spoil(monkeypatch)
    assert proof.main([name, "--seeds", "12", "--start", "0"]) == 1
    told = capsys.readouterr().out
    found = re.search(r"seed (\d+) went wrong: ", told)
    assert found
    assert f"again: python -m tests.sim.proof {name} --start {found[1]} --seeds 1" in told
    assert re.search(rf"{name}: 12 of 12 seeds from 0 on, .* [1-9]\d* went wrong\n$", told)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_seeds_are_counted_once_whoever_plays_them(jobs, capsys):
    assert proof.main(["checkpoints", "--seeds", "4", "--start", "7", "--jobs", jobs]) == 0
    told = capsys.readouterr().out
    assert told.startswith("checkpoints: 4 seeds from 7 on\ncheckpoints: 4 of 4 seeds from 7 on, ")
    assert told.endswith(": 0 went wrong\n")


def test_a_proof_for_which_the_time_was_too_short_is_none(capsys):
    assert proof.main(["order", "--seeds", "1000", "--start", "7", "--limit", "0"]) == 1
    assert "order: 1 of 1,000 seeds" in capsys.readouterr().out


def test_where_two_answers_differ_is_said():
    assert difference({"a": [1, 2, 3]}, {"a": [1, 3]}) == "'a', from 1 on: expected [2, 3], got [3]"
    assert "missing Counter({'2': 1})" in difference(({"a": Counter("12")}, 0), ({"a": Counter("1")}, 0))
