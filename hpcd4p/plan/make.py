"""Makes the plan: a graph, a number of ranks and settings in; elements, routes and hosts out.

Pure: the same arguments give the same plan, and the graph is not changed (but for the `id` of elements).
"""

from __future__ import annotations

from hpcd4p.errors import SettingsError, WorkflowError
from hpcd4p.plan.checks import dumps_as_sent, problems_of_elements, problems_of_members
from hpcd4p.plan.leaving import collectors
from hpcd4p.plan.mapping import pinned, read_mapping, refuse_state
from hpcd4p.plan.meeting import with_forks
from hpcd4p.plan.model import ElementPlan, Mapping, Plan, Role
from hpcd4p.plan.order import refuse_order, with_order
from hpcd4p.plan.ordering import in_order
from hpcd4p.plan.roles import judge, route_to
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.plan.sharing import Sharing
from hpcd4p.workflow.elements import GenericPE, KeyedPE
from hpcd4p.workflow.graph import Connection, WorkflowGraph, flattened


def make_plan(
    graph: WorkflowGraph,
    size: int,
    settings: EngineSettings,
    *,
    by_value: bool = False,
    mapping: str = Mapping.HYBRID,
) -> tuple[Plan, list[GenericPE]]:
    """Plan of `graph` on `size` ranks, and its elements by index (collectors apart).

    Parameters
    ----------
    by_value
        Elements will be pickled with the functions and classes of ``__main__`` in them (notebooks).
    mapping
        A `Mapping`, or its name.

    Raises
    ------
    WorkflowError
        With every problem of the graph.
    SettingsError
        When `size` is below 1, or a setting that the plan obeys is negative, or the mapping is not one for
        `size` ranks.
    """
    _check_numbers(size, settings)
    chosen = read_mapping(mapping, size)
    flat = flattened(graph)
    problems = flat.problems + problems_of_members(flat.members)
    numbered = [pe for pe in dict.fromkeys(flat.members) if _is_usable(pe)]
    problems += problems_of_elements(numbered, flat.connections, dumps_as_sent(numbered, by_value))
    if problems:
        raise WorkflowError(list(dict.fromkeys(problems)), graph.name)
    return _placed(graph.name, numbered, flat.connections, size, settings, chosen, by_value)


def _check_numbers(size: int, settings: EngineSettings) -> None:
    if size < 1:
        raise SettingsError(f"the number of ranks is {size}; expected 1 or more")
    for name in ("stateful_ranks", "partitions"):
        if getattr(settings, name) < 0:
            raise SettingsError(
                f"{name} is {getattr(settings, name)}; expected 0 (let the plan choose) or more"
            )


def _is_usable(pe: object) -> bool:
    return isinstance(pe, GenericPE) and hasattr(pe, "inputconnections") and hasattr(pe, "outputconnections")


def _placed(
    name: str,
    elements: list[GenericPE],
    connections: list[Connection],
    size: int,
    settings: EngineSettings,
    mapping: Mapping,
    by_value: bool,
) -> tuple[Plan, list[GenericPE]]:
    _give_ids(elements)
    number = {id(pe): i for i, pe in enumerate(elements)}
    order = in_order(len(elements), [(number[id(c.source)], number[id(c.target)]) for c in connections])
    pes = [elements[i] for i in order]
    at = {id(pe): i for i, pe in enumerate(pes)}
    connected: list[set[str]] = [set() for _ in pes]
    for c in connections:
        connected[at[id(c.target)]].add(c.input)
    plans = [_element(i, pe, connected[i], settings.partitions) for i, pe in enumerate(pes)]
    refuse_order(plans, pes, name)
    routes = [route_to(c.target, at[id(c.source)], c.output, at[id(c.target)], c.input) for c in connections]
    # in order of source and port, then as connected: a plan does not depend on the order of other calls
    routes.sort(key=lambda r: (r.source, r.target))
    sharing = Sharing(pes, by_value) if size > 1 else None
    if sharing is not None:
        plans = sharing.together(plans)
    plans = with_order(plans, pes)
    built_in, collected = collectors(plans, pes, routes, settings.ordered_outputs, name)
    plans, routes = [*plans, *built_in], [*routes, *collected]
    if mapping is Mapping.DYNAMIC:
        refuse_state(plans, name)
    if mapping is Mapping.STATIC and size > 1:
        plans, routes = pinned(plans, pes, routes, size - 1)
    plans = with_forks(plans, routes)
    partitions = sum(e.partitions for e in plans if e.role is Role.STATE)
    stateful_ranks, pool_ranks = place(size, partitions, settings)
    if mapping is Mapping.STATIC and size > 1:
        stateful_ranks, pool_ranks = tuple(range(1, size)), ()
    if sharing is not None:
        plans = sharing.shared(sharing.in_line(plans), stateful_ranks, pool_ranks)
    plan = Plan(name or "workflow", size, tuple(plans), tuple(routes), stateful_ranks, pool_ranks, mapping)
    return plan, pes


def _give_ids(elements: list[GenericPE]) -> None:
    """Name and running number, in order of adding; two numbers where one would be ambiguous."""
    taken: set[str] = set()
    for number, pe in enumerate(elements):
        unique = f"{pe.name}{number}"
        while unique in taken:
            unique = f"{unique}_{number}"
        taken.add(unique)
        pe.id = unique


def _element(index: int, pe: GenericPE, connected: set[str], partitions: int) -> ElementPlan:
    verdict = judge(pe, connected, partitions)
    return ElementPlan(
        index=index,
        name=pe.id,
        role=verdict.role,
        keyed=isinstance(pe, KeyedPE),
        partitions=verdict.partitions,
        inputs=tuple(pe.inputconnections),
        outputs=tuple(pe.outputconnections),
        reason=verdict.reason,
        movable=verdict.movable,
        first=index,
        undeclared=verdict.undeclared,
        caches=verdict.caches,
    )


def place(size: int, partitions: int, settings: EngineSettings) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Ranks of the stateful group and of the pool, for `partitions` partitions in all.

    The pool is never empty; with two ranks the second does both; with one there is only the head.
    """
    if size == 1:
        return (), (0,)
    if size == 2:
        return ((1,) if partitions else ()), (1,)
    group = 0
    if partitions:
        wanted = settings.stateful_ranks or max(1, (size - 1) // 4)
        group = min(wanted, partitions, size - 2)
    return tuple(range(1, group + 1)), tuple(range(group + 1, size))
