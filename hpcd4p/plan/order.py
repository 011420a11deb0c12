"""Which elements get their tuples in order, and which tasks that concerns. Pure.

In order means: along each path from what wrote them, as in one process, although a pool works on them in any
order. Only what has been through the pool has to be put in order again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hpcd4p.errors import WorkflowError
from hpcd4p.plan.model import HEAD, ElementPlan, Plan, Role, Route
from hpcd4p.workflow.generic import GenericPE


class Order(NamedTuple):
    """What the ranks of a run must know to keep an order."""

    elements: frozenset[int]
    """Those that get their tuples in order."""
    reaches: tuple[frozenset[int], ...]
    """Sets of ordered elements to which some element of the pool leads through the pool alone."""
    reach: dict[int, int]
    """Index of its set, by element of the pool that leads to any."""
    origins: dict[int, frozenset[tuple[int, int]]]
    """Elements that may write tasks from which those of a reach come, each with a rank where it does."""
    forks: frozenset[tuple[int, str]] = frozenset()
    """Elements and outputs from which paths part that meet again: see `plan.meeting`."""
    above_forks: frozenset[int] = frozenset()
    """Elements whose tasks may come to such a fork, through the pool alone, and those that are one."""
    tasks: dict[int, frozenset[int]] = {}
    """By element that is not in the pool: the ordered elements to which the tasks lead that it may write, and
    those that its own calls may be. What it sends there itself waits for these."""

    def writers(self, held: frozenset[int]) -> list[tuple[int, int, int]]:
        """From where tasks come that lead to these elements: reach, element, rank."""
        return [
            (number, *writer)
            for number, leads_to in enumerate(self.reaches)
            if leads_to & held & self.elements
            for writer in sorted(self.origins[number])
        ]


def with_order(plans: Sequence[ElementPlan], pes: Sequence[GenericPE]) -> list[ElementPlan]:
    """`plans`, in which elements that hold state get their tuples in order, if they do not say otherwise.

    A keyed one has to ask for it: it is made for many tuples a second, and often only sums them up.
    """
    made = []
    for plan, pe in zip(plans, pes, strict=True):
        if plan.role is Role.STATE and _declared(pe) is not False:
            ordered = asks(pe) or not plan.keyed
            if asks(pe):
                why = "in order: it says ordered = True"
            elif ordered:
                why = "in order by default"
            else:
                why = "in any order by default"
            plan = plan._replace(ordered=ordered, reason=f"{plan.reason}; {why}")
        made.append(plan)
    return made


def asks(pe: GenericPE) -> bool:
    """Whether `pe` says that its tuples have to be in order; if not, the plan may do with less."""
    return _declared(pe) is True


def _declared(pe: GenericPE) -> object:
    """What `pe` says of its order. Something else of the user's may have that name: it says nothing."""
    own = vars(pe).get("ordered")
    value = own if isinstance(own, bool) else getattr(type(pe), "ordered", None)
    return value if isinstance(value, bool | str | int | float) else None


def refuse_order(plans: Sequence[ElementPlan], pes: Sequence[GenericPE], name: str) -> None:
    """Refuse elements that ask for an order that means nothing.

    Raises
    ------
    WorkflowError
        With each of them.
    """
    problems = []
    for plan, pe in zip(plans, pes, strict=False):
        declared = _declared(pe)
        if declared is not None and not isinstance(declared, bool):
            problems.append(f"{plan.name} says ordered = {declared!r}; expected True, False or None")
        if declared is not True:
            continue
        if plan.role is Role.ROOT:
            problems.append(
                f"{plan.name} says ordered = True, and is a source: nothing comes to it that could have an "
                "order; say it of the element with state that goes by the order of what it writes"
            )
        elif plan.role is not Role.STATE and pe.stateful is False:
            problems.append(
                f"{plan.name} says both ordered = True and stateful = False: an element whose answer goes by "
                "the order of its tuples holds state; leave out the one that is wrong"
            )
        elif plan.role is not Role.STATE:
            problems.append(
                f"{plan.name} says ordered = True, and holds no state, so the order of its tuples changes "
                "nothing; say it of the element behind it that goes by the order, or add stateful = True"
            )
        elif plan.partitions > 1 and not plan.keyed and (free := _ungrouped(pe)):
            problems.append(
                f"{plan.name} says ordered = True, and has {plan.partitions} instances and no grouping on "
                f"its input {free!r}: each would have an order of its own of tuples chosen by their content; "
                "give the input a grouping, or leave numprocesses at 1"
            )
    if problems:
        raise WorkflowError(problems, name)


