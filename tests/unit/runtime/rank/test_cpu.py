"""What ranks tell of their cores: the work of the pool, not its start."""

from __future__ import annotations

import time

from hpcd4p.runtime.rank.cpu import CpuAccount, CpuClock


class Clock(CpuClock):
    """Says what it is told to say."""

    def __init__(self) -> None:
        self.now = (0, 0)

    def read_us(self) -> tuple[int, int]:
        return self.now


def counted(account):
    growth = {}
    account.count(growth)
    return growth


def test_a_start_and_the_first_call_of_an_element_are_left_out():
    clock = Clock()
    account = CpuAccount(clock)
    clock.now = (900, 5000)  # imports of the rank
    assert counted(account) == {}
    clock.now = (1000, 5000)
    assert counted(account) == {"cpu": 100}
    account.begins()
    clock.now = (4000, 90_000)  # imports of an element
    assert counted(account) == {}
    clock.now = (4500, 90_700)
    assert counted(account) == {"cpu": 500, "queue": 700}


def test_the_clock_of_this_thread_runs_while_it_works():
    clock = CpuClock()
    before = clock.read_us()[0]
    end = time.thread_time() + 0.05
    while time.thread_time() < end:
        pass
    assert 40_000 < clock.read_us()[0] - before < 500_000
