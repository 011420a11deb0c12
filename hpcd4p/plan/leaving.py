"""What leaves the run, and which of it in order. Pure.

An output that is connected to nothing goes to the collector. One that is to leave in order goes to the
ordered collector instead, an ordered element of the engine's own: so the places, the watermark and the marks
that put the tuples of ordered elements right do the same for outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hpcd4p.errors import WorkflowError
from hpcd4p.plan.model import (
    COLLECTOR,
    ORDERED_COLLECTOR,
    ElementPlan,
    Plan,
    Role,
    Route,
    Spread,
)
from hpcd4p.plan.rows import shortened_list
from hpcd4p.workflow.generic import GenericPE

_STATELESS = (Role.POOL, Role.PINNED)


def collectors(
    plans: Sequence[ElementPlan],
    pes: Sequence[GenericPE],
    routes: Sequence[Route],
    all_ordered: bool,
    name: str,
) -> tuple[list[ElementPlan], list[Route]]:
    """The built-in last elements, and the routes into them, one for each unconnected output.

    Parameters
    ----------
    all_ordered
        Whether outputs leave in order of which their element does not say whether they do.

    Raises
    ------
    WorkflowError
        With each element that says what cannot be meant.
    """
    _refuse(pes, name)
    heard = {(r.source, r.output) for r in routes}
    leaving = [(e, output) for e in plans for output in e.outputs if (e.index, output) not in heard]
    ordered = {(e.index, output) for e, output in leaving if _is_ordered(pes[e.index], output, all_ordered)}
    first = len(plans)
    collected = [
        Route(
            e.index,
            output,
            first if not ordered or (e.index, output) in ordered else first + 1,
            f"{e.name}.{output}",
            Spread.ONE,
            None,
        )
        for e, output in leaving
    ]
    if not ordered:
        return [_collector(first, collected, "receives every unconnected output")], collected
    who = [e.name for e in plans if pes[e.index].ordered_outputs not in (None, False)]
    said = [*(["--ordered-outputs"] if all_ordered else []), *([f"of {shortened_list(who)}"] if who else [])]
    in_order = _collector(first, collected, f"receives the outputs that leave in order: {', '.join(said)}")
    rest = _collector(first + 1, collected, "receives every other unconnected output")
    return [in_order._replace(name=ORDERED_COLLECTOR, ordered=True), rest], collected


def _collector(index: int, collected: Iterable[Route], what: str) -> ElementPlan:
    return ElementPlan(
        index=index,
        name=COLLECTOR,
        role=Role.COLLECT,
        keyed=False,
        partitions=1,
        inputs=tuple(r.input for r in collected if r.target == index),
        outputs=(),
        reason=f"built in: {what}",
        movable=False,
    )


def _is_ordered(pe: GenericPE, output: str, all_ordered: bool) -> bool:
    said = pe.ordered_outputs
    if isinstance(said, tuple | list):
        return output in said
    return all_ordered if said is None else said


def _refuse(pes: Sequence[GenericPE], name: str) -> None:
    problems = []
    for pe in pes:
        said: object = pe.ordered_outputs
        declared = tuple(pe.outputconnections)
        if said is None or isinstance(said, bool):
            continue
        if not isinstance(said, tuple | list) or not all(isinstance(each, str) for each in said):
            problems.append(
                f"{pe.id} says ordered_outputs = {said!r}; expected True, False, None or a tuple of names of "
                "its outputs" + (f", as in ({said!r},)" if said in declared else "")
            )
        elif unknown := [each for each in said if each not in declared]:
            problems.append(
                f"{pe.id} says ordered_outputs = {said!r}, and declares no output {unknown[0]!r}; "
                f"its outputs are {', '.join(map(repr, declared)) or 'none'}"
            )
    if problems:
        raise WorkflowError(problems, name)


def orders(plan: Plan) -> dict[str, str]:
    """By output that leaves in order: what keeps its tuples from having one order; empty if nothing does.

    They have one if all of them come from one source, or from one instance of an element with state whose own
    tuples have one.
    """
    if not any(e.role is Role.COLLECT and e.ordered for e in plan.elements):
        return {}
    into: list[list[Route]] = [[] for _ in plan.elements]
    for route in plan.routes:
        into[route.target].append(route)
    writers: list[frozenset[int]] = []
    """By element: what has written the tuples that it gets, stateless elements left out."""
    why: list[str] = []
    """By element: why what it writes has no one order."""
    for e in plan.elements:
        found = [_written(plan, route, writers) for route in into[e.index]]
        joined = found[0] if len(set(found)) == 1 else frozenset[int]().union(*found)
        writers.append(joined)
        why.append(_why(plan, joined, why) or _why_not_in_turn(plan, e, into[e.index]))
    return {
        r.input: _why(plan, _written(plan, r, writers), why)
        for r in plan.collected()
        if plan.elements[r.target].ordered
    }


def _written(plan: Plan, route: Route, writers: Sequence[frozenset[int]]) -> frozenset[int]:
    source = plan.elements[route.source]
    return writers[source.index] if source.role in _STATELESS else frozenset({source.index})


def _why(plan: Plan, writers: frozenset[int], why: Sequence[str]) -> str:
    """Why there is no one order of what these write."""
    if len(writers) > 1:
        names = [plan.elements[each].name for each in sorted(writers)]
        listed = " and ".join(names) if len(names) == 2 else shortened_list(names)
        return f"no order between what is written by {listed}"
    for each in writers:
        many = plan.elements[each].partitions
        what = "partitions" if plan.elements[each].keyed else "instances"
        return f"no order between the {many} {what} of {plan.elements[each].name}" if many > 1 else why[each]
    return ""


def _why_not_in_turn(plan: Plan, e: ElementPlan, into: Sequence[Route]) -> str:
    """Why an element with state does not get its tuples in the order of one process."""
    if e.role is not Role.STATE or e.ordered:
        return ""
    sources = [plan.elements[route.source] for route in into]
    straight = len(sources) <= 1 and all(each.role not in _STATELESS and not each.movable for each in sources)
    return "" if straight else f"{e.name} gets its tuples in any order"


def leaving_lines(plan: Plan) -> list[str]:
    """What to say of the order of outputs, in words; nothing if none leaves in order."""
    found = orders(plan)
    if not found:
        return []
    lines = []
    for route in plan.collected():
        if route.input not in found:
            lines.append(f"{route.input}: leaves in any order")
        elif found[route.input]:
            lines.append(f"{route.input}: leaves in order; {found[route.input]}")
        else:
            lines.append(f"{route.input}: leaves in the order of one process")
    return lines
