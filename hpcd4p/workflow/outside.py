"""What an element asks for that is another one each time: the clock, random numbers, what comes from outside.

Found in its code and that of its functions. It is a guess: an element may ask for the time only to keep to a
rate. Calls nothing of the user's.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from dis import get_instructions
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any

from hpcd4p.workflow.generic import GenericPE
from hpcd4p.workflow.places import Search, codes

_ALL = frozenset({"*"})
"""All functions of a module."""

_OF_MODULES: dict[str, frozenset[str]] = {
    "time": frozenset({"time", "time_ns", "localtime", "gmtime", "ctime", "strftime"}),
    "random": _ALL,
    "numpy.random": _ALL,
    "secrets": _ALL,
    "uuid": frozenset({"uuid1", "uuid4"}),
    "os": frozenset({"urandom"}),
    "sys": frozenset({"stdin"}),
    "builtins": frozenset({"input"}),
    "socket": frozenset({"socket", "create_connection"}),
    "urllib.request": frozenset({"urlopen"}),
}

_OF_CLASSES: dict[str, frozenset[str]] = {
    "datetime.datetime": frozenset({"now", "utcnow", "today"}),
    "datetime.date": frozenset({"today"}),
}

_SEEDED = ("random.", "numpy.random.")

_MADE = frozenset({"Random", "RandomState", "Generator", "default_rng", "SystemRandom"})
"""Generators of one's own: whether they have a seed is not seen here."""

_PARTS = frozenset({"LOAD_ATTR", "LOAD_METHOD"})


def asks(pe: GenericPE) -> list[str]:
    """What `pe` and its functions use that is another one each time, by its full name."""
    if "numpy" in sys.modules:  # it loads this part when it is asked for
        with suppress(ImportError):
            import_module("numpy.random")
    functions = Search(pe).functions
    seeds = any("seed" in code.co_names for f in functions for code in codes(f.__code__))
    found = sorted({name for function in functions for name in _names(function)})
    return [name for name in found if not (seeds and name.startswith(_SEEDED))]


def _names(function: FunctionType) -> Iterator[str]:
    given = {**vars(sys.modules["builtins"]), **function.__globals__}
    known = _known()
    for code in codes(function.__code__):
        local: dict[str, Any] = {}  # what it imports itself
        held: Any = None
        imported: ModuleType | None = None
        for step in get_instructions(code):
            before, held = held, None
            name = str(step.argval)
            if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
                held = given.get(name)
            elif step.opname in ("LOAD_FAST", "LOAD_FAST_BORROW"):
                held = local.get(name)
            elif step.opname == "IMPORT_NAME":
                held = imported = sys.modules.get(name)
            elif step.opname == "IMPORT_FROM" and imported is not None:
                held = vars(imported).get(name)
            elif step.opname == "STORE_FAST":
                local[name] = before
            elif step.opname in _PARTS and isinstance(before, ModuleType):
                held = vars(before).get(name)
            elif step.opname in _PARTS and isinstance(before, type):
                full = f"{before.__module__}.{before.__qualname__}"
                if name in _OF_CLASSES.get(full, ()):
                    yield f"{full}.{name}"
            if id(held) in known:
                yield known[id(held)]


def _known() -> dict[int, str]:
    """Names of what is asked for, by the number of the object: of modules that are there."""
    return {
        id(value): f"{module}.{name}".removeprefix("builtins.")
        for module, names in _OF_MODULES.items()
        if module in sys.modules
        for name, value in list(vars(sys.modules[module]).items())
        if (name in names or (names is _ALL and _is_asked(name, value))) and value is not None
    }


def _is_asked(name: str, value: Any) -> bool:
    return callable(value) and not name.startswith("_") and name not in _MADE and not isinstance(value, type)
