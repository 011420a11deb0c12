"""Roles: what kind an element is, and why.

Owns the rules by which an element counts as stateful (see the README). Looks at one element at a time.
"""

from __future__ import annotations

from operator import index
from typing import NamedTuple

from hpcd4p.plan.changes import caches, changes, writes_first
from hpcd4p.plan.model import Role, Route, Spread
from hpcd4p.workflow.elements import GenericPE, KeyedPE
from hpcd4p.workflow.generic import GROUPING, can_seek
from hpcd4p.workflow.groupings import Grouping, GroupingKind, read_grouping

_SPREADS = {
    GroupingKind.SHUFFLE: Spread.SHUFFLE,
    GroupingKind.KEY: Spread.KEY,
    GroupingKind.ALL: Spread.ALL,
    GroupingKind.GLOBAL: Spread.ONE,
}


class Verdict(NamedTuple):
    """Role of an element."""

    role: Role
    partitions: int
    movable: bool
    reason: str
    undeclared: str = ""
    """What it changes while it works without declaring it."""
    caches: tuple[str, ...] = ()
    """What it changes without harm."""


def judge(pe: GenericPE, connected: set[str], partitions: int) -> Verdict:
    """Role of `pe`, of whose inputs `connected` are connected.

    Parameters
    ----------
    partitions
        Partitions of keyed elements; 0: the number that each element has itself.
    """
    why = reason_for_state(pe, connected)
    undeclared = "" if why or pe.stateful is not None else _changed(pe)
    if undeclared:
        why = f"it changes {undeclared} while it works (if that does not matter, say stateful = False)"
    if not connected:
        if why:
            return Verdict(Role.ROOT, 1, False, f"a source that stays in one place: {why}", undeclared)
        return Verdict(Role.ROOT, 0, True, "a source: none of its inputs is connected", "", _caches(pe))
    if why:
        return Verdict(Role.STATE, _partitions(pe, partitions), False, f"holds state: {why}", undeclared)
    return Verdict(Role.POOL, 0, False, _reason_for_pool(pe, connected), "", _caches(pe))


def reason_for_state(pe: GenericPE, connected: set[str]) -> str:
    """Why `pe` counts as stateful by what it declares and defines; empty if it does not."""
    if isinstance(pe, KeyedPE):
        return "one state per key"
    if pe.stateful not in (None, False):
        return f"it says stateful = {pe.stateful!r}"
    for name in pe.inputconnections:
        grouping = grouping_of(pe, name)
        if grouping.kind is not GroupingKind.SHUFFLE:
            return f"its input {name!r} has a grouping ({_in_words(grouping)})"
    for method in ("postprocess", "_postprocess"):
        if pe._overrides(method, GenericPE):
            return f"it defines {method}"
    writes = writes_first(pe)
    if writes:
        return f"it writes in preprocess ({writes})"
    if len(connected) > 1 and pe.stateful is None:
        return f"it joins {len(connected)} inputs (if it does not join them, say stateful = False)"
    if not connected and pe.stateful is None and can_seek(pe):
        return "it says where it is (position and seek)"
    return ""


def _changed(pe: GenericPE) -> str:
    """What `pe` changes while it works, and where; empty if nothing is found."""
    changed = changes(pe)
    return ", ".join(f"{c.what} ({c.where})" for c in changed[:3]) + (" and more" if len(changed) > 3 else "")


def _caches(pe: GenericPE) -> tuple[str, ...]:
    return caches(pe) if pe.stateful is None else ()


def _reason_for_pool(pe: GenericPE, connected: set[str]) -> str:
    if pe.stateful is False:
        return "stateless: it says stateful = False"
    return "stateless: no grouping, no postprocess, one input"


def _in_words(grouping: Grouping) -> str:
    if grouping.kind is GroupingKind.KEY:
        return f"group by {', '.join(map(repr, grouping.columns))}"
    return grouping.kind.value


def _partitions(pe: GenericPE, override: int) -> int:
    if pe.single:
        return 1
    if isinstance(pe, KeyedPE):
        return override or index(pe.partitions)
    return index(pe.numprocesses)


def grouping_of(pe: GenericPE, input_name: str) -> Grouping:
    """Grouping of an input: its own, else the one in `stateful`; by its key for a keyed element."""
    if isinstance(pe, KeyedPE):
        return Grouping(GroupingKind.KEY, pe._key_columns())
    own = read_grouping(pe.inputconnections[input_name].get(GROUPING))
    if own.kind is GroupingKind.SHUFFLE and pe.stateful not in (None, True, False, "nature"):
        return read_grouping(pe.stateful)
    return own


def route_to(target_pe: GenericPE, source: int, output: str, target: int, input_name: str) -> Route:
    """Route of one edge."""
    grouping = grouping_of(target_pe, input_name)
    return Route(source, output, target, input_name, _SPREADS[grouping.kind], grouping.columns or None)
