"""What an element changes while it works: state that nobody declared, found by reading its source.

Follows `process` and its variants through the element's own methods. What cannot be read (no source, a call
of foreign code) is not found here; `runtime.execute.watch` covers the rest by comparing. This file goes
through an element; `body` reads one function.
"""

from __future__ import annotations

from collections.abc import Collection
from opcode import opmap
from types import FunctionType
from typing import Any

from hpcd4p.plan.body import CALLED_FOR_A_TUPLE, Body, Change, function_of, is_ours, named, source_of
from hpcd4p.workflow.elements import SimpleFunctionPE
from hpcd4p.workflow.generic import GenericPE
from hpcd4p.workflow.places import Search


def changes(pe: GenericPE) -> list[Change]:
    """Changes that `pe` makes to itself, or to globals, for a tuple; at most one for each name.

    Examples
    --------
    >>> from hpcd4p.workflow.elements import IterativePE
    >>> changes(IterativePE())
    []
    """
    by_name: dict[str, Change] = {}
    for entry in _entries(pe):
        reader = _Reader(pe)
        reader.read(entry)
        for change in reader.changes:
            by_name.setdefault(change.what, change)
    return list(by_name.values())


def writes_first(pe: GenericPE) -> str:
    """Where `preprocess` of `pe` writes, as ``factors.py:12``; empty if its source shows nothing of that."""
    todo = [m for m in (named(pe, "preprocess"), named(pe, "_preprocess")) if m is not None]
    seen: set[Any] = set()
    while todo:
        function = todo.pop()
        if is_ours(function) or function.__code__ in seen:
            continue
        seen.add(function.__code__)
        node, offset = source_of(function)
        if node is None:
            continue
        body = Body(pe, function, node, offset)
        where = body.writes()
        if where:
            return where
        todo += body.called()
    return ""


def caches(pe: GenericPE) -> tuple[str, ...]:
    """What `pe` and its functions change without harm, in the words of `workflow.places`."""
    spared: set[str] = set()
    harmful: set[str] = set()
    for function in Search(pe).functions:
        if not _FILLS & set(function.__code__.co_code[::2]):
            continue
        node, offset = source_of(function)
        if node is None:
            continue
        body = Body(pe, function, node, offset)
        names = {change.what for change in body.changes(_Reader(pe).mentions)}
        harmful |= {_in_words(what, function) for what in names}
        spared |= {_in_words(what, function) for what in body.caches}
    return tuple(sorted(spared - harmful))


def changed_places(pe: GenericPE, without: Collection[str] = ()) -> set[str]:
    """What `pe` changes outside itself, as far as its source shows, in words of `workflow.places`.

    Parameters
    ----------
    without
        Names of functions that are not looked at.
    """
    places: set[str] = set()
    for function in Search(pe).functions:
        node, offset = source_of(function)
        if node is None or function.__name__ in without:
            continue
        for change in Body(pe, function, node, offset).changes(_Reader(pe).mentions):
            name = change.what.removeprefix("self.")
            if name == change.what:
                places.add(_in_words(name, function))
            elif name not in pe.__dict__:
                places |= {f"{kind.__name__}.{name}" for kind in type(pe).__mro__ if name in vars(kind)}
            kind = function.__globals__.get(name)
            if isinstance(kind, type):
                places |= {f"{kind.__name__}.{n}" for n in vars(kind)}
    return places


_STORES = ("STORE_SUBSCR", "STORE_GLOBAL", "STORE_ATTR", "STORE_DEREF")
_FILLS = {opmap[name] for name in _STORES if name in opmap}
"""Bytecode instructions of a function that fills a cache: functions without them need not be read."""


def _in_words(what: str, function: FunctionType) -> str:
    if what.startswith("self."):
        return what
    if what in function.__code__.co_freevars:
        return f"{what} (captured by {function.__name__})"
    return f"{what} (a global of {function.__globals__.get('__name__', '?')})"


def _entries(pe: GenericPE) -> list[FunctionType]:
    """The functions of the user that are called for a tuple."""
    methods = [named(pe, name) for name in CALLED_FOR_A_TUPLE]
    if isinstance(pe, SimpleFunctionPE):
        methods.append(function_of(pe.compute_fn))
    return [m for m in methods if m is not None and not is_ours(m)]


class _Reader:
    """Reads a function and the methods that it calls."""

    def __init__(self, pe: GenericPE) -> None:
        self.changes: list[Change] = []
        self._pe = pe
        self._seen: set[Any] = set()

    def read(self, function: FunctionType) -> None:
        if function.__code__ in self._seen:
            return
        self._seen.add(function.__code__)
        node, offset = source_of(function)
        if node is None:
            return
        body = Body(self._pe, function, node, offset)
        self.changes += body.changes(self.mentions)
        for method in body.called():
            self.read(method)

    def mentions(self, function: FunctionType, seen: frozenset[Any] = frozenset()) -> set[str]:
        """Attributes that are mentioned in a method, and in those that it calls."""
        node, offset = source_of(function)
        if node is None or function.__code__ in seen:
            return set()
        body = Body(self._pe, function, node, offset)
        attributes = body.attributes(node)
        for method in body.called():
            attributes |= self.mentions(method, seen | {function.__code__})
        return attributes
