"""The plan in words and as JSON, for the command ``plan`` and for messages."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from hpcd4p.plan.leaving import leaving_lines, orders
from hpcd4p.plan.meeting import meeting_lines, meetings
from hpcd4p.plan.model import HEAD, ElementPlan, Mapping, Plan, Role, Route, Spread
from hpcd4p.plan.rows import chosen_rows, shortened_list, with_gaps

SHOWN_ELEMENTS = 20
"""Elements listed for one rank before the rest is only counted."""

SHOWN_PER_RANK = 4
"""Partitions listed for one rank before the rest is only counted."""


def describe(plan: Plan) -> str:
    """Text that says what each element is and why, what flows where, and which rank does what."""
    parts = [
        f"Workflow {plan.name} on {plan.size} rank{'s' if plan.size != 1 else ''}"
        + ("" if plan.mapping is Mapping.HYBRID else f", mapping {plan.mapping.value}"),
        "Elements\n" + _table([_element_row(plan, e) for e in plan.elements]),
        "Connections\n" + _table([_route_row(plan, r) for r in plan.routes]),
        "Ranks\n" + _table(_rank_rows(plan)),
    ]
    if said := [*meeting_lines(plan), *leaving_lines(plan)]:
        parts.insert(3, "Order\n" + _table([(line,) for line in said]))
    return "\n\n".join(parts)


def _table(rows: list[tuple[str, ...]]) -> str:
    if not rows:
        return "  none"
    places = chosen_rows([0] * len(rows))
    shown = [rows[place] for place in places]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    lines = [
        "  " + "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in shown
    ]
    return "\n".join(with_gaps(lines, places, len(rows), "`plan --json` has all"))


def _element_row(plan: Plan, e: ElementPlan) -> tuple[str, ...]:
    return e.name, e.role.word, _where(plan, e), e.reason


def _where(plan: Plan, e: ElementPlan) -> str:
    if e.role is Role.POOL and not plan.pool_ranks:
        return "where its input is written"
    if e.role is Role.POOL:
        count = len(plan.pool_ranks)
        return f"any of {count} pool ranks" if count > 1 else f"rank {plan.pool_ranks[0]}"
    if e.role.fixed:
        hosts = _hosts(plan, e)
        what = _count(e.partitions, "partition" if e.keyed else "instance")
        return f"{what} on rank{'s' if len(hosts) > 1 else ''} {ranges(hosts)}"
    return f"head (rank {HEAD})" + (", later the pool" if e.movable and plan.size > 1 else "")


def _hosts(plan: Plan, e: ElementPlan) -> list[int]:
    return sorted({plan.owner(e.index, p) for p in range(e.partitions)})


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"


def _route_row(plan: Plan, r: Route) -> tuple[str, ...]:
    target = plan.elements[r.target]
    if target.role is Role.COLLECT:
        return f"{plan.elements[r.source].name}.{r.output}", "->", "outputs of the run", ""
    return (
        f"{plan.elements[r.source].name}.{r.output}",
        "->",
        f"{target.name}.{r.input}",
        _spread(plan, r, target),
    )


def _spread(plan: Plan, r: Route, target: ElementPlan) -> str:
    if r.spread is Spread.KEY:
        return f"by key {', '.join(map(repr, r.key or ()))}"
    if r.spread is Spread.EVEN:
        return "to each instance in turn" if target.partitions > 1 else "to its instance"
    if r.spread is Spread.ALL:
        return "to every instance"
    if r.spread is Spread.ONE:
        return "all to one instance"
    if target.role is Role.POOL:
        return "to any rank" if plan.pool_ranks else "at once"
    return "by content" if target.partitions > 1 else "to its instance"


def _rank_rows(plan: Plan) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    # ranks of the pool that do the same are one line, however many there are
    for what, ranks in groupby(range(plan.size), key=_duties_by_rank(plan).__getitem__):
        rows.append((ranges(ranks), what))
    return rows


def _duties_by_rank(plan: Plan) -> list[str]:
    held: dict[int, list[tuple[int, int]]] = {}
    for e in plan.elements:
        if e.role.fixed:
            for p in range(e.partitions):
                held.setdefault(plan.owner(e.index, p), []).append((e.index, p))
    pool = set(plan.pool_ranks)
    sources = [e.name for e in plan.elements if e.role is Role.ROOT]
    duties = []
    for rank in range(plan.size):
        parts = []
        if rank == HEAD:
            parts.append(f"head: sources {shortened_list(sources)}; collector; coordination")
        if rank in held:
            parts.append(f"{'stateful' if pool else 'pinned'}: {_held(plan, held[rank])}")
        if rank in pool:
            parts.append("pool: stateless elements" if plan.size > 1 else "stateless elements")
        duties.append("; ".join(parts) or "nothing to do")
    return duties


def _held(plan: Plan, pairs: list[tuple[int, int]]) -> str:
    texts = []
    for index, group in groupby(pairs, key=lambda pair: pair[0]):
        parts = [p for _, p in group]
        e = plan.elements[index]
        if e.partitions == 1:
            texts.append(e.name)
        else:
            shown = ",".join(map(str, parts[:SHOWN_PER_RANK]))
            more = f",... ({len(parts)} in all)" if len(parts) > SHOWN_PER_RANK else ""
            texts.append(f"{e.name}[{shown}{more}]")
    return shortened_list(texts, SHOWN_ELEMENTS)


def ranges(ranks: Iterable[int]) -> str:
    """Text of increasing numbers, runs shortened.

    Examples
    --------
    >>> ranges([1, 2, 3, 7])
    '1-3,7'
    """
    # within a run of neighbours, number minus place stays the same
    placed = groupby(enumerate(ranks), key=lambda pair: pair[1] - pair[0])
    runs = [[rank for _, rank in run] for _, run in placed]
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _several(names: list[str]) -> list[str]:
    return names if len(names) > 1 else []


def as_json(plan: Plan) -> dict[str, Any]:
    """The plan as plain dicts and lists, for ``plan --json``."""
    names = [e.name for e in plan.elements]
    met, leaving = meetings(plan), orders(plan)
    return {
        "workflow": plan.name,
        "ranks": plan.size,
        "mapping": plan.mapping.value,
        "elements": [
            {
                "name": e.name,
                "role": e.role.value,
                "reason": e.reason,
                "keyed": e.keyed,
                "partitions": e.partitions,
                "inputs": list(e.inputs),
                "outputs": list(e.outputs),
                "movable": e.movable,
                "ordered": e.ordered,
                "meet_here": [names[fork] for fork in met.get((e.index, ""), ((), ()))[0]],
                "no_order_between": _several([names[w] for w in met.get((e.index, ""), ((), ()))[1]]),
                "owners": [plan.owner(e.index, p) for p in range(e.partitions)]
                if e.role.fixed or e.role is Role.COLLECT
                else [],
            }
            for e in plan.elements
        ],
        "connections": [
            {
                "from": names[r.source],
                "output": r.output,
                "to": names[r.target],
                "input": r.input,
                "spread": r.spread.value,
                "key": list(r.key) if r.key is not None else None,
            }
            for r in plan.routes
        ],
        "leaves_in_order": [
            {
                "output": r.input,
                "meet_here": [names[fork] for fork in met[r.target, r.input][0]],
                "but": leaving[r.input],
            }
            for r in plan.collected()
            if r.input in leaving
        ],
        "head": HEAD,
        "stateful_ranks": list(plan.stateful_ranks),
        "pool_ranks": list(plan.pool_ranks),
    }
