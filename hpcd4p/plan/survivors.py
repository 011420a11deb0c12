"""The plan of a run that goes on without some of its ranks. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hpcd4p.plan.make import place
from hpcd4p.plan.model import HEAD, Mapping, Plan, Role

if TYPE_CHECKING:
    from hpcd4p.plan.settings import EngineSettings

LEAST = 2
"""Ranks: rank 0 and one more."""


def among(plan: Plan, ranks: Sequence[int], settings: EngineSettings) -> Plan:
    """`plan` for some of its ranks, which keep their numbers; elements have the partitions that they had.

    Parameters
    ----------
    ranks
        In order, with rank 0: at least `LEAST`.

    Examples
    --------
    Rank 1 had all the state, and has died:

    >>> from hpcd4p import ProducerPE, KeyedPE, WorkflowGraph
    >>> from hpcd4p.plan.make import make_plan
    >>> from hpcd4p.plan.settings import EngineSettings
    >>> class Numbers(ProducerPE):
    ...     pass
    >>> class Count(KeyedPE):
    ...     pass
    >>> graph = WorkflowGraph()
    >>> graph.connect(Numbers(), "output", Count(key=0), "input")
    >>> plan, _ = make_plan(graph, 5, EngineSettings())
    >>> plan.stateful_ranks, plan.pool_ranks
    ((1,), (2, 3, 4))
    >>> left = among(plan, [0, 2, 3, 4], EngineSettings())
    >>> left.stateful_ranks, left.pool_ranks
    ((2,), (3, 4))
    """
    if plan.mapping is Mapping.STATIC:
        return plan._replace(stateful_ranks=tuple(rank for rank in ranks if rank != HEAD))
    partitions = sum(e.partitions for e in plan.elements if e.role is Role.STATE)
    group, pool = place(len(ranks), partitions, settings)
    return plan._replace(
        stateful_ranks=tuple(ranks[place] for place in group),
        pool_ranks=tuple(ranks[place] for place in pool),
    )
