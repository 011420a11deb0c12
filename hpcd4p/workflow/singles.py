"""Which objects may be the same one everywhere: what ``is`` is asked about, and what nothing changes.

A *single* is an object without a value of its own, but perhaps with labels that no code assigns later: only
``is`` tells it from others (``MISSING = object()``, ``MISSING = Missing("missing")``). A *constant* has a
value, but cannot change either (``math.nan``, a tuple of strings, a frozen dataclass). What may change is
neither: each element has its own.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from copyreg import dispatch_table
from types import FunctionType, ModuleType
from typing import Any

from hpcd4p.workflow.places import codes, held_by, is_library

_VALUES = (int, float, complex, bytes)
_ATOMS = (*_VALUES, str, bool, type(None))
_HEAP_TYPE = 1 << 9
"""Flag of a class that was written in Python."""

_MOST_ITEMS = 1000
_MOST_DEPTH = 4
"""Of a constant; what is larger is a table, and travels by value."""

_SMALL_INTS = range(-5, 257)
"""Python has each of them once."""

_OF_A_CALL = ("__init__", "__new__", "__set_name__")
"""Methods that run before anybody else has the object."""

_OWN_FORM = (
    "__eq__", "__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__copy__", "__deepcopy__",
    "__getattr__", "__getattribute__",
)  # fmt: skip
"""Methods whose author has his own idea of what the object is."""

_ANY_NAME = frozenset({"setattr", "delattr", "__setattr__", "__delattr__", "__dict__", "vars"})


class Judge:
    """Tells which objects are singles and constants.

    Parameters
    ----------
    modules
        Whose code may assign to attributes.
    """

    def __init__(self, modules: Iterable[ModuleType] = ()) -> None:
        self._modules = list(modules)
        self._assigned: dict[tuple[type, frozenset[str]], bool] = {}

    def is_single(self, thing: Any) -> bool:
        """Whether `thing` can only be told from others by being itself."""
        kind = type(thing)
        if kind is object:
            return True
        if not kind.__flags__ & _HEAP_TYPE or issubclass(kind, (type, ModuleType)) or kind in dispatch_table:
            return False
        if any(getattr(kind, name, None) is not getattr(object, name, None) for name in _OWN_FORM):
            return False
        if any(base.__module__ in ("builtins", "typing") for base in kind.__mro__[:-1]):
            return False
        state = state_of(thing)
        return all(type(v) in _ATOMS for v in state.values()) and not self._assigns(kind, frozenset(state))

    def is_sentinel(self, thing: Any) -> bool:
        """Whether tuples may hold `thing` as what it is: with no more than labels, for numbers are data."""
        return self.is_single(thing) and all(type(v) is str for v in state_of(thing).values())

    def is_constant(self, thing: Any, depth: int = 0) -> bool:
        """Whether `thing` cannot change: it has a value, or is a single."""
        kind = type(thing)
        if kind in _VALUES:
            return kind is not int or thing not in _SMALL_INTS
        if issubclass(kind, (tuple, frozenset)):
            if kind not in (tuple, frozenset) and (
                not hasattr(kind, "_fields") or hasattr(thing, "__dict__")
            ):
                return False
            return 0 < len(thing) <= _MOST_ITEMS and all(self.is_fixed(each, depth) for each in thing)
        rules = getattr(kind, "__dataclass_params__", None)
        if rules is not None and rules.frozen:
            return all(self.is_fixed(each, depth) for each in state_of(thing).values())
        return self.is_single(thing)

    def is_fixed(self, thing: Any, depth: int = 0) -> bool:
        """Whether `thing` is a constant, or one of what Python has once."""
        return type(thing) in _ATOMS or (depth < _MOST_DEPTH and self.is_constant(thing, depth + 1))

    def _assigns(self, kind: type, names: frozenset[str]) -> bool:
        """Whether code assigns one of these attributes to objects that have been made."""
        if not names:
            return False
        if is_library(kind):  # its code is not read
            return True
        if (kind, names) not in self._assigned:
            self._assigned[kind, names] = any(self._assignments(kind, names))
        return self._assigned[kind, names]

    def _assignments(self, kind: type, names: frozenset[str]) -> Iterator[bool]:
        owned: list[tuple[type | None, FunctionType]] = [
            (base, f) for base in kind.__mro__[:-1] for f in functions_in(vars(base).values())
        ]
        for module in {*self._modules, sys.modules.get(kind.__module__)}:
            owned += methods_of(module) if module is not None else ()
        for owner, function in owned:
            if function.__name__ in _OF_A_CALL:
                continue
            ours = owner is not None and issubclass(kind, owner)
            yield ours and not _ANY_NAME.isdisjoint(function.__code__.co_names)
            yield _stores(function, names, itself=ours or owner is None)


def _stores(function: FunctionType, names: frozenset[str], itself: bool) -> bool:
    """Whether a function assigns one of these attributes; but for its first argument, unless `itself`."""
    for code in codes(function.__code__):
        if names.isdisjoint(code.co_names):
            continue
        from dis import get_instructions  # rarely, and on rank 0 alone

        own = "" if itself or not code.co_argcount else code.co_varnames[0]
        loaded: Any = ""
        for step in get_instructions(code):
            # Python 3.13 loads two variables at once
            last = loaded[-1] if type(loaded) is tuple else loaded
            assigns = step.opname in ("STORE_ATTR", "DELETE_ATTR") and step.argval in names
            if assigns and not (own and last == own):
                return True
            loaded = step.argval if step.opname.startswith("LOAD_FAST") else ""
    return False


def alike(one: Any, other: Any) -> bool:
    """Whether two constants are equal in all that they hold, so that one may stand for the other.

    Examples
    --------
    >>> alike((1, float("nan")), (1, float("nan"))), alike(0.0, -0.0), alike(1, True)
    (True, False, False)
    """
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, (float, complex)):
        return repr(one) == repr(other)  # nan is nan, and 0.0 is not -0.0
    if isinstance(one, (*_ATOMS, frozenset)):
        return bool(one == other)
    mine, theirs = state_of(one), state_of(other)
    return mine.keys() == theirs.keys() and all(alike(v, theirs[n]) for n, v in mine.items())


def state_of(thing: Any) -> dict[str, Any]:
    """Attributes that an object itself has."""
    return {name: value for held in held_by(thing) for name, value in held.items()}


# ---- code


def functions_in(values: Iterable[Any]) -> Iterator[FunctionType]:
    """Functions among `values`, also those of properties, class methods and static methods."""
    for value in list(values):
        kind = type(value)  # not isinstance: some objects load a library when they are asked for their class
        bare = [value]
        if issubclass(kind, property):
            bare = [value.fget, value.fset]
        elif issubclass(kind, (classmethod, staticmethod)):
            bare = [value.__func__]
        yield from (f for f in bare if type(f) is FunctionType)


def methods_of(module: ModuleType) -> Iterator[tuple[type | None, FunctionType]]:
    """Functions that `module` defines, each with its class if it has one."""
    for value in list(vars(module).values()):
        owner = value if issubclass(type(value), type) else None
        for function in functions_in([value] if owner is None else vars(owner).values()):
            if function.__module__ == module.__name__:
                yield owner, function
