"""What rank 0 tells the other ranks at the start."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, NamedTuple

from hpcd4p.plan.model import Plan
from hpcd4p.wire.endpoint import Endpoint
from hpcd4p.workflow.generic import GenericPE


class Setup(NamedTuple):
    """What rank 0 tells every other rank at the start, by MPI and no other way: it holds the secret."""

    plan: Plan
    elements: list[bytes]
    settings: dict[str, Any]
    module: tuple[str, str | None, str | None] | None
    secret: bytes
    endpoint: Endpoint
    run_id: str
    shas: dict[str, str]
    shared: bool
    by_value: bool


def copy_element(pe: GenericPE, partition: int, partitions: int) -> GenericPE:
    """An element for one partition: the object itself if there is only one, else a copy."""
    if partitions <= 1:
        return pe
    return deepcopy(pe)
