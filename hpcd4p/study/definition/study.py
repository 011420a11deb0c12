"""A scaling study: which points, how they are started. Its TOML file is read by `study_file`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from hpcd4p.study.definition.axes import Value

RANKS, NODES, ITERATIONS, CONFIG = "ranks", "nodes", "iterations", "config"
"""Axes that are neither settings nor options of the workflow; a config is a TOML file of `hpcd4p run`."""


@dataclass(frozen=True)
class Launch:
    """How the points are started."""

    cluster: str = "auto"
    at_once: int = 1
    ranks_per_node: int = 0
    cpus_per_task: int = 1
    margin_s: float = 120.0
    goes_on: int = 10
    partition: str = ""
    account: str = ""
    qos: str = ""
    constraint: str = ""
    mem: str = ""
    exclusive: bool = False
    setup: tuple[str, ...] = ()
    slurm: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Study:
    """A study, resolved. `time_s` is the limit of one attempt in seconds."""

    name: str
    workflow: str
    source: str
    title: str = ""
    scaling: str = "strong"
    grows: tuple[str, ...] = ()
    repeats: int = 1
    time_s: float = 600.0
    inputs: str = ""
    axes: dict[str, list[Value]] = field(default_factory=dict)
    combine: str = "product"
    exclude: tuple[dict[str, list[Value]], ...] = ()
    settings: dict[str, Value] = field(default_factory=dict)
    options: dict[str, Value] = field(default_factory=dict)
    baseline: dict[str, Value] = field(default_factory=dict)
    timelines: tuple[str, ...] = ()
    launch: Launch = field(default_factory=Launch)

    def as_dict(self) -> dict[str, Any]:
        """Give it as JSON takes it."""
        return asdict(self)
