"""dispel4py's import names while a workflow is loaded and run: `dispel4py_names`.

Owns the finder that answers ``from dispel4py.base import IterativePE`` with ours, the modules it makes, and
what becomes of the real dispel4py meanwhile. It must never import a home of a name before that name is asked
for: the other ranks of a run import this file, if the workflow asked for dispel4py at all.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import TYPE_CHECKING, Any

from hpcd4p.workflow.dispel4py.table import EXAMPLES, MODULES, ROOT, carried, is_example, why_not

if TYPE_CHECKING:
    from collections.abc import Sequence


def _is_or_below(name: str, top: str) -> bool:
    return name == top or name.startswith(top + ".")


class NotCarried(ModuleNotFoundError):
    """A module of dispel4py that hpcd4p does not have; `name` is its name."""


class _Module(ModuleType):
    """A module under one of dispel4py's names; each name is looked up when it is first used."""

    def __getattr__(self, name: str) -> Any:
        home, _, there = MODULES[self.__name__].get(name, "").partition(":")
        if not home:
            raise AttributeError(f"{self.__name__}.{name}: {_lack(self.__name__, name)}", name=name, obj=self)
        value = getattr(import_module(home), there or name)
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *MODULES[self.__name__]})


class _Finder:
    """Finds what is called dispel4py, and nothing else."""

    asked = False
    """Whether anybody in this process has asked for such a name."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not _is_or_below(name, ROOT):
            return None
        self.asked = True
        if name in MODULES:
            is_package = any(other.startswith(name + ".") for other in MODULES)
            return ModuleSpec(name, self, is_package=is_package)  # type: ignore[arg-type]  # has what it needs
        spec = self._example(name) if _is_or_below(name, EXAMPLES) else None
        if spec is None:
            raise NotCarried(f"{name}: {_lack(name)}", name=name)
        return spec

    def _example(self, name: str) -> ModuleSpec | None:
        real = PathFinder.find_spec(ROOT)
        if real is None or not real.submodule_search_locations:
            return None
        inside = name.split(".")[1:-1]
        return PathFinder.find_spec(
            name, ["/".join([folder, *inside]) for folder in real.submodule_search_locations]
        )

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        if is_example(module.__name__):
            from hpcd4p.workflow.dispel4py.example_graphs import contents

            module.__dict__.update(contents(module.__name__.rpartition(".")[2]))
        else:
            module.__dict__["__all__"] = [*MODULES[module.__name__]]


_FINDER = _Finder()


class Dispel4pyNames:
    """The names, served from when it is made until it is left; see `dispel4py_names`."""

    _served = 0
    _aside: dict[str, ModuleType] = {}

    def __init__(self) -> None:
        if not Dispel4pyNames._served:
            Dispel4pyNames._aside = _taken_out()
            sys.meta_path.insert(0, _FINDER)
        Dispel4pyNames._served += 1
        self._left = False

    def __enter__(self) -> Dispel4pyNames:
        return self

    def __exit__(self, *_: object) -> None:
        if self._left:
            return
        self._left = True
        Dispel4pyNames._served -= 1
        if not Dispel4pyNames._served:
            sys.meta_path.remove(_FINDER)
            _taken_out()
            sys.modules.update(Dispel4pyNames._aside)
            Dispel4pyNames._aside = {}


def _taken_out() -> dict[str, ModuleType]:
    return {name: sys.modules.pop(name) for name in [*sys.modules] if _is_or_below(name, ROOT)}


def dispel4py_names() -> Dispel4pyNames:
    """Let ``import dispel4py`` and what is below it give the names of hpcd4p, from now on.

    Call it at the top of a notebook or script, before the first import of dispel4py; or use it in ``with``,
    and ``import dispel4py`` means afterwards what it meant before. The command line and the ranks of a run
    need no call: they do it themselves.

    Examples
    --------
    >>> with dispel4py_names():
    ...     from dispel4py.base import IterativePE
    >>> IterativePE.__module__
    'hpcd4p.workflow.elements'
    """
    return Dispel4pyNames()


def were_asked_for() -> bool:
    """Whether something in this process has imported dispel4py while its names were ours."""
    return _FINDER.asked


def real_package() -> str | None:
    """Where the real dispel4py of this Python is; None if there is none. Looks at the file system."""
    spec = PathFinder.find_spec(ROOT)
    return spec.origin if spec is not None else None


def advice_if_real(thing: object) -> str:
    """What to do, if `thing` is of the dispel4py that is installed here; empty if it is not."""
    if not any(_is_or_below(kind.__module__, ROOT) for kind in type(thing).__mro__):
        return ""
    return (
        "it is of the dispel4py that is installed here; call hpcd4p.dispel4py_names() before anything is "
        "imported from dispel4py, and these names are those of hpcd4p"
    )


def what_is_lacking(error: BaseException) -> str | None:
    """What an import of dispel4py failed for, to be said after 'it imports'; None for any other error."""
    if not isinstance(error, ImportError) or not _is_or_below(error.name or "", ROOT):
        return None
    name = str(error.name)
    if isinstance(error, NotCarried):
        return f"{name}, which hpcd4p does not carry: {_lack(name)}"
    words = str(error).split("'")  # cannot import name 'X' from 'dispel4py.base' (...); `name_from` is 3.12's
    if name in MODULES and len(words) > 1:
        return f"{words[1]} from {name}, which hpcd4p does not carry: {_lack(name, words[1])}"
    return None


def _lack(module: str, name: str | None = None) -> str:
    """What `module`, or `name` in a module that is there, is, and what there is instead."""
    if name and MODULES[module]:
        return f"that module has {', '.join(sorted(MODULES[module]))}"
    why = why_not(f"{module}.{name}" if name else module)
    return "; ".join(filter(None, [why, f"carried are {carried()}"]))
