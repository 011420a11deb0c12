"""The worlds in which MPI is tried: each rank of the job plays its own, and knows what the others got."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from hpcd4p.launch.blocks import NodeBlocks
from hpcd4p.testing.conformance import BrokerWorld, MeshWorld, MpiShare, Relay
from hpcd4p.transport.broker import Mesh
from hpcd4p.wire.messages import Commit

MESSAGE_S = 0.1
"""A message between the head and a rank is not longer on its way while both look."""

KEPT: list[Any] = []
"""All that was made: what is under way when a test ends must not be freed before MPI is done with it."""


def of_meshes(change: Callable[[Mesh], Mesh] = lambda mesh: mesh, folder: str = "") -> MeshWorld:
    """The meshes of all ranks, as `change` leaves them; with a `folder` they lend blocks in it."""
    from hpcd4p.transport import mpi
    from hpcd4p.transport.mpi_mesh import MpiMesh

    blocks = NodeBlocks(folder, mpi.world_rank(), mpi.world_size(), 1) if folder else None
    mesh = change(MpiMesh(loans=blocks))
    relay = Relay(mesh.rank, MpiShare(lambda: None))
    KEPT.append((mesh, relay))
    return MeshWorld(lambda rank: relay.mesh(rank, mesh))


class Brokers(BrokerWorld):
    """Those of the static mapping: the head's, and one on each other rank."""

    def __init__(self) -> None:
        from hpcd4p.transport.mpi_broker import RankMpiBroker
        from hpcd4p.transport.mpi_head_broker import HeadMpiBroker
        from hpcd4p.transport.mpi_mesh import MpiMesh

        self.mesh = MpiMesh()
        self.is_head = self.mesh.rank == 0
        everyone = frozenset(range(self.mesh.size))
        head = HeadMpiBroker(self.mesh, lambda: everyone, range(1, self.mesh.size)) if self.is_head else None
        self.own: Any = head or RankMpiBroker(self.mesh, None)
        self._share = MpiShare(self._serve)
        relay = Relay(self.mesh.rank, self._share)
        KEPT.append((self.mesh, self.own, relay))
        super().__init__(lambda rank: relay.broker(rank, self.own), self._pass_time, MESSAGE_S)

    def _serve(self) -> None:
        if self.is_head:
            self.own.observe(alive=False, fetch=False)  # takes in what others tell, and leaves all there

    def _pass_time(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._serve()
            time.sleep(min(left, 0.001))

    def meet(self) -> None:
        """All ranks; the head goes on serving, as it does whenever it waits."""
        self._share.meet()

    def close(self) -> None:
        """Let what is under way arrive."""
        for _ in range(2):
            self.own.step(Commit())
            self.meet()
        self.own.close()
