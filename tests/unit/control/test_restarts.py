"""How often a run that dies is started again."""

from __future__ import annotations

from hpcd4p.control.restarts import Restarts


def test_a_crash_loop_ends():
    restarts = Restarts(2)
    assert [restarts.again(7) for _ in range(4)] == [True, True, False, False]


def test_a_newer_checkpoint_is_progress():
    restarts = Restarts(2)
    assert all(restarts.again(epoch) for epoch in (1, 1, 2, 2, 5, 5))
    assert not restarts.again(5)


def test_without_starts_there_is_none():
    assert Restarts(3).again(0)  # before the first checkpoint
    assert not Restarts(0).again(4)
