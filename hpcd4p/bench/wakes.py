"""A pool that the clock parks and wakes, with work at all times: ``--autoscale hpcd4p.bench.wakes:Wakes``.

The workflow and the policy of `hpcd4p.bench.parking`. Public names only.
"""

from __future__ import annotations

import os
import time
from typing import Any

from hpcd4p import IterativePE, ProducerPE, WorkflowGraph
from hpcd4p.control.scaling import Decision

SETTLE_S = 1.5
"""All ranks are active: start-up is over after it."""

PARKED_S = 12.0
"""All but one are parked: their share of a core is measured in it."""

PHASE_S = 0.5
"""Then they are woken and parked in turns, each for so long."""

WAKES = 10

NAP_S = 0.005
TUPLES = 14_000
"""More than the pool does before the last phase is over."""


class Wakes:
    """All or one, by the time of the run. Not pure: its reasons carry the time of the machine."""

    def __init__(self, bounds: Any) -> None:
        self.bounds = bounds

    def decide(self, seen: Any) -> Decision:
        """See `hpcd4p.control.scaling.Policy`."""
        since = seen.now_s - SETTLE_S - PARKED_S
        in_turn = int(since / PHASE_S)
        parked = since < 0 if in_turn <= 0 else in_turn % 2 == 1 and in_turn < 2 * WAKES
        few = seen.now_s >= SETTLE_S and parked
        return Decision(self.bounds.least if few else self.bounds.most, f"at {time.monotonic():.6f}")


class Numbers(ProducerPE):
    """All at once, so that a rank that wakes finds work."""

    def _process(self, inputs: Any) -> None:
        for number in range(TUPLES):
            self.write("output", number)


class Nap(IterativePE):
    """Says which process began it, and when."""

    def _process(self, number: int) -> tuple[int, float]:
        began = time.monotonic()
        time.sleep(NAP_S)
        return os.getpid(), began


def build(options: Any) -> WorkflowGraph:
    """Source and naps."""
    graph = WorkflowGraph()
    graph.connect(Numbers(), "output", Nap(), "input")
    return graph
