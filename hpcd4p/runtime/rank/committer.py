"""How a rank commits what it has written, and takes in what others have sent it.

The protocol of a transaction is in `runtime.commit`; this has the hands: the link, the mesh, and
both sides. When to commit, the loop says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from hpcd4p.backoff import Backoff
from hpcd4p.control.moves import BACKOFF_S
from hpcd4p.runtime.commit.inbox import Inbox
from hpcd4p.runtime.commit.outgoing import Outgoing
from hpcd4p.runtime.rank.link import Link
from hpcd4p.transport.broker import Mesh
from hpcd4p.wire.ask import Availability
from hpcd4p.wire.messages import Arrival, Commit, Notice, Reply

if TYPE_CHECKING:
    from hpcd4p.runtime.clock import Clock
    from hpcd4p.runtime.commit.outbox import Own

LAST_WORDS_S = 0.5
"""Enough to fetch what a dead rank has delivered, however large; the rest of it never comes."""


class Committer:
    """Commits and receives for one rank.

    Attributes
    ----------
    on_wait
        Called again and again while this rank waits, or works long, in the middle of something.
    busy
        Says whether this rank has something to do while its messages are not matched.
    """

    def __init__(self, link: Link, mesh: Mesh, outgoing: Outgoing, inbox: Inbox, clock: Clock) -> None:
        self.link = link
        self.outgoing = outgoing
        self.inbox = inbox
        self.on_wait: Callable[[], None] = lambda: None
        self.busy: Callable[[], bool] = lambda: bool(inbox.tuples)
        self._mesh = mesh
        self._clock = clock

    @property
    def receiving(self) -> bool:
        """Whether a part of a message is here and the rest is on its way."""
        return self._mesh.receiving

    def receive(self) -> bool:
        """Take in what other ranks have sent; whether there was anything."""
        if not self.inbox.lines:
            return False
        messages = self._mesh.poll()
        for message in messages:
            if isinstance(message, Arrival):
                self.inbox.arrived(message)
            else:
                self.inbox.noticed(message)
        self.inbox.release()
        return bool(messages)

    def commit(self) -> None:
        """Commit what has been delivered; if nothing has, ring ranks that leave messages unmatched."""
        commit, notify, local = self.outgoing.window.take_ready()
        if commit:
            self.link.exchange(commit)
            self._committed(commit, notify, local)
        elif len(self.outgoing.window):
            sleepers = self._ring()
            if sleepers:
                self.link.exchange(ring=sleepers)

    def commit_and_take(
        self, wanted: Sequence[int], availability: Availability, oldest: Sequence[int] = ()
    ) -> tuple[Reply, bool]:
        """Commit what has been delivered, and ask for a task, in one round trip.

        Parameters
        ----------
        oldest
            See `OrderAsk.oldest`.

        Returns
        -------
        (Reply, bool)
            The broker's answer, and whether anything was committed.
        """
        commit, notify, local = self.outgoing.window.take_ready()
        committed = bool(commit)
        reply = self.link.exchange(
            commit, take=wanted, ring=self._ring(), availability=availability, oldest=oldest
        )
        if committed:
            self._committed(commit, notify, local)
        return reply, committed

    def settle(self) -> None:
        """Seal, and wait until all is committed, receiving meanwhile; not on the way to the end of a run."""
        self.outgoing.seal()
        pause = Backoff(*BACKOFF_S)
        self.commit()
        while len(self.outgoing.window) and not self.link.stopping:
            self.receive()
            self.link.wait(pause.next())
            self.on_wait()
            self.commit()

    def forget(self, rank: int, committed: int) -> None:
        """Take in what the lost `rank` had committed, and forget the rest."""
        end = self._clock.now() + LAST_WORDS_S
        self.receive()
        while self._mesh.receiving and self._clock.now() < end:  # it may be its last committed message
            self.receive()
        self.inbox.noticed(Notice(rank, committed))
        self.inbox.drop(rank)
        self._mesh.forget(rank)

    def _ring(self) -> list[int]:
        return self.outgoing.window.choose_to_ring(self._clock.now(), self.outgoing.ring_after_s(self.busy()))

    def _committed(self, commit: Commit, notify: list[int], local: list[Own]) -> None:
        for owner in notify:
            self._mesh.notice(owner, commit.tx)
        for segments, turn, born in local:
            self.inbox.admit(segments, self._mesh.rank, turn, born)
