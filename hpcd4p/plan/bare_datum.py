"""Elements that define `process` as if it got the bare datum, which only `_process` does.

An `IterativePE` may define `process` as well: it gets the dict of inputs then, and gives a dict of outputs.
So only what could never work is reported. Reads source; never runs what it reads.
"""

from __future__ import annotations

import ast

from hpcd4p.plan.body import named, source_of
from hpcd4p.workflow.elements import ConsumerPE, GenericPE, IterativePE, ProducerPE

_OF_DICTS = frozenset(dir({}))
_NO_DICTS = (ast.JoinedStr, ast.List, ast.ListComp, ast.Tuple, ast.Set, ast.SetComp)
"""What is no dict whatever its parts are."""


def misnamed(pe: GenericPE) -> str:
    """Why the element's `process` cannot have been meant to take and give dicts; empty if it may be."""
    bare = isinstance(pe, IterativePE | ConsumerPE)
    function = named(pe, "process") if bare or isinstance(pe, ProducerPE) else None
    if function is None or str(function.__module__).startswith("hpcd4p."):
        return ""
    node, _ = source_of(function)
    if not isinstance(node, ast.FunctionDef):
        return ""
    if bare and len(node.args.args) > 1:
        name = node.args.args[1].arg
        use = _use_as_datum(node, name)
        if use:
            return f"gets a dict, {{'{pe.INPUT_NAME}': datum}}, so `{use}` fails"
    if isinstance(pe, ConsumerPE):
        return ""  # what it returns is not used
    result = _result_no_dict(node)
    return f"must return a dict, {{'{pe.OUTPUT_NAME}': datum}}, or None, not `{result}`" if result else ""


def _use_as_datum(node: ast.FunctionDef, name: str) -> str:
    """An expression in which a dict of inputs fails; empty if there is none, or if that cannot be told."""

    def is_it(part: ast.expr) -> bool:
        return isinstance(part, ast.Name) and part.id == name

    wrong_use = ""
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and each.id == name and not isinstance(each.ctx, ast.Load):
            return ""  # it may be something else by then
        if isinstance(each, ast.Call) and any(map(is_it, each.args)):
            return ""  # isinstance, say: the element may know both
        wrong = (
            (
                (isinstance(each, ast.BinOp) and not isinstance(each.op, ast.BitOr))
                and (is_it(each.left) or is_it(each.right))
            )
            or (isinstance(each, ast.UnaryOp) and not isinstance(each.op, ast.Not) and is_it(each.operand))
            or (isinstance(each, ast.Attribute) and is_it(each.value) and each.attr not in _OF_DICTS)
            or (isinstance(each, ast.Subscript) and is_it(each.value) and _no_name(each.slice))
        )
        if wrong and not wrong_use:
            wrong_use = ast.unparse(each)
    return wrong_use


def _no_name(key: ast.expr) -> bool:
    return isinstance(key, ast.Slice) or (isinstance(key, ast.Constant) and not isinstance(key.value, str))


def _result_no_dict(node: ast.FunctionDef) -> str:
    inner = [n for n in ast.walk(node) if isinstance(n, ast.FunctionDef | ast.Lambda) and n is not node]
    theirs = {id(part) for function in inner for part in ast.walk(function)}
    for each in ast.walk(node):
        if isinstance(each, ast.Return) and id(each) not in theirs and each.value is not None:
            value = each.value
            if _is_constant(value) or isinstance(value, _NO_DICTS) or _is_sum(value):
                return ast.unparse(value)
    return ""


def _is_constant(part: ast.expr) -> bool:
    return isinstance(part, ast.Constant) and part.value is not None


def _is_sum(part: ast.expr) -> bool:
    """Whether it is reckoned with a number or text; counters, which are dicts, can be added to each other."""
    return isinstance(part, ast.BinOp) and (_is_constant(part.left) or _is_constant(part.right))