def _ungrouped(pe: GenericPE) -> str:
    """Its first input without a grouping; empty if all have one."""
    if pe.stateful not in (None, True, False, "nature"):
        return ""  # that is the grouping of inputs that have none
    return next((name for name, each in pe.inputconnections.items() if each.get("grouping") is None), "")


def leads_to_ordered(plans: Sequence[ElementPlan], routes: Sequence[Route]) -> dict[int, str]:
    """Elements of the pool that lead to ordered ones through the pool alone, each with the name of one."""
    found: dict[int, str] = {}
    for route in sorted(routes, key=lambda r: r.target, reverse=True):  # those nearest the sinks first
        if plans[route.source].role is not Role.POOL:
            continue
        name = plans[route.target].name if plans[route.target].ordered else found.get(route.target)
        if name is not None:
            found[route.source] = name
    return found


def order_of(plan: Plan) -> Order | None:
    """What has to be put in order; None if nothing has, so that nobody pays for it."""
    elements = frozenset(e.index for e in plan.elements if e.ordered)
    if not elements or not plan.pool_ranks:
        return None
    below = plan.stateful_below()
    leads = {e: frozenset(below[e] & elements) for e in plan.streams}
    reaches = tuple(sorted({found for found in leads.values() if found}, key=sorted))
    forks = frozenset((e.index, output) for e in plan.elements for output in e.forks)
    if not (reaches or forks):
        return None
    reach = {e: reaches.index(found) for e, found in leads.items() if found}
    above = _above({fork for fork, _ in forks}, plan, reach)
    return Order(elements, reaches, reach, _origins(plan, reaches, reach), forks, above, _tasks(plan, leads))


def _above(forks: set[int], plan: Plan, reach: dict[int, int]) -> frozenset[int]:
    """Elements whose tasks may come to one of `forks`, or are its calls."""
    found = forks & reach.keys()
    for route in reversed(plan.routes):  # in the order of their sources
        if route.target in found and route.source in reach:
            found.add(route.source)
    return frozenset(found)


def _tasks(plan: Plan, leads: dict[int, frozenset[int]]) -> dict[int, frozenset[int]]:
    """To which ordered elements tasks may lead that an element writes, or that are its calls."""
    found = {e.index: leads.get(e.index, frozenset()) for e in plan.elements if e.role is not Role.POOL}
    for route in plan.routes:
        if route.source in found and plan.elements[route.target].role is Role.POOL:
            found[route.source] |= leads[route.target]
    return found


def _origins(
    plan: Plan, reaches: tuple[frozenset[int], ...], reach: dict[int, int]
) -> dict[int, frozenset[tuple[int, int]]]:
    """By reach, whatever is above its tasks and no task itself."""
    origins: list[set[tuple[int, int]]] = [set() for _ in reaches]
    for element in plan.elements:
        if element.role is Role.POOL:
            continue
        # the pool below one element has tasks of many reaches: each goes the way of what it comes from
        found = {each for each in _through_pool(plan, element.index) if each in reach}
        if element.role is Role.ROOT:
            writers = {HEAD}
        else:
            writers = {plan.owner(element.index, p) for p in range(element.partitions)}
        for each in found | ({element.index} & reach.keys()):
            origins[reach[each]] |= {(element.index, rank) for rank in writers}
    return {number: frozenset(found) for number, found in enumerate(origins)}


def _through_pool(plan: Plan, element: int) -> set[int]:
    """Elements of the pool that what `element` writes may come to, through the pool alone."""
    found: set[int] = set()
    for route in plan.routes:  # in the order of their sources
        pooled = plan.elements[route.target].role is Role.POOL
        if pooled and (route.source == element or route.source in found):
            found.add(route.target)
    return found
