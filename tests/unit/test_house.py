"""What the structure of the package promises, as far as its text shows it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import hpcd4p

PACKAGE = Path(hpcd4p.__file__).parent


def modules() -> dict[str, Path]:
    """Every module of the package, by name."""
    found = {}
    for file in PACKAGE.rglob("*.py"):
        words = ["hpcd4p", *file.relative_to(PACKAGE).with_suffix("").parts]
        found[".".join(words[:-1] if words[-1] == "__init__" else words)] = file
    return found


def imported(file: Path, known: dict[str, Path]) -> Iterator[str]:
    """The `known` modules that a file imports: at its head, inside functions, for type checkers."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                module = f"{node.module}.{alias.name}"
                module = module if module in known else node.module
                if module in known:
                    yield module


def circles(edges: dict[str, set[str]]) -> list[set[str]]:
    """Sets of modules that import each other, directly or not."""
    reach = {module: set(targets) for module, targets in edges.items()}
    for middle in reach:
        for targets in reach.values():
            if middle in targets:
                targets |= reach[middle]
    found: list[set[str]] = []
    for module in sorted(reach):
        if module in reach[module] and not any(module in circle for circle in found):
            found.append({other for other in reach[module] if module in reach[other]})
    return found


def test_no_two_modules_import_each_other():
    files = modules()
    # the package itself only gives names on to users; everybody may ask it for the version
    edges = {
        name: set(imported(file, files)) - {name, "hpcd4p"}
        for name, file in files.items()
        if name != "hpcd4p"
    }
    assert len(edges) > 200
    assert circles(edges) == []


def test_a_circle_would_be_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == [{"b", "c"}]
