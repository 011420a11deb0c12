"""How far the head reaches on several nodes: it watches the porters of the others, and dismisses them.

Owns no rule: `control.porters` says who lives.
"""

from __future__ import annotations

from hpcd4p.control.porters import Porters
from hpcd4p.runtime.rank.far_blocks import memory_lost
from hpcd4p.runtime.rank.link import Link
from hpcd4p.wire.messages import Observation
from hpcd4p.wire.nodes import PORTERS, Nodes
from hpcd4p.wire.orders import Stop

LEAVE_S = 2.0
"""A porter has a folder to remove, and at most a task to copy before."""

LOOK_S = 0.01


class Reach:
    """That of one run.

    Parameters
    ----------
    nodes
        The node of each rank.
    """

    def __init__(self, link: Link, nodes: Nodes) -> None:
        self._link = link
        self._nodes = nodes
        self._porters = Porters()
        link.reach(nodes)

    def look(self, seen: Observation) -> None:
        """Raise `RankLost` if tasks wait where nobody can read them any more."""
        for porter in self._porters.look(seen.committed, seen.alive):
            _, given_up = self._link.fence(porter)  # what it was about to carry waits in the line again
            if given_up:
                raise memory_lost(self._nodes, porter - PORTERS)
        node = self._porters.lost(seen.lines)
        if node is not None:
            raise memory_lost(self._nodes, node)

    def dismiss(self, wait: bool = True) -> None:
        """Have all porters leave, for nothing lies on their nodes any more; wait until they have."""
        seen = self._link.observe(alive=True)
        self._porters.look(seen.committed, seen.alive)
        here = {*self._porters.here()}
        if not here:
            return
        self._link.order(sorted(here), Stop(0, lost=False))
        for _ in range(int(LEAVE_S / LOOK_S) if wait else 0):
            if not here & self._link.observe_alive():
                break
            self._link.wait(LOOK_S)
