"""Arrays of jobs: points of one shape go together, and all arrays share what may run at once. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any, Protocol

from hpcd4p.study.definition.study import Launch, Study


class Shaped(Protocol):
    """A point, or a planned attempt at one."""

    @property
    def ranks(self) -> int:
        """How many ranks it has."""

    @property
    def nodes(self) -> int:
        """On how many nodes."""


def shapes_of(points: Sequence[Shaped]) -> dict[tuple[int, int], list[int]]:
    """Give indices by (ranks, nodes), in the order of their first point."""
    shapes: dict[tuple[int, int], list[int]] = {}
    for index, each in enumerate(points):
        shapes.setdefault((each.ranks, each.nodes), []).append(index)
    return shapes


def shares(at_once: int, sizes: Sequence[int]) -> list[int]:
    """Give how many of each array may run at once, so that never more than `at_once` of all do.

    Where there are more arrays than that, each runs one, and waits for an earlier array.

    Examples
    --------
    >>> shares(8, [10, 10, 10])
    [3, 3, 2]
    """
    if len(sizes) >= at_once:
        return [1] * len(sizes)
    each, more = divmod(at_once, len(sizes))
    return [each + (i < more) for i in range(len(sizes))]


def slurm_parameters(study: Study, ranks: int, nodes: int) -> dict[str, Any]:
    """Give submitit's parameters for the points of one number of ranks and nodes."""
    launch: Launch = study.launch
    given: dict[str, Any] = {
        "job_name": f"hpcd4p-{study.name}",
        "time": ceil((study.time_s + launch.margin_s) / 60),
        "nodes": nodes,
        "ntasks_per_node": ranks // nodes,
        "cpus_per_task": launch.cpus_per_task,
        "use_srun": False,  # hpcd4p starts the ranks itself: mpirun in a step of srun would hang
        "setup": list(launch.setup),
        "additional_parameters": dict(launch.slurm),
    }
    for name in ("partition", "account", "qos", "constraint", "mem"):
        if getattr(launch, name):
            given[name] = getattr(launch, name)
    if launch.exclusive:
        given["exclusive"] = True
    return given
