"""Finds the objects that the code of elements knows by name, in its modules and functions.

Owns the search, which only rank 0 does: the other ranks get the names.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

from hpcd4p.workflow.places import codes, is_library_module
from hpcd4p.workflow.singles import Judge, functions_in, methods_of

_MOST_ITEMS = 1000
"""Items of a container in an element that are looked at."""


class Known(NamedTuple):
    """What the code of some elements refers to."""

    named: dict[str, Any]
    """Constants, and functions with another ``__name__``, by "module:qualified name"."""
    sentinels: list[str]
    """Names of those that tuples may hold."""
    nameless: list[Any]
    """Classes, functions and constants that no importable module has."""
    strings: list[str]
    """Strings in code and variables, in order: elements may compare with one of them by ``is``."""
    homes: list[str]
    """Modules of the users; `strings_of` finds the same strings in them everywhere."""


def gathered(things: Iterable[Any]) -> Known:
    """What elements (or other things) refer to, and the modules and functions around them."""
    parts = list(_parts(things))
    modules = _modules(parts)
    users = [m for m in modules if not is_library_module(m.__name__)]
    judge = Judge(users)
    named: dict[str, Any] = {}
    for module in modules:
        for thing, name in _named_in(module, judge):
            named.setdefault(name, thing)
    tops = {module.__name__ for module in users}
    sentinels = [n for n, thing in named.items() if n.partition(":")[0] in tops and judge.is_sentinel(thing)]
    bare = [part for part in parts if type(part) is object]
    anywhere = names_of_objects() if bare else {}
    for thing in bare:
        if id(thing) in anywhere:
            named.setdefault(anywhere[id(thing)], thing)
            sentinels.append(anywhere[id(thing)])
    nameless, functions = _nameless(parts, judge, {id(thing) for thing in named.values()})
    strings = [*_strings_in(functions), *(text for module in users for text in strings_of(module))]
    return Known(named, sentinels, nameless, strings, [module.__name__ for module in users])


def strings_of(module: ModuleType) -> Iterator[str]:
    """Strings in the code and the variables of a module and its classes, in order."""
    yield from _strings_in(function for _, function in methods_of(module))
    for value in list(vars(module).values()):
        inner = vars(value).values() if issubclass(type(value), type) else [value]
        yield from (each for each in list(inner) if type(each) is str)


def _strings_in(functions: Iterable[FunctionType]) -> Iterator[str]:
    for function in functions:
        for code in codes(function.__code__):
            yield from (c for c in code.co_consts if type(c) is str)


def has_a_name(thing: Any) -> bool:
    """Whether a class or function is found under its own name in a module that other ranks can import."""
    module = sys.modules.get(getattr(thing, "__module__", None) or "")
    if module is None or module.__name__ == "__main__" or _by_value(module):
        return False
    first, *rest = thing.__qualname__.split(".")
    namesake = vars(module).get(first)  # not getattr: a module may import another one in it
    for part in rest:
        namesake = getattr(namesake, part, None)
    return namesake is thing


def names_of_objects() -> dict[int, str]:
    """Names of the bare ``object()`` of all modules there are, by id()."""
    return {
        id(value): f"{where}:{name}"
        for where, module in list(sys.modules.items())
        if where != "__main__" and isinstance(module, ModuleType)
        for name, value in list(vars(module).items())
        if type(value) is object
    }


def _by_value(module: ModuleType) -> bool:
    """Whether the user wants the contents of `module` sent by value (``register_pickle_by_value``)."""
    cloudpickle = sys.modules.get("cloudpickle")
    if cloudpickle is None:
        return False
    names: set[str] = cloudpickle.list_registry_pickle_by_value()
    return any(module.__name__ == n or module.__name__.startswith(n + ".") for n in names)


def _parts(things: Iterable[Any]) -> Iterator[Any]:
    """Classes of `things`, and what they hold; not deeper than containers in attributes."""
    kinds: set[type] = set()
    for thing in things:
        kinds.update(type(thing).__mro__)
        for value in [thing, *getattr(thing, "__dict__", {}).values()]:
            yield value
            items = value.values() if isinstance(value, dict) else value
            if isinstance(value, (dict, list, tuple, set, frozenset)) and len(value) <= _MOST_ITEMS:
                yield from items
    yield from kinds


def _modules(parts: Iterable[Any]) -> list[ModuleType]:
    """Modules that `parts` come from, and those that these have imported as a whole."""
    names: dict[str, None] = {}
    for part in parts:
        name = getattr(part, "__module__", None)
        if isinstance(name, str):
            names[name] = None
        names[type(part).__module__] = None
    near = [
        m for n in names if (m := sys.modules.get(n)) is not None and (n == "__main__" or not _left_out(n))
    ]
    for module in list(near):
        whole = [v for v in list(vars(module).values()) if issubclass(type(v), ModuleType)]
        near += [m for m in whole if not _left_out(m.__name__)]
    modules = {id(m): m for m in near if sys.modules.get(m.__name__) is m and not _by_value(m)}
    return [m for m in modules.values() if m.__name__ != "__main__"]


def _left_out(name: str) -> bool:
    engine = name.partition(".")[0] == "hpcd4p" and is_library_module(name)
    return name in ("__main__", "builtins") or engine


def _named_in(module: ModuleType, judge: Judge) -> Iterator[tuple[Any, str]]:
    todo: list[tuple[str, Any]] = [(f"{module.__name__}:", module)]
    while todo:
        before, space = todo.pop()
        for name, value in list(vars(space).items()):
            if name.startswith("__"):
                continue
            if issubclass(type(value), type):
                ours = value.__module__ == module.__name__ and has_a_name(value)
                if ours and f"{before}{name}" == f"{module.__name__}:{value.__qualname__}":
                    todo.append((f"{before}{name}.", value))
            elif type(value) is not FunctionType:
                if judge.is_constant(value):
                    yield value, before + name
            elif _is_of_the_file(value, judge) and not has_a_name(value):
                yield value, before + name


def _is_of_the_file(function: FunctionType, judge: Judge) -> bool:
    """Whether a function was made by running its module, and by nothing that other ranks do not run."""
    defaults = function.__defaults__ or ()
    return (
        function.__closure__ is None
        and function.__kwdefaults__ is None
        and all(map(judge.is_fixed, defaults))
        and "<locals>" not in function.__qualname__
    )


def _nameless(parts: Iterable[Any], judge: Judge, named: set[int]) -> tuple[list[Any], list[FunctionType]]:
    """Objects without an importable name that `parts` reach by the names in code; and their functions."""

    def is_nameless(value: Any) -> bool:
        if id(value) in named or type(value) is str:
            return False
        if issubclass(type(value), (type, FunctionType)):
            return not has_a_name(value)
        return judge.is_constant(value)

    # what an element holds may be data, of which it has its own
    todo = [p for p in parts if is_nameless(p) and (callable(p) or judge.is_sentinel(p))]
    nameless: dict[int, Any] = {}
    functions: list[FunctionType] = []
    while todo:
        thing = todo.pop()
        if id(thing) in nameless:
            continue
        nameless[id(thing)] = thing
        if isinstance(thing, type):
            methods = list(functions_in(vars(thing).values()))  # they go with their class
            functions += methods
            values = [*thing.__bases__, *vars(thing).values(), *(v for m in methods for v in _referred(m))]
            own = {id(method) for method in methods}
            todo += [v for v in values if id(v) not in own and is_nameless(v)]
        elif isinstance(thing, FunctionType):
            functions.append(thing)
            todo += [v for v in _referred(thing) if is_nameless(v)]
    return list(nameless.values()), functions


def _referred(function: FunctionType) -> Iterator[Any]:
    """Values of the globals and closed-over names that `function` uses, and its defaults."""
    names = {name for code in codes(function.__code__) for name in code.co_names}
    yield from (function.__globals__[n] for n in sorted(names & function.__globals__.keys()))
    yield from function.__defaults__ or ()
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # still empty
            continue
