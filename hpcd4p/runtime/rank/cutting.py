"""The part that a rank has in a checkpoint: it stands still until the cut is fixed, and saves what it holds.

A cut is consistent without stopping the pool. A transaction commits when its messages have arrived, so once
the ranks that hold partitions stand still with nothing of their own under way, what they hold and what has
arrived of committed transactions is all that the counters know of. The head reads those at one moment, and
tells which transactions count (the idea: Chandy and Lamport, ACM Trans. Comput. Syst. 3:63, 1985; here the
commits take the place of the markers).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from hpcd4p.wire.cut_reports import AtCut, Saved
from hpcd4p.wire.orders import Cut, Fix, Order

if TYPE_CHECKING:
    from hpcd4p.runtime.clock import Clock
    from hpcd4p.runtime.execute.instance import Instance
    from hpcd4p.runtime.rank.committer import Committer
    from hpcd4p.runtime.rank.imaging import Image
    from hpcd4p.runtime.rank.partitions import Partitions


class Saver(Protocol):
    """Saves images while the rank goes on."""

    def begin(self, instances: Sequence[Instance]) -> None:
        """Get the instances of this rank, which have just started."""

    def save(self, epoch: int, base: int, image: Image) -> None:
        """Begin to save `image`; what it holds may change once this returns.

        Parameters
        ----------
        base
            The last complete checkpoint of the run, so that what has changed since is enough; 0: none.
        """

    def changed(self) -> bool:
        """Whether instances have changed what is not their own, so that no image holds it."""

    def ended(self) -> list[Saved]:
        """What to report of each that has ended since the last call, well or not."""

    @property
    def look_s(self) -> float | None:
        """Seconds after which to ask `ended` again; None: nothing is being saved."""


class Cutting:
    """The cuts of one rank.

    Attributes
    ----------
    standing
        The epoch for which this rank stands still; 0: none.
    """

    def __init__(
        self, rank: int, committer: Committer, partitions: Partitions, saver: Saver, clock: Clock
    ) -> None:
        self.standing = 0
        self._told = False
        self._base = 0
        self._now = clock.now
        self._stands_since = 0.0
        self._stood: dict[int, float] = {}
        """Seconds, of each epoch that is being saved."""
        self._rank = rank
        self._committer = committer
        self._partitions = partitions
        self._saver = saver

    def begin(self) -> None:
        """Note what is here: the instances of this rank have started."""
        self._saver.begin(self._partitions.held())

    def obey(self, order: Order) -> None:
        """Carry out an order, if it is about a cut."""
        if isinstance(order, Cut):
            self._stand(order.epoch)
            self._base, self._told = order.base, False
            self._stands_since = self._now()
            self._committer.outgoing.seal()
        elif isinstance(order, Fix) and order.epoch == self.standing:
            if order.committed:
                self._saver.save(order.epoch, self._base, self._image(order.committed))
                self._stood[order.epoch] = self._now() - self._stands_since
            self._stand(0)

    def _stand(self, epoch: int) -> None:
        """Stand for a cut, or no longer: what is finished after it must not decide what is in line in it."""
        self.standing = epoch
        order = self._committer.inbox.order
        if order is not None:
            order.stands = epoch != 0

    def tend(self) -> None:
        """Between two moves: tell the head what it waits for."""
        outgoing, link = self._committer.outgoing, self._committer.link
        if self.standing and not self._told:
            outgoing.seal()
            if not len(outgoing.window):
                self._told = True
                link.exchange(stats=True)  # the cut has all that was counted here
                link.report(AtCut(self._rank, self.standing))
        for saved in self._saver.ended():
            saved.stood_s = self._stood.pop(saved.epoch, 0.0)
            link.report(saved)

    @property
    def look_s(self) -> float | None:
        """Seconds after which to `tend` again; None: there is nothing to wait for."""
        return self._saver.look_s

    def has_changed(self) -> bool:
        """Whether instances have changed what is not their own, so that no image holds it."""
        return self._saver.changed()

    def _image(self, committed: tuple[int, ...]) -> Image:
        from hpcd4p.runtime.rank.imaging import Image

        gone = self._committer.outgoing.owners.gone()
        return Image(self._partitions.held(), self._committer.inbox.image(committed), gone)
