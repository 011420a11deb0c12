"""Reads one function of an element: what it changes, and which changes are not state.

An attribute that each call sets before it reads it is not state, nor are the changes that `caching` knows.
Never runs what it reads.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from types import FunctionType, MethodType
from typing import Any, NamedTuple

from hpcd4p.plan.caching import Caching
from hpcd4p.workflow.generic import GenericPE

CALLED_FOR_A_TUPLE = ("process", "_process", "process_batch")

WRITES = ("write", "_write")

CHANGING_METHODS = frozenset(
    {"add", "append", "appendleft", "clear", "difference_update", "discard", "extend", "extendleft", "insert",
     "intersection_update", "pop", "popitem", "popleft", "put", "put_nowait", "remove", "reverse", "rotate",
     "setdefault", "sort", "subtract", "symmetric_difference_update", "update"}
)  # fmt: skip
"""Methods that change their object, of the containers of the standard library."""

CHANGING_FUNCTIONS = frozenset(
    {"delattr", "heapify", "heappop", "heappush", "heappushpop", "heapreplace", "insort", "insort_left",
     "insort_right", "next", "setattr", "shuffle"}
)  # fmt: skip
"""Functions that change their first argument."""

CONTAINERS = (list, dict, set, bytearray)
GENERATORS = frozenset({"Random", "RandomState", "Generator"})
"""Types, of `random` and `numpy.random`, whose every method changes them."""


class Change(NamedTuple):
    """One thing that an element changes."""

    what: str
    """As in the source: ``self.count``."""
    where: str
    """``factors.py:12``."""


def named(pe: GenericPE, name: str) -> FunctionType | None:
    """Function behind an attribute of `pe`, found without running any code of the user's."""
    spaces = [pe.__dict__, *map(vars, type(pe).__mro__)]
    return next((function_of(space[name]) for space in spaces if name in space), None)


def function_of(thing: Any) -> FunctionType | None:
    """Give the plain function behind a method, if `thing` is one."""
    thing = thing.__func__ if isinstance(thing, MethodType | classmethod | staticmethod) else thing
    return thing if isinstance(thing, FunctionType) else None


def is_ours(function: FunctionType) -> bool:
    """Say whether `function` belongs to an element of hpcd4p itself."""
    return str(function.__module__).startswith("hpcd4p.workflow.")


def source_of(function: FunctionType) -> tuple[ast.FunctionDef | ast.Lambda | None, int]:
    """Syntax of a function, and what to add to its line numbers; None if there is no source to read."""
    from inspect import getsourcelines
    from textwrap import dedent

    try:
        lines, first = getsourcelines(function)
        tree = ast.parse(dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError, ValueError):
        return None, 0
    node = next((n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.Lambda)), None)
    return node, first - 1


