"""What the structure of the package promises, as far as its text shows it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import hpcd4p

PACKAGE = Path(hpcd4p.__file__).parent

MOST_LINES = 300

TUPLES = {"_asdict", "_field_defaults", "_fields", "_make", "_replace"}
"""What every NamedTuple offers."""

ELEMENTS = {
    "_does_something",
    "_item_function",
    "_key_columns",
    "_log_sink",
    "_map_input",
    "_map_output",
    "_overrides",
    "_process",
    "_sink",
}
"""Of elements and composites: names that dispel4py gives its users, and those for the engine, which are not
public because any public name of an element may be one of its user's."""

LIBRARIES = {
    "plan/hashing.py": {"_field_type"},  # of dataclasses: `fields` is half as slow again, for each key
    "runtime/execute/element_logging.py": {"_fmt"},  # of logging: the format that nobody has chosen
    "runtime/execute/left_behind.py": {"_shutdown"},  # of threading
    "study/running/launchers.py": {"_make_sbatch_string"},  # of submitit
}
"""What others keep to themselves and have no public name for."""

GLOBALS = {
    "logs.py": {"setup", "speaker"},  # the level of this process, and who speaks in it
    "runtime/execute/at_work.py": {"threads"},  # of this process
    "runtime/execute/forked.py": {"depth"},  # how often this process was forked
    "runtime/execute/garbage.py": {"held"},  # the switch of this process's collector
    "workflow/kept.py": {"here"},  # asked for by the pickle of any element
}
"""Variables of modules that are written while the program runs, all about the process itself."""


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


def private(tree: ast.Module) -> Iterator[str]:
    """Attributes with a private name that are asked of something other than the object itself.

    Inside a class its own private names may be asked of other objects, too: they are of its kind.
    """
    foreign = {
        (alias.asname or alias.name).partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if not alias.name.startswith("hpcd4p")
    }

    def visit(node: ast.AST, own: frozenset[str]) -> Iterator[str]:
        if isinstance(node, ast.ClassDef):
            own = frozenset(own_names(node))
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.endswith("__"):
            match node.value:
                case ast.Name(id=name) if name in {"self", "cls", *foreign} or node.attr in own:
                    pass
                case ast.Call(func=ast.Name(id="super" | "type")):
                    pass
                case _:
                    yield node.attr
        for child in ast.iter_child_nodes(node):
            yield from visit(child, own)

    yield from visit(tree, frozenset())


def own_names(node: ast.ClassDef) -> Iterator[str]:
    """Names of the attributes and methods of a class, as far as its text shows them."""
    for each in ast.walk(node):
        if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id == "self":
            yield each.attr
        elif isinstance(each, ast.FunctionDef):
            yield each.name
        elif isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            yield each.id


def texts() -> dict[str, str]:
    """The text of each file, by its path in the package."""
    return {
        str(file.relative_to(PACKAGE)): file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*.py")
    }


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


def test_nothing_private_is_asked_of_another_object():
    found = {
        path: names - LIBRARIES.get(path, set())
        for path, text in texts().items()
        if (names := set(private(ast.parse(text))) - TUPLES - ELEMENTS)
    }
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("self._x", []),
        ("other._x", []),  # of the same kind
        ("other._y", ["_y"]),
        ("self.part._x", ["_x"]),
        ("super()._y()", []),
        ("os._exit(0)", []),
        ("crew._told", ["_told"]),
        ("other.__dict__", []),
    ],
)
def test_what_is_private_to_another_would_be_found(line, found):
    text = (
        f"import os\nfrom hpcd4p.launch import crew\nclass A:\n  def f(self, other):\n    self._x = {line}\n"
    )
    assert list(private(ast.parse(text))) == found


def test_no_file_is_too_long_to_be_read():
    assert {path for path, text in texts().items() if text.count("\n") > MOST_LINES} == set()


def test_the_type_checker_sees_all_of_the_engine():
    looks_away = {path for path, text in texts().items() if "type: ignore" in text}
    assert {path for path in looks_away if path.startswith("runtime/")} == set()


def test_modules_keep_nothing_that_changes():
    found: dict[str, set[str]] = {}
    for path, text in texts().items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Global):
                found.setdefault(path, set()).update(node.names)
    assert found == GLOBALS


def inherited(trees: dict[str, ast.Module]) -> set[tuple[str, str]]:
    """(class, base) of classes that inherit from one of these files; protocols and exceptions may be."""
    classes = {
        node.name: [base.id for base in node.bases if isinstance(base, ast.Name)]
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    return {
        (name, base)
        for name, bases in classes.items()
        for base in bases
        if base in classes and not {"Protocol", "BaseException"} & set(classes[base])
    }


LIST_KINDS = {("Listened", "Held")}
"""A list changes its kind while somebody listens: so the writes after the first cost nothing more."""


def test_a_rank_is_put_together_and_not_inherited():
    trees = {path: ast.parse(text) for path, text in texts().items() if path.startswith("runtime/")}
    assert len(trees) > 40
    assert inherited(trees) == LIST_KINDS


def test_a_chain_would_be_found():
    text = "class A: ...\nclass B(A): ...\nclass C(Protocol): ...\nclass D(C): ...\nclass E(Exception): ..."
    assert inherited({"x.py": ast.parse(text)}) == {("B", "A")}
