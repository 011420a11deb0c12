"""What is to be run: the plan, its elements and inputs, and the settings. Rank 0 only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hpcd4p.logs import WARNING
from hpcd4p.plan.model import Plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.wire.resumption import Resumption
from hpcd4p.workflow.elements import GenericPE


@dataclass
class RunSpec:
    """One run that is to be made. Rank 0 only."""

    plan: Plan
    elements: list[GenericPE]
    """By index in the plan, collectors apart."""
    inputs: dict[int, int | list[Any]]
    """For each root: how often to call it, or the inputs of each call."""
    settings: EngineSettings = field(default_factory=EngineSettings)
    module: tuple[str, str | None, str | None] | None = None
    """(name, path, source) of a workflow file, so that other ranks know its classes without reading it."""
    argv: list[str] = field(default_factory=list)
    """The workflow's own options."""
    redis_url: str | None = None
    redis_interface: str | None = None
    scratch: str | None = None
    by_value: bool = False
    """Classes live in a notebook, or functions have no name of their own: pickle them by value."""
    log_level: int = WARNING
    """Of the engine's own log, where this spec is not run by the command line: see `hpcd4p.logs`."""
    checkpoints: Any = None
    """`launch.checkpointing.Checkpoints`, or None."""
    resume: Resumption | None = None
    """What the run goes on from; None: it begins."""
    live: Any = None
    """`live.run.LiveRun`, or None."""
    trace: Any = None
    """`head.tracing.Tracing`; None: nobody has asked for it, or the run has not begun."""
    dispel4py: bool = False
    """The workflow imports dispel4py: other ranks need those names as well."""
