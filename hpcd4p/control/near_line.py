"""Which tasks stay in the shared memory of the node where they were written, where there are several. Pure.

Such a task waits in a line of its own, which only ranks of that node take from. Whoever is elsewhere and
finds nothing else has the porter of that node publish it once more, with its bytes; that costs what its
writer has spared.
"""

from __future__ import annotations

from hpcd4p.plan.model import Plan
from hpcd4p.wire.nodes import Nodes, ranks_on

LINE_TASKS = 2
"""For each rank of the pool on that node: the next one is there when it looks, and little is carried at the
end, when ranks elsewhere have nothing left."""


def line_of(plan: Plan, nodes: Nodes, node: int) -> NearLine | None:
    """What a rank of that node knows of its line; None where there is none: it would be alone there."""
    here = ranks_on(node, nodes)
    return NearLine(len({*plan.pool_ranks} & here)) if len(here) > 1 else None


class NearLine:
    """What a rank knows of the line of its node.

    Parameters
    ----------
    here
        Ranks of the pool on that node.
    """

    def __init__(self, here: int) -> None:
        self._here = here
        self._room = 0

    def hear(self, idle: int, idle_here: int, waiting: int) -> None:
        """Note how many ranks are idle, how many of them on this node, and how many tasks wait in the line.

        =========================  ====================================================
        idle ranks                 so many tasks in the line
        =========================  ====================================================
        none                       `LINE_TASKS` for each rank of the pool here
        some, none of them here    none: they would be carried at once
        some here                  one for each of these: they are rung first
        =========================  ====================================================
        """
        self._room = (idle_here if idle else LINE_TASKS * self._here) - waiting

    def takes_one(self) -> bool:
        """Whether one more task goes into the line; if so, it counts."""
        if self._room <= 0:
            return False
        self._room -= 1
        return True
