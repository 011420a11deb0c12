"""The protocols of the two planes (`Broker`: tasks, control; `Mesh`: keyed data), and of `Blocks` of memory.

What an implementation must keep is the suite `hpcd4p.testing.conformance`; what one of ours does not keep is
named where it is tried.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum, StrEnum
from typing import Any, Protocol

from hpcd4p.wire.ask import NOTHING_ASKED, Ask, Awaited
from hpcd4p.wire.block import Block
from hpcd4p.wire.messages import Arrival, Commit, Entry, Notice, Observation, Reply, Snapshot, Task
from hpcd4p.wire.orders import Order


class Heard(IntEnum):
    """Why `Broker.wait` has returned."""

    SILENT = 0
    """The time ran out."""
    MAIL = 1
    """The bell, for a message of the mesh and nothing else."""
    BELL = 2
    """The bell, or a call of `Broker.wake`."""


class Claim(StrEnum):
    """What `Broker.claim` asks."""

    REAL = "real"
    """The element has changed. Granted to the first that asks, for good."""
    FILL = "fill"
    """Its only change is that something was filled in, with the content `digest`, which may be the same on
    other ranks. Granted to the first that asks, until its `RELEASE`; from then on, to all with the same
    digest. A rank with another digest, or one that asks in vain with `REAL`, makes the first one the owner
    for good."""
    RELEASE = "release"
    """Its content has stayed the same for long enough."""
    SAME = "same"
    """Whether something with the content `digest` was filled in elsewhere, and released. Nobody comes to own
    the element by that."""


class Broker(Protocol):
    """The plane of tasks and control, as one rank sees it. Local; any rank."""

    def step(self, commit: Commit, ask: Ask = NOTHING_ASKED, entry: Entry | None = None) -> Reply:
        """Commit, and take the next task, in one round trip.

        Parameters
        ----------
        commit
            What becomes visible; refused as a whole if this rank was declared lost.
        ask
            What else this rank asks for; done even if there is nothing to commit.
        entry
            What this rank vouches for (`transport.guard`).
        """

    def claim(
        self, element: int, claim: Claim = Claim.REAL, digest: str = "", entry: Entry | None = None
    ) -> bool:
        """Ask to be the only rank that runs a pool element, for it has changed here; or give that up.

        Returns
        -------
        bool
            Whether what this rank has done with the element may be committed.
        """

    def wait(self, seconds: float | None) -> Heard:
        """Return when the bell has rung, or `wake` was called, or after `seconds` (None: no limit)."""

    def wake(self) -> None:
        """End the `wait` of this rank from another thread."""

    def listen(self, ear: int | None) -> None:
        """From now on have `wait` end when `ear`, a descriptor, can be read; None: nothing but the bell."""

    def order(self, ranks: Sequence[int], order: Order, mark: int = 0) -> None:
        """Leave an order with each of `ranks` and ring their bells. Head only.

        Parameters
        ----------
        mark
            Number by which the rank recognises that the order is the head's (`transport.guard`).
        """

    def observe(
        self, alive: bool, fetch: bool = True, stats: bool = True, orders: Sequence[int] | None = None
    ) -> Observation:
        """Look at the counters; `alive`: and connections; `fetch`: and dead letters and reports. Head only.

        Without `stats` the statistics may be missing: with many elements they are large. `orders`: give the
        books as well, with the number of orders given to these ranks.
        """

    def fence(self, rank: int) -> tuple[int, list[Task]]:
        """Declare `rank` lost: refuse it from now on and lease its tasks to others. Head only.

        Returns
        -------
        int
            Its last committed transaction.
        list of Task
            Tasks that are not given to others, because too many ranks died with them.
        """

    def carry(self) -> list[Task]:
        """Lease this rank one task of the line of its node for each rank elsewhere that has looked for one.

        Whoever owns its element makes no difference: it is published again. Porters only (`wire.nodes`).
        """

    def fetch(self, porter: int, wanted: bytes) -> bytes | None:
        """What the porter of another node answers to `wanted`; None if there is none. Head only."""

    def serve(self, answer: Callable[[bytes], bytes]) -> None:
        """Answer what the head wants at this moment, if it wants anything. Porters of other nodes only."""

    def snapshot(self) -> Snapshot:
        """All that is not done, read at one moment; the ranks go on. Head only."""

    def awaited(self) -> list[Awaited]:
        """For which tasks ranks wait that can do nothing before these are finished. Head only.

        Words for people: a task that was given back in the middle may be missing.
        """

    def report(self, sealed: bytes) -> None:
        """Leave a sealed report (`wire.reports`) for the head."""

    def close(self) -> None:
        """Close the connections."""


class Mesh(Protocol):
    """The plane of keyed data, as one rank sees it. Local; any rank."""

    rank: int
    size: int

    @property
    def receiving(self) -> bool:
        """Whether a message has come in part."""

    @property
    def matched(self) -> int:
        """Messages of which something has come so far."""

    @property
    def whole(self) -> int:
        """How many of these, from the first one on, `poll` has given without a gap."""

    def send(self, dest: int, tx: int, frames: list[Any]) -> Any:
        """Start to send a message; returns a ticket. The frames must not change until it is sent."""

    def sent(self, ticket: Any) -> bool:
        """Whether the receiver has matched the whole message of `ticket`."""

    def notice(self, dest: int, tx: int) -> None:
        """Tell `dest` that this rank has committed up to `tx`."""

    def poll(self) -> list[Arrival | Notice]:
        """Messages that have come in whole, those of each sender in its order.

        Never waits.
        """

    def forget(self, rank: int) -> None:
        """Expect nothing more of `rank`: it is lost."""


class Line(Protocol):
    """Which tasks wait in the line of a node: `control.near_line.NearLine`."""

    def hear(self, idle: int, idle_here: int, waiting: int) -> None:
        """Note how many ranks are idle, how many of these on this node, how many tasks wait in the line."""

    def takes_one(self) -> bool:
        """Whether one more task goes into the line; if so, it counts."""


class Blocks(Protocol):
    """Memory of a node that all ranks of it can read, for large buffers on their way. Local; any rank.

    What a rank has put there stays when it dies: the rank that repeats a task reads it again.

    Attributes
    ----------
    line
        Of the tasks with buffers there, where ranks live on other nodes, too; else None.
    """

    line: Line | None

    def put(self, buffers: Sequence[bytes | memoryview]) -> Block | None:
        """Copy `buffers` into a block; None if there is no room for it."""

    def open(self, block: Block, sizes: Sequence[int]) -> list[Any]:
        """The buffers of these sizes in a block. They may be written to: nobody else sees that.

        Raises
        ------
        ForeignBytesError
            The block is not what its writer has made.
        """

    def release(self, block: Block) -> None:
        """Give up a block for good, for nobody will ask for it again; what was opened here stays readable."""
