"""Changes that are not state: values filled in once, and tables of results that depend on a key alone.

Owns these shapes of code; reads one function as written::

    if self.x is None: self.x = ...         if key not in table: table[key] = ...
    if key in table: return table[key]      value = table.get(key)
    ...                                     if value is None: ...
    table[key] = ...                        table[key] = ...

    try: return table[key]
    except KeyError: table[key] = ...

and the first with a global in place of the attribute. What is filled in must not come from the data, but for
the key; and nothing may be written on an output meanwhile, for that would be written once for each instance.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

WRITES = frozenset({"write", "_write"})


class Caching:
    """One function.

    Parameters
    ----------
    own
        Name of its parameter that is the element; '' if it has none.
    local
        Its parameters and variables.
    """

    def __init__(self, node: ast.FunctionDef | ast.Lambda, own: str, local: Collection[str]) -> None:
        self._node = node
        self._own = own
        self._local = frozenset(local) - {own}

    def fills_once(self, change: ast.AST, name: str) -> bool:
        """Whether `change` fills the attribute or global `name` after a check that it is empty."""
        for guard in self._guards():
            here = [s for s in guard.body if isinstance(s, ast.Assign) and change in s.targets]
            if here and self._asks_for(guard.test, name) and not _writes(guard.body):
                return not self._from_data(here[0].value)
        return False

    def remembers(self, change: ast.Subscript) -> bool:
        """Whether `change` puts a result that depends on a key alone into a table, under that new key."""
        parts = change.slice.elts if isinstance(change.slice, ast.Tuple) else [change.slice]
        names = {n.id for n in parts if isinstance(n, ast.Name)}
        if len(names) != len(parts):
            return False  # of ``data % 3`` more than the key may be remembered
        statement = next(
            (s for s in ast.walk(self._node) if isinstance(s, ast.Assign) and change in s.targets), None
        )
        if statement is None:
            return False
        key, table = ast.dump(change.slice), ast.dump(change.value)
        if self._missing(statement, key):
            return not self._from_data(statement.value, names)
        known = self._derived(names)
        looked_up = self._looked_up(key, table) or self._asked(statement, key, table)
        return looked_up and not self._from_data(statement.value, known)

    # ---- shapes

    def _guards(self) -> Iterator[ast.If]:
        return (n for n in ast.walk(self._node) if isinstance(n, ast.If))

    def _missing(self, statement: ast.Assign, key: str) -> bool:
        """``if key not in table:`` around it."""
        for guard in self._guards():
            test = guard.test
            if (
                statement in guard.body
                and isinstance(test, ast.Compare)
                and isinstance(test.ops[0], ast.NotIn)
            ):
                fills = all(isinstance(s, ast.Assign) for s in guard.body) and not guard.orelse
                if fills and ast.dump(test.left) == key:
                    return True
        return False

    def _looked_up(self, key: str, table: str) -> bool:
        """``if key in table: return table[key]``, or the same with ``try`` and ``KeyError``, somewhere."""
        for each in ast.walk(self._node):
            if isinstance(each, ast.If) and isinstance(each.test, ast.Compare):
                asks = isinstance(each.test.ops[0], ast.In) and ast.dump(each.test.left) == key
            else:
                asks = isinstance(each, ast.Try) and all(_is_key_error(h) for h in each.handlers)
            if asks and len(body := each.body) == 1 and isinstance(body[0], ast.Return):  # type: ignore[attr-defined]
                value = body[0].value
                if isinstance(value, ast.Subscript) and ast.dump(value.slice) == key:
                    return _same(value.value, table)
        return False

    def _asked(self, statement: ast.Assign, key: str, table: str) -> bool:
        """``value = table.get(key)`` and ``if value is None:`` around it."""
        names = set()
        for each in ast.walk(self._node):
            if isinstance(each, ast.Assign) and isinstance(call := each.value, ast.Call):
                get = call.func
                asks = isinstance(get, ast.Attribute) and get.attr == "get" and len(call.args) == 1
                if asks and ast.dump(call.args[0]) == key and _same(get.value, table):  # type: ignore[attr-defined]
                    names |= {t.id for t in each.targets if isinstance(t, ast.Name)}
        for guard in self._guards():
            if statement in guard.body and all(isinstance(s, ast.Assign) for s in guard.body):
                test = guard.test
                if _is_none(test) and isinstance(test.left, ast.Name) and test.left.id in names:  # type: ignore[attr-defined]
                    return not guard.orelse
        return False

    def _asks_for(self, test: ast.expr, name: str) -> bool:
        """Whether `test` is ``NAME is None``, ``not NAME`` or ``not hasattr(self, "NAME")``."""
        if _is_none(test):
            return self._is(test.left, name)  # type: ignore[attr-defined]
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            asked = test.operand
            if isinstance(asked, ast.Call) and getattr(asked.func, "id", "") == "hasattr":
                return any(isinstance(a, ast.Constant) and a.value == name for a in asked.args)
            return self._is(asked, name)
        return False

    def _is(self, node: ast.AST, name: str) -> bool:
        if isinstance(node, ast.Name):
            return node.id == name and name not in self._local
        own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and self._own
        return bool(own) and node.value.id == self._own and node.attr == name  # type: ignore[attr-defined]

    # ---- where a value comes from

    def _from_data(self, value: ast.AST, but: Collection[str] = ()) -> bool:
        names = {n.id for n in ast.walk(value) if isinstance(n, ast.Name)}
        inner = {
            a.arg
            for n in ast.walk(value)
            if isinstance(n, ast.Lambda)
            for a in ast.walk(n.args)
            if isinstance(a, ast.arg)
        }
        return bool(names & (self._local - inner - set(but)))

    def _derived(self, names: set[str]) -> set[str]:
        """`names`, and the variables that are made of them alone."""
        given: dict[str, list[ast.AST]] = {}
        for each in ast.walk(self._node):
            if isinstance(each, ast.Assign):
                for target in each.targets:
                    for n in ast.walk(target):
                        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store):
                            given.setdefault(n.id, []).append(each.value)
            elif isinstance(each, ast.For | ast.AugAssign | ast.NamedExpr | ast.With | ast.comprehension):
                for n in ast.walk(getattr(each, "target", each)):
                    if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store):
                        given.setdefault(n.id, []).append(self._node)
        known = set(names)
        while True:
            more = {
                n
                for n, values in given.items()
                if n not in known and not any(self._from_data(v, known) for v in values)
            }
            if not more:
                return known
            known |= more


def _is_none(test: ast.expr) -> bool:
    if (
        not isinstance(test, ast.Compare)
        or len(test.ops) != 1
        or not isinstance(test.ops[0], ast.Is | ast.Eq)
    ):
        return False
    return isinstance(test.comparators[0], ast.Constant) and test.comparators[0].value is None


def _is_key_error(handler: ast.ExceptHandler) -> bool:
    return isinstance(handler.type, ast.Name) and handler.type.id in ("KeyError", "LookupError", "IndexError")


def _same(node: ast.AST, table: str) -> bool:
    return ast.dump(node) == table


def _writes(body: list[ast.stmt]) -> bool:
    """Whether something is written on an output."""
    for each in (n for s in body for n in ast.walk(s)):
        if isinstance(each, ast.Yield | ast.YieldFrom):
            return True
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute) and each.func.attr in WRITES:
            return True
    return False
