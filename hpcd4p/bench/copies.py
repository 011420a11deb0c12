"""How much memory a rank has while copies of it write its state: see `runtime.rank.in_turn`."""

from __future__ import annotations

import time

from hpcd4p.bench.processes import descendants, proportional_bytes, ranks_below

LOOK_S = 0.05

REST = 10.0
"""After a look it rests so many times as long: the rank is held up by it, longer the more memory it has."""

STATE = 1
"""The rank that is looked at: the first with state."""


class Copies:
    """Looks at the memory of the rank with state while a run goes on; to be called with its launcher.

    Attributes
    ----------
    alone, together
        Most bytes of the rank when it was alone, and with its copies when it had some.
    """

    def __init__(self) -> None:
        self.alone = self.together = 0

    def __call__(self, launcher: int) -> None:
        """Look until the rank is gone."""
        seen = False
        while True:
            pid = ranks_below(launcher).get(STATE)
            if pid is None and seen:
                return
            began = time.monotonic()
            if pid is not None:
                seen = True
                self._look(pid)
            time.sleep(max(LOOK_S, REST * (time.monotonic() - began)))

    def _look(self, pid: int) -> None:
        copies = descendants(pid)
        held = sum(map(proportional_bytes, [pid, *copies]))  # pages that they share count once
        if copies:
            self.together = max(self.together, held)
        else:
            self.alone = max(self.alone, held)
