"""Who has died with a task, in words."""

from __future__ import annotations

from hpcd4p.wire.messages import Task


def ranks_died(task: Task) -> int:
    """How many ranks have died with it: not a process beside one."""
    return task.attempts - bool(task.beside)


def beside(task: Task) -> str:
    """Which process beside a rank has died with it, and how, after a semicolon; empty if none has."""
    if not task.beside:
        return ""
    rank, _, how = task.beside.partition(" ")
    return f"; the process that ran its task beside rank {rank} had died {how}"


def had_died(task: Task) -> str:
    """All that have died with it, after a semicolon; empty if nobody has."""
    ranks = ranks_died(task)
    if not ranks:
        return beside(task)
    many = "1 rank" if ranks == 1 else f"{ranks} ranks"
    return f"{beside(task)}; {many} had died with the task that it came in"
