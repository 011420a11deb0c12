"""Kill a part of a run that keeps checkpoints, and see how long it takes until there is new work.

Whoever brings the run back, the job itself or the process that has launched it: only its work is looked at.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from hpcd4p.bench.processes import descendants, ranks_below
from hpcd4p.bench.stamps import moments
from hpcd4p.bench.trial import Launcher, TrialError

RANKS = 4
EVERY_S = 1.0
LOOK_S = 0.02
DEADLINE_S = 120.0
PATIENCE_S = 60.0
"""What has not come back by then will not."""


def _redis(root: int) -> list[int]:
    return [pid for pid in descendants(root) if _name(pid).endswith("-server")]


def _name(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
    return ""


VICTIMS: dict[str, Callable[[int], list[int]]] = {
    "stateful rank": lambda root: [ranks_below(root)[1]],
    "Redis": _redis,
    "head": lambda root: [ranks_below(root)[0]],
    "job": descendants,
}
"""Processes below the launcher of a run."""


class _Back(Exception):
    """There is new work; its argument is when, in seconds after the kill."""


def back_s(launcher: Launcher, who: str, accounts: int) -> float:
    """Seconds from a kill until the run has done what it had not done before.

    Raises
    ------
    TrialError
        It has not come back.
    """
    with tempfile.TemporaryDirectory(prefix="hpcd4p-bench-") as folder:
        stamps = Path(folder, "stamps")
        words = ["-m", "hpcd4p", "run", "--results", folder, "-n", str(RANKS), "--checkpoint", str(EVERY_S)]
        words += ["hpcd4p.bench.progress", "--", "--stamps", str(stamps), "--accounts", str(accounts)]
        try:
            ended = launcher.run(words, meanwhile=lambda root: _watch(root, who, accounts, stamps))
        except _Back as back:
            return float(back.args[0])
        raise TrialError(f"it has ended by itself:\n{ended.text[-2000:]}")


def _watch(root: int, who: str, accounts: int, stamps: Path) -> None:
    """Kill when all accounts are open and a checkpoint has them, and raise `_Back` when there is new work."""
    _wait(lambda: _furthest(stamps) > accounts, DEADLINE_S, "it does not begin")
    before = _epoch(stamps.parent)
    _wait(lambda: _epoch(stamps.parent) > before + 1, DEADLINE_S, "it makes no checkpoint")
    time.sleep(EVERY_S / 2)
    pids = VICTIMS[who](root)
    killed_at = time.clock_gettime(time.CLOCK_MONOTONIC)
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    why = f"it has not come back after the death of its {who}"
    _wait(lambda: new_work(moments(str(stamps)), killed_at) is not None, PATIENCE_S, why)
    raise _Back((new_work(moments(str(stamps)), killed_at) or 0.0) - killed_at)


def new_work(told: Sequence[tuple[float, float]], killed_at: float) -> float | None:
    """When there was more than ever before, or None.

    What has not died works on for a while, and that is done again: so the count has to go back first.

    Parameters
    ----------
    told
        (moment, count), as they came.
    """
    most, last, back = 0.0, 0.0, False
    for at, count in told:
        back = back or (at > killed_at and count < last)
        if back and count > most:
            return at
        last, most = count, max(most, count)
    return None


def _wait(what: Callable[[], bool], most_s: float, why: str) -> None:
    end = time.monotonic() + most_s
    while not what():
        if time.monotonic() > end:
            raise TrialError(f"{why} in {most_s:.0f} s")
        time.sleep(LOOK_S)


def _furthest(stamps: Path) -> float:
    return max((count for _, count in moments(str(stamps))), default=0.0)


def _epoch(folder: Path) -> int:
    """The newest complete checkpoint; 0: none."""
    found = [path.name[6:] for path in folder.glob("*.checkpoints/epoch-*") if path.name[6:].isdigit()]
    return max(map(int, found), default=0)
