"""Sources that may write something else when a run that goes on repeats them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from hpcd4p.plan.model import Plan, Role
from hpcd4p.workflow.generic import GenericPE, can_seek
from hpcd4p.workflow.outside import asks


def not_repeated(
    plan: Plan, elements: Sequence[GenericPE], names: Collection[str] | None = None
) -> list[str]:
    """A sentence for each source that may write something else when it is repeated.

    One that says where it is goes on there, and is not repeated.

    Parameters
    ----------
    names
        Of the sources in question; None: all of them.
    """
    roots = (e for e in zip(plan.elements, elements, strict=False) if e[0].role is Role.ROOT)
    sources = (e for e in roots if names is None or e[0].name in names)
    found = ((e.name, asks(pe)) for e, pe in sources if not can_seek(pe))
    return [
        f"{name} uses {', '.join(used[:3])}, so it may write something else when a run that goes on calls "
        "it again: as many tuples as were taken before are left out, whatever they are, and some may then be "
        "missing or there twice; with position() and seek() it goes on where it was"
        for name, used in found
        if used
    ]
