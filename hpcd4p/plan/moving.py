"""Which elements may move from rank to rank: those that keep nothing beside their instances. Pure."""

from __future__ import annotations

from hpcd4p.plan.changes import changed_places
from hpcd4p.plan.model import Plan, Role
from hpcd4p.plan.order import order_of
from hpcd4p.workflow.generic import GenericPE
from hpcd4p.workflow.places import Search


def why_it_stays(plan: Plan, index: int, pe: GenericPE) -> str:
    """Why the partitions of an element stay on their ranks, in words; empty if they may move."""
    element = plan.elements[index]
    if element.role is not Role.STATE:
        return "it holds no state"
    if element.undeclared:
        return f"it changes {element.undeclared} without declaring it"
    if element.together or element.shared:
        return f"it shares {element.together or ', '.join(element.shared)} with others"
    order = order_of(plan) if any(each.ordered for each in plan.elements) else None
    if order is not None and any(r.source == index and r.target in order.reach for r in plan.routes):
        return "what it writes is put in order further down, and each rank has an order of its own"
    below = [plan.elements[route.target] for route in plan.routes if route.source == index]
    if any(e.role is Role.COLLECT and e.ordered for e in below):
        return "what it writes leaves in order, and an instance that moves writes from two ranks"
    named = [e.name for e in below if e.role is Role.STATE]
    if named:  # what an instance writes before and after a move comes from two ranks
        return f"it writes to {named[0]}, which holds state and may go by the order of what it writes"
    changed = sorted(name for name in changed_places(pe) if ".__" not in name)
    if changed:
        return f"it changes {', '.join(changed[:3])}, which is not its own"
    states = sorted(place.label for place in Search(pe).places.values() if place.kind == "state")
    return f"it means the {states[0]} of its process" if states else ""
