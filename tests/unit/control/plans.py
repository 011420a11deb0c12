"""Plans without a workflow, for the tests of what is decided."""

from __future__ import annotations

from hpcd4p.plan.model import ElementPlan, Plan, Role, Route, Spread


def plan_of(roles: list[Role], edges: list[tuple[int, int]], partitions: int = 2) -> Plan:
    """A plan with these elements and edges; the collector is added, fed by every element without an edge."""
    end = len(roles)
    sources = {a for a, _ in edges}
    edges = [*edges, *((e, end) for e in range(end) if e not in sources)]
    elements = [
        ElementPlan(i, f"e{i}", role, False, partitions if role is Role.STATE else 0, (), (), "", False)
        for i, role in enumerate(roles)
    ]
    collector = ElementPlan(end, "collector", Role.COLLECT, False, 1, (), (), "", False)
    routes = [Route(a, "output", b, "input", Spread.SHUFFLE, None) for a, b in edges]
    return Plan("test", 4, (*elements, collector), tuple(routes), (1,), (2, 3))


def plan_of_chain(roles: str) -> Plan:
    """A source, and after it elements in a row: p of the pool, s with state."""
    kinds = [Role.ROOT, *({"p": Role.POOL, "s": Role.STATE}[role] for role in roles)]
    return plan_of(kinds, [(i, i + 1) for i in range(len(roles))])
