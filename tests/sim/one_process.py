"""Runs in one process with checkpoints in memory, by a clock that the dice move."""

from __future__ import annotations

import random
from typing import Any

from hpcd4p.plan.inputs import resolve_inputs
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.record.memory import MemorySink
from hpcd4p.record.summary import Summary
from hpcd4p.runtime import sequential
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.run_spec import RunSpec
from hpcd4p.runtime.sequential_cuts import SequentialCuts
from hpcd4p.testing.checkpoints import MemoryCheckpoint, MemoryKeeper, MemorySaver
from hpcd4p.testing.cluster import SECRET
from hpcd4p.wire.codec import Codec


class OneProcess:
    """One run, from its start or from a checkpoint; `keeper` has those that it makes."""

    def __init__(
        self,
        graph: Any,
        inputs: Any,
        seed: int,
        every_s: float,
        resume: MemoryCheckpoint | None = None,
        settings: EngineSettings | None = None,
    ) -> None:
        self.sink = MemorySink() if resume is None else resume.sink()
        self.keeper = MemoryKeeper(self.sink)
        self.summary: Summary | None = None
        self._every_s = every_s
        self._chance = random.Random(seed)
        self._now = 0.0
        settings = settings or EngineSettings()
        plan, elements = make_plan(graph, 1, settings)
        self._spec = RunSpec(plan, elements, resolve_inputs(plan, elements, inputs), settings)
        self._spec.resume = None if resume is None else resume.resumption()
        self._spec.checkpoints = self

    asked = None
    """No signal comes."""

    def equip_sequential(self, run: sequential.Sequential) -> None:
        """As `launch.checkpointing` does."""
        saver = MemorySaver(0, run.plan, self.keeper, self._chance)
        run.cuts = SequentialCuts(run, Codec(SECRET), self.keeper, saver, self._every_s)

    def _clock(self) -> float:
        self._now += self._chance.choice((0.0, 1e-4, 3e-4, 1e-2))
        return self._now

    def run(self) -> Summary:
        """Run to the end."""
        self.summary = sequential.run(self._spec, self.sink, clock=Clock(self._clock))
        return self.summary
