"""The state of an instance as bytes, and an instance's state of bytes: for one that moves to another rank.

`preprocess` is not called again there, so only what pickles whole may move: all attributes of the element, or
what its own `__getstate__` gives, if a `__setstate__` of its own makes the rest of it.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any
from weakref import finalize

from hpcd4p.errors import ElementFailed
from hpcd4p.runtime.execute.error_text import show_error
from hpcd4p.weight import weigh
from hpcd4p.workflow.generic import GenericPE
from hpcd4p.workflow.identity import dumper, loads, loads_pieces

if TYPE_CHECKING:
    from hpcd4p.plan.model import ElementPlan
    from hpcd4p.runtime.execute.flow import Flow
    from hpcd4p.runtime.execute.instance import Instance
    from hpcd4p.wire.resumption import State

MOST_BYTES = 16 << 20
"""A larger state stays: its rank would do nothing else for half a second, nor would the other one."""

SAMPLE = 64
"""Items of a container by which its size is guessed, before it is pickled in vain."""


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
    _refuse_large(int(sum(map(_about, (instance.table, *vars(instance.pe).values())))))
    try:
        blob = dumper(by_value=False)((instance.pe, instance.table))
        _refuse_large(len(blob))
        loads(blob, _refuse_unique)  # what cannot be made again here cannot be made again anywhere
    except Unmovable:
        raise
    except Exception as error:  # user classes: pickling them may raise anything
        raise Unmovable(f"its state cannot be pickled: {show_error(error)}") from error
    return blob


def _refuse_large(size: int) -> None:
    if size > MOST_BYTES:
        raise Unmovable(f"its state takes {size >> 20} MiB; up to {MOST_BYTES >> 20} move")


def _refuse_unique(thing: Any) -> None:
    """Refuse classes whose objects do something when they go, for a copy would do it as well."""
    if isinstance(thing, type) and (hasattr(thing, "__del__") or issubclass(thing, finalize)):
        raise Unmovable(f"it keeps a {thing.__name__}, which does something when it is deleted")


def _about(value: Any) -> float:
    """About how many bytes `value` takes; too few for what is nested."""
    if isinstance(value, dict):
        value = value.items()
    elif not isinstance(value, list | tuple | set | frozenset):
        return weigh([value])
    return len(value) * weigh(list(islice(value, SAMPLE))) if value else 0.0


def remade(blob: bytes) -> tuple[GenericPE, dict[Any, Any]]:
    """The element, and the states of its keys."""
    pe, table = loads(blob)
    return pe, table


def resumed(flow: Flow, element: ElementPlan, partition: int, state: State) -> Instance:
    """An instance with the state that a checkpoint has kept, started.

    `preprocess` makes again what does not pickle, a connection, say, and finds the state in place. What it
    sets anew of that is set back: it was written for a first start. What it writes was written before.

    Raises
    ------
    ElementFailed
        The state cannot be made again here, or `preprocess` raises.
    """
    try:
        pe, _ = _kept(state._replace(keys=state.keys and ()))
        again, table = _kept(state)  # made together: the element may refer to states of keys
    except Exception as error:  # user classes: unpickling them may raise anything
        raise ElementFailed(
            f"the state of {element.name} in the checkpoint cannot be made again: {show_error(error)}"
        ) from error
    instance = flow.instance(element, pe, partition)
    instance.table = table
    instance.start()
    instance.take_back({})
    for name, value in vars(again).items():
        object.__setattr__(pe, name, value)
    return instance


def _kept(state: State) -> tuple[GenericPE, dict[Any, Any]]:
    if state.keys is None:
        pe, table = loads_pieces(state.pe)
        return pe, table
    table = {}
    for part in state.keys:
        table.update(loads_pieces(part))
    return loads_pieces(state.pe), table


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
