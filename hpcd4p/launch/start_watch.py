"""Watches ranks from outside while they start: in MPI_Init they would wait for each other forever.

Open MPI that keeps survivors (--enable-recovery) also lets ranks wait for one that ended before MPI_Init.
After MPI_Init rank 0 watches the others itself, and this watch only rank 0; when the run has begun, it is not
needed any more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from hpcd4p.control.roll import Roll
from hpcd4p.launch.siblings import ranks_under
from hpcd4p.launch.status_note import MET

LOOK_S = 2.0
"""Between two looks. The first comes when a run of ordinary size has begun, and so costs nothing."""

Words = Callable[[], str]


class StartWatch:
    """A thread that looks until the run has begun or ended.

    Parameters
    ----------
    expected
        Ranks that must come up on this node.
    words
        Gives the content of rank 0's note.
    end
        Called once, when ranks are missing.

    Attributes
    ----------
    missing
        Ranks that ended before the run began.
    """

    def __init__(self, expected: range, words: Words, end: Callable[[], None]) -> None:
        self.missing: list[int] = []
        self._roll = Roll(expected)
        self._words = words
        self._end = end
        self._over = threading.Event()

    def begin(self, launcher: int) -> None:
        """Watch the children of the process `launcher`."""
        threading.Thread(target=self._look, args=(launcher,), daemon=True).start()

    def close(self) -> None:
        """Stop watching."""
        self._over.set()

    def _look(self, launcher: int) -> None:
        while not self._over.wait(LOOK_S):
            missing = self._roll.look(ranks_under(launcher))
            words = self._words()  # after the look: a rank 0 that ended in order has written them before
            if words not in ("", MET):
                return  # BEGUN, or the status of the run
            missing = [rank for rank in missing if rank == 0 or words != MET]
            if missing and not self._over.is_set():
                self.missing = missing
                self._end()
                return
