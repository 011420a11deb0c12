"""When the lives of a run began."""

from __future__ import annotations

from hpcd4p.record.lives import Lives
from hpcd4p.record.survival import Survival


def test_a_run_that_never_went_on_has_one():
    lives = Lives()
    assert (lives.last, lives.first_s, lives.begin_s(0), lives.time_s(0, 3.0)) == (0, 0.0, 0.0, 3.0)


def twice() -> Survival:
    """It worked for 10 s, went on from 8 s, worked to 20 s, and went on from 15 s."""
    survival = Survival()
    survival.go_on(True, 1, 8.0, 2.0, 4, "rank 1 died")
    survival.go_on(True, 2, 15.0, 5.0, 3, "rank 2 died")
    return survival


def test_lives_are_laid_before_each_other():
    lives = Lives(twice())
    assert lives.last == 2
    assert [lives.begin_s(life) for life in range(3)] == [-22.0, -12.0, 0.0]
    assert lives.first_s == -22.0
    # seconds of work of the whole run, in each life
    assert lives.time_s(0, 8.0) == -14.0
    assert lives.time_s(1, 8.0) == -12.0
    assert lives.time_s(2, 15.0) == 0.0


def test_what_ranks_have_told_is_taken():
    lives = Lives(twice(), {0: 0.0, 1: -13.5})  # it lay for 1.5 s in between
    assert [lives.begin_s(life) for life in range(3)] == [-23.5, -13.5, 0.0]
