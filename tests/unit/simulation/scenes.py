"""Scenarios, briefly."""

from __future__ import annotations

from hpcd4p.plan.settings import EngineSettings
from hpcd4p.simulation.arrivals import read_arrivals
from hpcd4p.simulation.head import simulate
from hpcd4p.simulation.outcome import SimulatedRun
from hpcd4p.simulation.scenario import Scenario
from hpcd4p.simulation.service import read_service

FREE = dict(step_s=0.0, handling_s=0.0, ring_s=0.0, wake_s=0.0, redis_commit_s=0.0)
"""Whatever lies around the work costs nothing: what is left is a queue of the textbook."""


def scene(ranks, tuples, service, arrivals="all", policy="none", engine=None, **given) -> Scenario:
    return Scenario(
        ranks=ranks,
        tuples=tuples,
        service=read_service(service),
        arrivals=read_arrivals(arrivals),
        settings=(engine or EngineSettings())._replace(autoscale=policy),
        **given,
    )


def run(*args, **given) -> SimulatedRun:
    return simulate(scene(*args, **given))
