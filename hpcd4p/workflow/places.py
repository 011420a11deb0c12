"""Where an element can keep something from one tuple to the next, besides its own attributes.

Its classes, the defaults, attributes and captured variables of its functions, and the globals that these
name; and so on through the functions and objects of the user's that are found there. Python itself,
installed packages and hpcd4p are left out. Calls nothing of the user's.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from types import CodeType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any

from hpcd4p.workflow.generic import GenericPE

MOST_PLACES = 500
MOST_DEPTH = 4
"""Of containers, in the search for functions and objects."""

_NO_STATE = ("__dict__", "__weakref__")
_NO_DATA = (FunctionType, MethodType, classmethod, staticmethod, property, type, ModuleType)


class Place:
    """Names in one space: a class, a function, the globals of a module.

    Attributes
    ----------
    key
        Equal for the same space in several elements.
    names
        Those that are looked at, where it is not all of them.
    """

    __slots__ = ("_space", "key", "kind", "label", "names")

    def __init__(self, kind: str, label: str, space: Any, names: tuple[str, ...] = ()) -> None:
        self.kind = kind
        self.label = label
        self._space = space
        self.names = names
        self.key = (kind, id(space))

    def held(self) -> dict[str, Any]:
        """What the place holds now, by the words in which it is told."""
        space, label = self._space, self.label
        if self.kind == "class":
            return {f"{label}.{n}": v for n, v in vars(space).items() if _is_data(n, v)}
        if self.kind == "state":
            held = [space[n] for n in self.names if n in space]
            return {label: held}
        if self.kind == "globals":
            return {f"{n} (a global of {label})": space[n] for n in self.names if n in space}
        values = {f"{label}.{n}": v for n, v in space.__dict__.items() if not n.startswith("__")}
        for name, value in _defaults(space):
            values[f"{name} (a default of {label})"] = value
        for name, cell in zip(space.__code__.co_freevars, space.__closure__ or (), strict=True):
            try:
                values[f"{name} (captured by {label})"] = cell.cell_contents
            except ValueError:  # not set yet
                values[f"{name} (captured by {label})"] = None
        return values

    def data(self) -> list[str]:
        """Words of what it holds that is neither code nor a module."""
        return [name for name, value in self.held().items() if not isinstance(value, _NO_DATA)]

    @property
    def in_main(self) -> bool:
        """Whether it is, or belongs to, a function of ``__main__``."""
        name = self.label if self.kind == "globals" else getattr(self._space, "__module__", "")
        return self.kind in ("globals", "function") and name == "__main__"


def _is_data(name: str, value: Any) -> bool:
    if name.startswith("__") and name.endswith("__"):
        return False
    if isinstance(value, FunctionType):  # it may be another one later
        return True
    return not isinstance(value, _NO_DATA) and not (
        hasattr(type(value), "__get__") and is_library(type(value))
    )


def _defaults(function: FunctionType) -> Iterator[tuple[str, Any]]:
    values = function.__defaults__ or ()
    count = function.__code__.co_argcount
    yield from zip(function.__code__.co_varnames[count - len(values) : count], values, strict=True)
    yield from (function.__kwdefaults__ or {}).items()


def places(pe: GenericPE) -> list[Place]:
    """Every place of `pe` but its own attributes."""
    search = Search(pe)
    return list(search.places.values())


class Search:
    """The way through an element.

    Attributes
    ----------
    found
        Places by key.
    functions
        The functions of the user that it came by.
    """

    def __init__(self, pe: GenericPE) -> None:
        self.places: dict[tuple[str, int], Place] = {}
        self.functions: list[FunctionType] = []
        self._near = str(type(pe).__module__).partition(".")[0]
        self._seen: set[int] = set()
        self._held: list[Any] = []  # keeps what `_seen` knows alive
        self._spoken: set[str] = set()
        self._randoms: dict[str, Place] = {}
        self._kind(type(pe))
        self._each([v for v in gc.get_referents(pe) if not isinstance(v, type)], -1)
        if "seed" in self._spoken:  # who seeds them means one sequence of numbers
            for place in self._randoms.values():
                self._add(place)

    def _new(self, thing: Any) -> bool:
        if id(thing) in self._seen or len(self.places) > MOST_PLACES:
            return False
        self._seen.add(id(thing))
        self._held.append(thing)
        return True

    def _add(self, place: Place) -> None:
        self.places.setdefault(place.key, place)

    def _kind(self, kind: type) -> None:
        for each in kind.__mro__:
            if is_library_module(each.__module__, self._near) or not self._new(each):
                continue
            self._add(Place("class", each.__name__, each))
            self._kind(type(each))
            for name, value in list(vars(each).items()):
                if name not in ("__init__", "__dict__", "__weakref__"):
                    self._value(value, 0)

    def _value(self, value: Any, depth: int) -> None:
        """Look for functions and objects of the user's in `value`."""
        if isinstance(value, FunctionType):
            self._function(value)
        elif isinstance(value, MethodType | classmethod | staticmethod):
            self._value(value.__func__, depth)
            self._value(getattr(value, "__self__", None), depth)
        elif isinstance(value, property):
            self._each((value.fget, value.fset), depth)
        elif isinstance(value, partial):
            self._each((value.func, value.args, value.keywords), depth)
        elif isinstance(value, type):
            if not is_library_module(value.__module__, self._near):
                self._kind(value)
        elif depth > MOST_DEPTH or isinstance(value, ModuleType | str | int | float | bytes | None):
            return
        elif isinstance(value, list | tuple | set | frozenset) and self._new(value):
            self._each(list(value)[:100], depth)
        elif isinstance(value, dict) and self._new(value):
            self._each(list(value.values())[:100], depth)
        else:
            self._object(value, depth)

    def _each(self, values: Any, depth: int) -> None:
        for value in values:
            self._value(value, depth + 1)

    def _object(self, value: Any, depth: int) -> None:
        wrapped = next((h["__wrapped__"] for h in held_by(value) if "__wrapped__" in h), None)
        if isinstance(wrapped, FunctionType):  # functools.lru_cache and its like
            self._function(wrapped)
        if not is_library(type(value)) and not isinstance(value, GenericPE) and self._new(value):
            self._kind(type(value))
            self._each([v for held in held_by(value) for v in held.values()], depth)

    def _function(self, function: FunctionType) -> None:
        if is_library_module(function.__globals__.get("__name__", ""), self._near) or not self._new(function):
            return
        self.functions.append(function)
        self._add(Place("function", function.__name__, function))
        for value in Place("function", "", function).held().values():
            self._value(value, 0)
        self._globals(function, function.__globals__, _names(function.__code__))

    def _globals(self, function: FunctionType, space: dict[str, Any], names: set[str]) -> None:
        kept = []
        for name in sorted(names & space.keys()):
            value = space[name]
            if isinstance(value, ModuleType):
                if not is_library_module(value.__name__, self._near) and self._new(value):
                    self._globals(function, vars(value), names)
                self._library(value, names)
                continue
            self._value(value, 0)
            if isinstance(value, FunctionType) or not isinstance(value, _NO_DATA):
                kept.append(name)
            elif module := sys.modules.get(_HOME.get(type(getattr(value, "__self__", None)).__module__, "")):
                self._library(module, names)  # from random import seed
        if kept:
            key = ("globals", id(space))
            before = self.places.get(key)
            both = {*kept, *(before.names if before is not None else ())}
            label = str(space.get("__name__", "?"))
            self.places[key] = Place("globals", label, space, tuple(sorted(both)))

    def _library(self, module: ModuleType, names: set[str]) -> None:
        """What of Python itself or NumPy a function speaks of, and may mean as its own."""
        if module is os and "environ" in names:
            self._add(Place("state", "os.environ", vars(os.environ), ("_data",)))
        self._spoken |= names
        for label, space in _random_numbers(module):
            self._randoms[label] = Place("state", label, space, _GENERATORS)


