"""Waiting costs nothing: a rank with nothing to do uses less than 1 % of a core."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

MEASURED_S = 5.0

MOST = 0.01
"""Of a core."""

SETTLES_S = 60.0


def cpu_s(pid: int) -> float:
    """User and system time of all threads of a process."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def settled(pids: dict[str, int], seconds: float, most: float) -> dict[str, float]:
    """Share of a core that each process takes over `seconds`, as soon as no share is more than `most`.

    Imports and warm-up are over some time after the last tuple; a rank that looks around for ever never is.
    """
    # the kernel counts in ticks of 10 ms, two of which may be before and after
    most += 2 / os.sysconf("SC_CLK_TCK") / seconds
    end = time.monotonic() + SETTLES_S
    while True:
        found = use(pids, seconds)
        if max(found.values()) < most:
            return found
        assert time.monotonic() < end, found


def use(pids: dict[str, int], seconds: float) -> dict[str, float]:
    """Share of a core that each process takes over `seconds`."""
    before, began = {name: cpu_s(pid) for name, pid in pids.items()}, time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - began
    return {name: (cpu_s(pid) - before[name]) / took for name, pid in pids.items()}


@pytest.mark.parametrize("n", [2, 6])
def test_a_rank_that_waits_uses_less_than_one_percent_of_a_core(runs, n):
    run = runs.start("idle", n)
    run.until_touched("passed")
    settled({f"rank {rank}": run.rank(rank) for rank in range(1, n)}, MEASURED_S, MOST)
    ended = run.wait()
    assert ended.status == 0, ended.err
    roles = {f.rank: f.role for f in ended.summary.ranks_figures}
    assert set(roles.values()) >= ({"stateful", "pool"} if n > 2 else {"stateful+pool"})
    assert ended.outputs.total() == 1
