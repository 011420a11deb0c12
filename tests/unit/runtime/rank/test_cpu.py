"""What ranks tell of their cores: the work of the pool, not its start."""

from __future__ import annotations

import subprocess
import sys
import time
from math import inf

import pytest

from hpcd4p.runtime.rank.cpu import LATELY_S, CpuAccount, CpuClock, FreeCores, OwnShare, idle_s, own_share


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


def test_the_clock_of_another_process_ends_with_it():
    child = subprocess.Popen([sys.executable, "-c", "sum(range(10**6)); input()"], stdin=subprocess.PIPE)
    clock = CpuClock(child.pid)
    end = time.monotonic() + 60
    while clock.read_us()[0] == 0:
        assert time.monotonic() < end
        time.sleep(0.01)
    spent = clock.read_us()
    child.communicate(b"\n")
    assert clock.read_us() >= spent
    clock.close()


def test_the_share_of_a_core_is_that_of_a_window():
    now, spent = [0.0], [(0.0, 0.0)]
    share = OwnShare(lambda: now[0], lambda: spent[0])
    now[0], spent[0] = LATELY_S * 1.01, (LATELY_S * 1.01 / 2, 0.0)
    assert share() == pytest.approx(0.5)
    now[0] += LATELY_S / 2  # not long enough for another look
    assert share() == pytest.approx(0.5)
    now[0] += LATELY_S
    assert share() == 0


@pytest.mark.parametrize(
    ("had", "waited", "share"),
    [(0.02, 0.9, 0.2), (0.1, 0.9, 1.0), (0.1, 0.95, 1.0), (0.0, 1.0, 0.0), (0.3, 0.0, 0.3), (0.3, 0.5, 0.6)],
)
def test_what_it_waits_for_a_core_is_no_time_that_it_could_have_used(had, waited, share):
    now, spent = [0.0], [(0.0, 0.0)]
    own = OwnShare(lambda: now[0], lambda: spent[0])
    now[0], spent[0] = 2 * LATELY_S, (2 * LATELY_S * had, 2 * LATELY_S * waited)
    assert own() == pytest.approx(share)


def test_a_process_that_works_all_the_time_takes_a_core_or_waits_for_one():
    share = own_share(time.perf_counter)
    end = time.perf_counter() + 3 * LATELY_S
    while time.perf_counter() < end:
        pass
    assert share() > 0.5


def free_after(idle, beside, seconds=2 * LATELY_S):
    """What is free when the cores were idle for so long, and the process beside had one for so long."""
    now, idles, had = [0.0], [idle and 0.0], [5.0]
    free = FreeCores(lambda: now[0], lambda: idles[0], lambda: had[0])
    now[0], idles[0], had[0] = seconds, idle, 5.0 + beside
    return free()


def test_cores_are_free_that_nobody_uses_or_the_process_beside():
    assert free_after(2 * LATELY_S, 0.0) == pytest.approx(1.0)
    assert free_after(LATELY_S, LATELY_S) == pytest.approx(1.0)
    assert free_after(0.0, 0.0) == 0.0


def test_a_process_beside_that_is_a_new_one_has_had_less():
    assert free_after(LATELY_S, -5.0) == pytest.approx(0.5)


def test_before_it_is_known_none_is_free_and_where_the_kernel_does_not_tell_all_are():
    assert free_after(2 * LATELY_S, 0.0, LATELY_S / 2) == 0.0
    assert free_after(None, 0.0) == inf


def test_whoever_has_looked_before_knows_it_at_once():
    assert FreeCores(lambda: 7.0, lambda: 4.5, lambda: 0.0, since=(6.0, 3.0))() == pytest.approx(1.5)
    assert FreeCores(lambda: 7.0, lambda: None, lambda: 0.0, since=(6.0, None))() == inf


def test_the_kernel_tells_how_long_the_cores_of_this_process_were_idle():
    first = idle_s()
    assert first is not None
    assert first > 0
    assert idle_s() >= first
