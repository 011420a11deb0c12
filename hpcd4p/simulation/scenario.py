"""What is simulated: the pool, the machine, the load and the settings of the engine."""

from __future__ import annotations

from dataclasses import dataclass, field

from hpcd4p.control.granularity import COMMIT_S
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.simulation.arrivals import AT_ONCE, Arrivals
from hpcd4p.simulation.cores import NONE, Contention
from hpcd4p.simulation.service import Service


@dataclass(frozen=True)
class Scenario:
    """One run to simulate; times in seconds."""

    ranks: int
    """Ranks of the pool; the head and the stateful group come on top."""
    tuples: int
    service: Service
    arrivals: Arrivals = AT_ONCE
    cpu: float = 0.0
    """Part of the service time that needs a core, 0 to 1; the rest only waits."""
    nodes: int = 1
    cores: int = 0
    """Cores of each node; 0: one for each rank."""
    contention: Contention = NONE
    redis_commit_s: float = COMMIT_S
    """Seconds of the Redis server's core for a task."""
    seed: int = 1
    settings: EngineSettings = field(default_factory=EngineSettings)

    step_s: float = 0.0003
    """A round trip to Redis without the work and the queue there: the rank's system calls and the network.
    0.1 ms of it is the least for redis-py (bench *raw*), the rest is Python."""
    handling_s: float = 0.00015
    """Seconds of a core for each task beside its elements: unpickle, route, commit."""
    ring_s: float = 0.0003
    """From the ring of its bell to the first step of an idle rank (bench *raw*: 0.2 to 0.5 ms)."""
    wake_s: float = 0.001
    """The same for a parked rank."""

    @property
    def ranks_per_node(self) -> int:
        """Ranks fill one node after the other."""
        return -(-self.ranks // self.nodes)

    @property
    def contended(self) -> bool:
        """Whether a node has fewer cores than ranks that compute."""
        return bool(self.cpu) and 0 < self.cores < self.ranks_per_node
