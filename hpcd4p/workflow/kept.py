"""What this process keeps while a run is on: objects that stay themselves wherever they go.

Code knows them by name (`workflow.known`), or they have a number: what no module has that can be imported (a
class of a notebook) is sent once and then goes by that.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from types import FunctionType
from typing import Any

from hpcd4p.workflow.singles import Judge

LONGEST = 256
"""Most characters of a string that is interned: longer ones are text, which is not compared with ``is``."""

NUMBERS = (int, float, complex)
"""Types of numbers: pickle makes a new object at each place where one of them is referred to."""

NOTHING = object()


class Kept:
    """Objects that stay themselves wherever they go.

    Attributes
    ----------
    keys
        By id(): the name ("module:qualified name") or the number under which each is found again.
    sentinels
        The same for those that tuples may hold; `kinds` are their classes.
    common
        Those with a number, which no importable module has. `NUMBERS` come first.
    held
        All of them by id(); they are kept alive, or another object could get the same id.
    """

    def __init__(self) -> None:
        self.keys: dict[int, str | int] = {}
        self.sentinels: dict[int, str | int] = {}
        self.kinds: set[type] = set()
        self.common: list[Any] = []
        self.homes: list[str] = []
        self.held: dict[int, Any] = {}
        self.numbered = False
        self._objects: dict[int, str] | None = None

    def keep(self, things: Iterable[Any], by_value: bool = False) -> None:
        """Keep what `things` refer to. Rank 0.

        Parameters
        ----------
        by_value
            Also keep classes and functions that no importable module has.
        """
        from hpcd4p.workflow.known import gathered, has_a_name

        known = gathered(things)
        for name, thing in known.named.items():
            self.hold(thing, name)
        for name in known.sentinels:
            self.sentinel(known.named[name], name)
        self.homes += [name for name in known.homes if name not in self.homes]
        intern(known.strings)
        if not self.numbered:  # those that came from another process mean the same in both
            bare = [t for t in known.nameless if by_value or (is_object(t) and has_a_name(type(t)))]
            self.number(sorted(bare, key=lambda thing: type(thing) not in NUMBERS))

    def hold(self, thing: Any, key: str | int) -> None:
        """Keep `thing` under `key`, unless it is kept already."""
        self.held[id(thing)] = thing
        self.keys.setdefault(id(thing), key)

    def sentinel(self, thing: Any, key: str | int) -> None:
        """Let tuples hold `thing`."""
        self.hold(thing, key)
        self.sentinels[id(thing)] = key
        self.kinds.add(type(thing))

    def number(self, things: Iterable[Any]) -> None:
        """Keep each of `things` under its place in `common`."""
        judge = Judge()
        for thing in things:
            self.numbered = True
            self.hold(thing, len(self.common))
            if judge.is_sentinel(thing):
                self.sentinel(thing, len(self.common))
            self.common.append(thing)

    def search(self, thing: object) -> str:
        """Name of an ``object()`` that the modules around the elements do not have; empty if none has it."""
        if self._objects is None:
            from hpcd4p.workflow.known import names_of_objects

            self._objects = names_of_objects()
        name = self._objects.get(id(thing), "")
        name = name if name and named(name) is thing else ""
        self.hold(thing, name)
        return name


def is_object(thing: Any) -> bool:
    """Whether `thing` is neither a class nor a function."""
    return not issubclass(type(thing), (type, FunctionType))


def intern(strings: Iterable[str]) -> None:
    """Intern strings of the code, so that unpacked objects use them; in the same order on every rank."""
    for text in strings:
        if len(text) <= LONGEST:
            sys.intern(text)


here = Kept()
"""What this process keeps while a run is on."""


def keep(things: Iterable[Any], by_value: bool = False) -> None:
    """From now on, let what `things` refer to stay itself. Rank 0; for `by_value` see `Kept.keep`."""
    here.keep(things, by_value)


@contextmanager
def keeping(things: Iterable[Any] = (), by_value: bool = False) -> Iterator[None]:
    """Keep what `things` refer to, and nothing else, for a while."""
    global here
    before, here = here, Kept()
    try:
        here.keep(things, by_value)
        yield
    finally:
        here = before


def named(name: str) -> Any:
    """Object of that name; `NOTHING` if there is none."""
    module, _, path = name.partition(":")
    try:
        thing: Any = import_module(module)
        for part in path.split("."):
            thing = getattr(thing, part)
    except (ImportError, AttributeError):
        return NOTHING
    return thing


def copied(thing: Any) -> Any:
    """A copy of `thing`, with copies of all that is not kept."""
    from copy import deepcopy

    return deepcopy(thing, dict(here.held))


def is_kept(thing: Any) -> bool:
    """Whether copies of elements share `thing`."""
    return id(thing) in here.held