class Body:
    """One function of an element, as written."""

    def __init__(
        self, pe: GenericPE, function: FunctionType, node: ast.FunctionDef | ast.Lambda, offset: int
    ) -> None:
        self._pe = pe
        self._function = function
        self._node = node
        self._offset = offset
        parameters = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
        own = any(each is function for kind in type(pe).__mro__ for each in vars(kind).values())
        self._self = parameters[0] if own and parameters else ""
        self._globals = {
            n for g in ast.walk(node) if isinstance(g, ast.Global | ast.Nonlocal) for n in g.names
        }
        self._locals = self._local_names(parameters) - self._globals
        self._aliases = self._local_aliases()
        self._caching = Caching(node, self._self, self._locals)
        self.caches: set[str] = set()
        """The changes that are not state, which `changes` leaves out."""

    def _local_names(self, parameters: list[str]) -> set[str]:
        stored = {
            n.id for n in ast.walk(self._node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        every = {a.arg for a in ast.walk(self._node) if isinstance(a, ast.arg)}
        return {*parameters, *every, *stored}

    def _local_aliases(self) -> dict[str, str]:
        """Local names for attributes of the element: ``seen = self.seen``."""
        aliases = {}
        for each in ast.walk(self._node):
            if isinstance(each, ast.Assign) and isinstance(each.value, ast.Attribute | ast.Subscript):
                root = self._root(each.value, {})
                for target in each.targets:
                    if root and isinstance(target, ast.Name):
                        aliases[target.id] = root
        return aliases

    # ---- what is changed

    def changes(self, mentions: Callable[[FunctionType], set[str]]) -> Iterator[Change]:
        """Changes in this function alone."""
        anew = self._set_anew(mentions)
        for node, what in self._raw():
            name = what.removeprefix("self.").partition(".")[0].partition("[")[0]
            harmless = what.startswith("self.") and name in anew
            harmless = harmless or self._caching.fills_once(node, name)
            if harmless or (isinstance(node, ast.Subscript) and self._caching.remembers(node)):
                self.caches.add(what)
                continue
            yield Change(what, self._place(node))

    def _raw(self) -> Iterator[tuple[ast.AST, str]]:
        for node in ast.walk(self._node):
            if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
                root = self._root(node, self._aliases)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
                root = node.id if node.id in self._globals else ""
            elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
                root = self._aliases.get(node.target.id, "")  # seen |= {...} changes the set itself,
                root = root if self._is_changeable(root) else ""  # but count += 1 makes another number
            elif isinstance(node, ast.Call):
                root = self._changed_by_call(node)
            else:
                continue
            if root:
                yield node, root

    def _changed_by_call(self, call: ast.Call) -> str:
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name in CHANGING_FUNCTIONS and call.args:
            root = self._root(call.args[0], self._aliases) or self._self_itself(call.args[0])
            if root:
                return root
        if isinstance(call.func, ast.Attribute):
            root = self._root(call.func.value, self._aliases)
            if root and (name in CHANGING_METHODS or self._is_generator(root)):
                return root
        return ""

    def _self_itself(self, node: ast.AST) -> str:
        return "self" if isinstance(node, ast.Name) and node.id == self._self else ""

    def _is_changeable(self, root: str) -> bool:
        kind = type(self._pe.__dict__.get(root.removeprefix("self.")))
        return any(hasattr(kind, name) for name in ("__iadd__", "__ior__"))

    def _is_generator(self, root: str) -> bool:
        value = self._pe.__dict__.get(root.removeprefix("self."))
        return type(value).__name__ in GENERATORS

    def _root(self, node: ast.AST, aliases: dict[str, str]) -> str:
        """What of the element, or which global, `node` is a part of; empty for anything else."""
        first = ""
        while isinstance(node, ast.Attribute | ast.Subscript):
            if isinstance(node, ast.Attribute):
                first = node.attr
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        if self._self and node.id == self._self:
            return f"self.{first}" if first else ""
        if node.id in aliases:
            return aliases[node.id]
        if node.id in self._locals:
            return ""
        outside = self._outside(node.id)
        return node.id if isinstance(outside, CONTAINERS) or _is_element_class(outside) else ""

    def _outside(self, name: str) -> Any:
        """Value of a global, or of a variable of the function around this one."""
        free = self._function.__code__.co_freevars
        if name in free and self._function.__closure__:
            try:
                return self._function.__closure__[free.index(name)].cell_contents
            except ValueError:  # not set yet
                return None
        return self._function.__globals__.get(name)

    # ---- what is not state

    def _set_anew(self, mentions: Callable[[FunctionType], set[str]]) -> set[str]:
        """Attributes that every call sets before anything in it can read them."""
        if not isinstance(self._node, ast.FunctionDef) or self._function.__name__ not in CALLED_FOR_A_TUPLE:
            return set()
        spoken: set[str] = set()
        anew = set()
        for statement in self._node.body:
            if isinstance(statement, ast.Assign):
                read = self.attributes(statement.value) | self._through_calls(statement, mentions)
                spoken |= read
                targets = {t.attr for t in statement.targets if self._is_own(t)}  # type: ignore[attr-defined]
                anew |= targets - spoken
            spoken |= self.attributes(statement) | self._through_calls(statement, mentions)
        return anew

    def _through_calls(self, node: ast.AST, mentions: Callable[[FunctionType], set[str]]) -> set[str]:
        return {name for method in self._methods_in(node) for name in mentions(method)}

    # ---- what is mentioned

    def _is_own(self, node: ast.AST, name: str = "") -> bool:
        return (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == self._self != ""
            and name in ("", node.attr)
        )

    def attributes(self, node: ast.AST) -> set[str]:
        """Names of attributes of the element in `node`."""
        return {n.attr for n in ast.walk(node) if self._is_own(n)}  # type: ignore[attr-defined]

    def called(self) -> list[FunctionType]:
        """Methods of the user that this function calls on the element."""
        return self._methods_in(self._node)

    def writes(self) -> str:
        """Where it writes a tuple; empty if it does not, by itself."""
        for call in ast.walk(self._node):
            if isinstance(call, ast.Call) and any(self._is_own(call.func, name) for name in WRITES):
                return self._place(call)
        return ""

    def _place(self, node: ast.AST) -> str:
        file = self._function.__code__.co_filename.rpartition("/")[2]
        return f"{file}:{getattr(node, 'lineno', 1) + self._offset}"

    def _methods_in(self, node: ast.AST) -> list[FunctionType]:
        methods = []
        for call in ast.walk(node):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
                continue
            owner = call.func.value
            if self._is_own(call.func):
                method = named(self._pe, call.func.attr)
            elif isinstance(owner, ast.Call) and getattr(owner.func, "id", "") == "super":
                method = self._of_parent(call.func.attr)
            else:
                continue
            if method is not None and not is_ours(method):
                methods.append(method)
        return methods

    def _of_parent(self, name: str) -> FunctionType | None:
        kinds = type(self._pe).__mro__
        mine = [i for i, k in enumerate(kinds) if any(v is self._function for v in vars(k).values())]
        here = mine[0] if mine else len(kinds)
        return next((function_of(vars(k)[name]) for k in kinds[here + 1 :] if name in vars(k)), None)


def _is_element_class(thing: Any) -> bool:
    return isinstance(thing, type) and issubclass(thing, GenericPE)
