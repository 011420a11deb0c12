"""The state of an instance as bytes, and an instance's state of bytes: for one that moves to another rank.

`preprocess` is not called again there, so only what pickles whole may move: all attributes of the element, or
what its own `__getstate__` gives, if a `__setstate__` of its own makes the rest of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpcd4p.runtime.execute.error_text import show_error
from hpcd4p.workflow.generic import GenericPE
from hpcd4p.workflow.identity import dumper, loads

if TYPE_CHECKING:
    from hpcd4p.runtime.execute.instance import Instance

MOST_BYTES = 64 << 20
"""A larger state stays: its rank would do nothing else for half a second, nor would the other one."""


class Unmovable(Exception):
    """An instance cannot move; its text says why."""


def bytes_of(instance: Instance) -> bytes:
    """The state of an instance, for `remade`.

    Raises
    ------
    Unmovable
        Some of it would be missing, or it is too large.
    """
    lost = _left_out(instance.pe)
    if lost:
        raise Unmovable(f"its pickle leaves out {lost}")
    try:
        blob = dumper(by_value=False)((instance.pe, instance.table))
        if len(blob) <= MOST_BYTES:
            loads(blob)  # what cannot be made again here cannot be made again anywhere
    except Exception as error:  # user classes: pickling them may raise anything
        raise Unmovable(f"its state cannot be pickled: {show_error(error)}") from error
    if len(blob) > MOST_BYTES:
        raise Unmovable(f"its state takes {len(blob) >> 20} MiB; up to {MOST_BYTES >> 20} move")
    return blob


def remade(blob: bytes) -> tuple[GenericPE, dict[Any, Any]]:
    """The element, and the states of its keys."""
    pe, table = loads(blob)
    return pe, table


def _left_out(pe: GenericPE) -> str:
    """What the pickle of `pe` would leave out, in words; empty if it is whole, or its class sees to that."""
    kind = type(pe)
    if kind.__reduce__ is not object.__reduce__ or kind.__reduce_ex__ is not object.__reduce_ex__:
        return ""
    if kind.__getstate__ is not GenericPE.__getstate__:
        own = kind.__setstate__ is not GenericPE.__setstate__
        return "" if own else "what its __getstate__ does (it has no __setstate__ that would make it again)"
    if any(vars(each).get("__slots__") for each in kind.__mro__):
        return "what it keeps in __slots__"
    ports = {"inputconnections", "outputconnections"}
    missing = sorted(vars(pe).keys() & {*pe.pickleIgnore} - ports)
    return ", ".join(f"self.{name}" for name in missing) + (" (pickleIgnore)" if missing else "")
