"""Which tasks stay in the shared memory of the head's node, where ranks live on several nodes. Pure.

Such a task waits in a line of its own, which only ranks of that node take from. Whoever is elsewhere and
finds nothing else has the head publish it once more, with its bytes; that costs the head what its writer has
spared.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from hpcd4p.plan.model import Plan

LINE_TASKS = 2
"""For each rank of the pool on that node: the next one is there when it looks, and little is carried at the
end, when ranks elsewhere have nothing left."""


def home_of(hosts: Sequence[str]) -> frozenset[int]:
    """The ranks on the node of rank 0, where there are several nodes and more than rank 0 on that one.

    Empty: all are there, or none but rank 0; then there is no line.
    """
    home = frozenset(rank for rank, host in enumerate(hosts) if host == hosts[0])
    return home if 1 < len(home) < len(hosts) else frozenset()


def line_of(plan: Plan, home: Collection[int]) -> HomeLine | None:
    """What a rank of the head's node knows of its line; None where there is none."""
    return HomeLine(len({*plan.pool_ranks} & {*home}), plan.size - len(home)) if home else None


class HomeLine:
    """What a rank of the head's node knows of that line.

    Parameters
    ----------
    here
        Ranks of the pool on that node.
    elsewhere
        Ranks of the run on other nodes.
    """

    def __init__(self, here: int, elsewhere: int) -> None:
        self._here = here
        self._elsewhere = elsewhere
        self._room = 0

    def hear(self, idle: int, waiting: int) -> None:
        """Note how many ranks are idle, and how many tasks wait in the line.

        =====================================  ============================================================
        idle ranks                             so many tasks in the line
        =====================================  ============================================================
        none                                   `LINE_TASKS` for each rank of the pool here
        some, perhaps all of them elsewhere    none: they would be carried at once
        more than there are elsewhere          as many as are idle here at least; those are rung first
        =====================================  ============================================================
        """
        most = max(0, idle - self._elsewhere) if idle else LINE_TASKS * self._here
        self._room = most - waiting

    def takes_one(self) -> bool:
        """Whether one more task goes into the line; if so, it counts."""
        if self._room <= 0:
            return False
        self._room -= 1
        return True
