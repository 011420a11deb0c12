"""The inputs of each source, from a number, a list, or a dict by element.

Owns the forms that inputs may have. It must never call an element.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import index
from typing import Any

from hpcd4p.errors import InputError
from hpcd4p.plan.limits import MAX_CALLS
from hpcd4p.plan.model import ElementPlan, Plan, Role
from hpcd4p.workflow.elements import BatchPE, ConsumerPE, GenericPE, IterativePE, KeyedPE

Calls = int | list[dict[str, Any]]


def resolve_inputs(plan: Plan, pes: list[GenericPE], given: Any = None) -> dict[int, Calls]:
    """Inputs of every root by its index: a number of calls of ``process({})``, or the inputs of each call.

    Parameters
    ----------
    given
        None: one call of each root. A number: that many calls of each. A list: the items of the only root.
        A dict: a number or a list for each root, by element, name or id; roots not in it get one call.

        An item is a dict, input name → datum; for a root with one input it may be the bare datum.

    Raises
    ------
    InputError
        Says which element, what was found and what was expected.
    """
    roots = {e.index: e for e in plan.elements if e.role is Role.ROOT}
    by_root: dict[int, Any] = dict.fromkeys(roots, 1)
    if isinstance(given, Mapping):
        by_root |= _by_element(plan, pes, roots, given)
    elif _is_many(given):
        if len(roots) != 1:
            names = ", ".join(e.name for e in roots.values())
            raise InputError(
                f"the inputs are a list, but there are {len(roots)} sources: {names}; give a dict by name"
            )
        by_root = dict.fromkeys(roots, given)
    elif given is not None:
        by_root = dict.fromkeys(roots, _number(given, "the inputs"))
    return {i: _calls(roots[i], pes[i], value) for i, value in by_root.items()}


def _by_element(
    plan: Plan, pes: list[GenericPE], roots: dict[int, ElementPlan], given: Mapping[Any, Any]
) -> dict[int, Any]:
    by_number: dict[int, Any] = {}
    for key, value in given.items():
        number = _find(plan, pes, roots, key)
        if number in by_number:
            raise InputError(f"inputs for {plan.elements[number].name} are given twice")
        by_number[number] = value
    return by_number


def _find(plan: Plan, pes: list[GenericPE], roots: dict[int, ElementPlan], key: Any) -> int:
    """Index of the root that `key` means."""
    sources = ", ".join(f"{e.name} (or {pes[i].name})" for i, e in roots.items()) or "none"
    if isinstance(key, GenericPE):
        matches = [i for i, pe in enumerate(pes) if pe is key]
    else:
        # an id is unique; a name may be that of several
        matches = [i for i, pe in enumerate(pes) if pe.id == key] or [
            i for i, pe in enumerate(pes) if pe.name == key
        ]
        if len(matches) > 1:
            matches = [i for i in matches if i in roots] or matches
    if not matches:
        raise InputError(
            f"the inputs name {key!r}, which is not an element of the workflow; its sources are: {sources}"
        )
    if len(matches) > 1:
        ids = ", ".join(plan.elements[i].name for i in matches)
        raise InputError(
            f"the inputs name {key!r}, which several elements are called: {ids}; use one of these"
        )
    if matches[0] not in roots:
        raise InputError(
            f"the inputs name {plan.elements[matches[0]].name}, whose inputs come from other elements; "
            f"the sources are: {sources}"
        )
    return matches[0]


def _is_many(given: Any) -> bool:
    return isinstance(given, Iterable) and not isinstance(given, (str, bytes, bytearray, Mapping))


def _number(given: Any, what: str) -> int:
    try:
        if isinstance(given, bool):
            raise TypeError
        number = index(given)
    except TypeError:
        raise InputError(
            f"{what}: expected a number of calls or a list of inputs, "
            f"found {_shown(given)} ({type(given).__name__})"
        ) from None
    if number < 0:
        raise InputError(f"{what}: the number of calls is {number}; expected 0 or more")
    if number > MAX_CALLS:
        raise InputError(f"{what}: the number of calls is above {MAX_CALLS:,}, which would take years")
    return number


def _calls(root: ElementPlan, pe: GenericPE, given: Any) -> Calls:
    if _is_many(given):
        return [_item(root, pe, n, item) for n, item in enumerate(given)]
    number = _number(given, f"inputs of {root.name}")
    if number and needs_data(pe):
        raise InputError(
            f"{root.name} works on data of its input {root.inputs[0]!r}, and nothing is connected there; "
            f'give it a list: {{"{pe.name}": [{{"{root.inputs[0]}": value}}, ...]}}, or connect it'
        )
    return number


def needs_data(pe: GenericPE) -> bool:
    """Whether a call with no input is certain to fail."""
    kinds = (IterativePE, ConsumerPE, BatchPE)
    return isinstance(pe, KeyedPE) or any(
        isinstance(pe, k) and not pe._overrides("process", k) for k in kinds
    )


def _item(root: ElementPlan, pe: GenericPE, n: int, item: Any) -> dict[str, Any]:
    where = f"inputs of {root.name}, item {n}"
    if not isinstance(item, Mapping):
        if len(root.inputs) != 1:
            ports = (
                f"has {len(root.inputs)} inputs ({', '.join(root.inputs)})" if root.inputs else "has no input"
            )
            raise InputError(
                f"{where}: expected a dict, input name to datum, found {_shown(item)} "
                f"({type(item).__name__}); {root.name} {ports}"
            )
        return {root.inputs[0]: item}
    unknown = [name for name in item if name not in root.inputs]
    if root.inputs and unknown:
        raise InputError(
            f"{where}: {root.name} has no input {unknown[0]!r}; its inputs are: {', '.join(root.inputs)}"
        )
    if not item and needs_data(pe):
        raise InputError(f"{where}: it is empty; expected {{{root.inputs[0]!r}: value}}")
    return dict(item)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