_GENERATORS = ("_inst", "_rand")
_HOME = {"random": "random", "numpy.random.mtrand": "numpy.random"}


def _random_numbers(module: ModuleType) -> Iterator[tuple[str, dict[str, Any]]]:
    """Generators that all of a process share: of `random`, or of NumPy."""
    if module.__name__ == "random":
        yield "random", vars(module)
    elif module.__name__ in ("numpy", "numpy.random"):
        inner = vars(module).get("random", module)
        mtrand = vars(inner).get("mtrand")
        if mtrand is not None:
            yield "numpy.random", vars(mtrand)


def _names(code: CodeType) -> set[str]:
    """Names of globals and attributes in a function and those inside it."""
    return {name for each in codes(code) for name in each.co_names}


def codes(code: CodeType) -> Iterator[CodeType]:
    """A piece of code, and those inside it."""
    yield code
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from codes(inner)


def held_by(value: Any) -> list[dict[str, Any]]:
    """Attributes of an object whose class is written in Python. Runs no `__getattr__`."""
    dicts = []
    with suppress(AttributeError):
        own = object.__getattribute__(value, "__dict__")
        dicts += [own] if type(own) is dict else []
    slots: dict[str, Any] = {}
    for kind in type(value).__mro__:
        for name, member in vars(kind).items() if "__slots__" in vars(kind) else ():
            if type(member) is MemberDescriptorType and name not in _NO_STATE:
                with suppress(AttributeError):
                    slots[name] = member.__get__(value)
    return [*dicts, slots] if slots else dicts


# ---- whose code it is

_LIBRARY: dict[str, bool] = {}


def is_library(kind: type) -> bool:
    """Whether a class belongs to Python, to hpcd4p, or to an installed package."""
    return is_library_module(getattr(kind, "__module__", "builtins") or "builtins")


def is_library_module(name: Any, near: str = "") -> bool:
    """Whether a module belongs to Python, to hpcd4p, or to an installed package other than `near`'s."""
    name = str(name)
    top = name.partition(".")[0]
    if top == near and top != "hpcd4p":
        return False
    if name not in _LIBRARY:
        _LIBRARY[name] = _is_library_module(name, top)
    return _LIBRARY[name]


def _is_library_module(name: str, top: str) -> bool:
    if top == "hpcd4p":
        return not name.startswith(("hpcd4p.workflows.", "hpcd4p.bench."))  # elements of users' kind
    if top == "__main__":
        return False
    if top in sys.builtin_module_names or top in sys.stdlib_module_names:
        return True
    file = getattr(sys.modules.get(name), "__file__", None) or ""
    return "/site-packages/" in file or "/dist-packages/" in file or (bool(file) and file.endswith(".so"))
