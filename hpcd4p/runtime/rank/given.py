"""What a rank is given at its start, as its parts need it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hpcd4p.control.granularity import Granularity
from hpcd4p.plan.model import Plan
from hpcd4p.runtime.clock import Clock
from hpcd4p.wire.codec import Codec
from hpcd4p.workflow.elements import GenericPE

if TYPE_CHECKING:
    from hpcd4p.plan.order import Order
    from hpcd4p.plan.settings import EngineSettings
    from hpcd4p.runtime.execute.spans import Spans
    from hpcd4p.transport.broker import Blocks


class Given(NamedTuple):
    """Of one rank; the same to its end."""

    rank: int
    plan: Plan
    elements: list[GenericPE]
    """The user's objects, by index in the plan."""
    settings: EngineSettings
    codec: Codec
    clock: Clock
    granularity: Granularity
    """Sizes of tasks, as they are learned."""
    blocks: Blocks | None = None
    """Shared memory for large buffers; None where the ranks have none in common."""
    measured: bool = False
    """Whether to look at the cores: the rank is a process of its own."""
    order: Order | None = None
    """What has to be put in order."""
    spans: Spans | None = None
    """Takes what the rank does; None: nobody does."""


def order_in(plan: Plan) -> Order | None:
    """What has to be put in order; most runs have nothing, and never import what knows of it."""
    if not any(element.ordered for element in plan.elements):
        return None
    from hpcd4p.plan.order import order_of

    return order_of(plan)
