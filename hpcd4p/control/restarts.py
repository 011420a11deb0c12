"""How often a run that dies is started again from its last checkpoint. Pure."""

from __future__ import annotations


class Restarts:
    """Counts the starts from one checkpoint: a run that always dies before the next one never ends.

    Parameters
    ----------
    most
        Starts from one checkpoint.

    Attributes
    ----------
    tries
        Starts from the last one so far.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.tries = 0
        self._epoch = 0

    def again(self, epoch: int) -> bool:
        """Whether to start again, when the newest checkpoint is `epoch`; 0: there is none yet."""
        if epoch != self._epoch:
            self._epoch = epoch
            self.tries = 0
        if self.tries >= self.most:
            return False
        self.tries += 1
        return True
