"""Pickles elements so that what they hold keeps its identity on every rank, also for ``is``.

Pickle makes a new object of everything. Here interned strings are interned again, and objects that code knows
by name travel as that name, with their value: on arrival the object of that name is used if its value is the
same. Owns the bytes of elements; those of tuples are in `workflow.sentinels`.
"""

from __future__ import annotations

import io
import pickle
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from types import FunctionType
from typing import Any, NamedTuple

from hpcd4p.workflow import kept
from hpcd4p.workflow.kept import LONGEST, NUMBERS, Kept, intern, is_object, named
from hpcd4p.workflow.singles import Judge, alike


class Packed(NamedTuple):
    """Elements, or anything else, as bytes."""

    numbers: list[complex]
    common: bytes
    """Objects that several of them refer to and that no importable module has: numbers, and others as
    bytes."""
    blobs: list[bytes]
    homes: list[str]
    """Modules whose strings are interned before anything is unpacked."""
    sentinels: list[str]
    """Names of objects that tuples may hold as well."""


def dumper(by_value: bool, of: Kept | None = None) -> Callable[..., bytes]:
    """Function that makes bytes of an element, with the options of `pickle.dumps`."""
    return _dumps_with(_pickler_with(_base(by_value), of or kept.here))


def file_dumper(by_value: bool) -> Callable[[Any, Any], None]:
    """Function that pickles a thing into a file, as `dumper` does; the bytes are never there as a whole."""
    kind = _pickler_with(_base(by_value), kept.here)

    def dump(thing: Any, file: Any) -> None:
        kind(file, protocol=5).dump(thing)

    return dump


def _base(by_value: bool) -> Any:
    if not by_value:
        return pickle.Pickler
    import cloudpickle

    return cloudpickle.Pickler


def _pickler_with(base: Any, of: Kept, below: int | None = None) -> Any:
    """A pickler of the kind of `base`; objects with a number `below` the limit travel as their number."""
    keys = of.keys

    class Pickler(base):  # type: ignore[misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self.open: set[int] = set()  # named: their values are next

        def persistent_id(self, thing: Any) -> Any:
            kind = type(thing)
            if kind is str:
                # the string itself, if it is interned (if no equal one was, this one is from now on)
                return thing if len(thing) <= LONGEST and sys.intern(thing) is thing else None
            key = keys.get(id(thing))
            if key is None:
                if kind is not object:
                    return None
                key = of.search(thing)
            if type(key) is int:
                return key if below is None or key < below else None
            if not key or id(thing) in self.open:
                self.open.discard(id(thing))
                return None
            if kind is FunctionType:
                return key, None, _place_of(thing)
            self.open.add(id(thing))
            return key, thing

    return Pickler


def _dumps_with(kind: Any) -> Callable[..., bytes]:
    def dumps(thing: Any, **options: Any) -> bytes:
        file = io.BytesIO()
        kind(file, **{"protocol": 5, **options}).dump(thing)
        return file.getvalue()

    return dumps


def _place_of(function: Any) -> Any:
    """Place of a function in its file, and its defaults: functions that agree in these are the same."""
    code = getattr(function, "__code__", None)
    return code and (code.co_firstlineno, code.co_linetable, function.__defaults__)


Look = Callable[[Any], None]
"""Gets each class and function before anything is made with it; may raise."""


def _see_all(thing: Any) -> None:
    """Let everything pass."""


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: Any, look: Look = _see_all) -> None:
        super().__init__(file)
        self.others: dict[str, Any] = {}  # pickle writes a float twice even if it is one object
        self.look = look

    def find_class(self, module: str, name: str) -> Any:
        found = super().find_class(module, name)
        self.look(found)
        return found

    def persistent_load(self, key: Any) -> Any:
        if type(key) is str:
            return sys.intern(key)
        if type(key) is int:
            self.look(kept.here.common[key])
            return kept.here.common[key]
        name, thing, *place = key
        here = named(name)
        if place:
            if not alike(_place_of(here), place[0]):
                raise pickle.UnpicklingError(f"{name} is another function here; give it a name of its own")
        elif not alike(here, thing):
            return self.others.setdefault(name, thing)
        self.look(here)
        kept.here.hold(here, name)
        return here


def loads(blob: bytes, look: Look = _see_all) -> Any:
    """What `dumper` has made bytes of."""
    return _Unpickler(io.BytesIO(blob), look).load()


def loads_pieces(pieces: Sequence[bytes]) -> Any:
    """The same of bytes that are in pieces."""
    if len(pieces) == 1:
        return loads(pieces[0])
    return _Unpickler(io.BufferedReader(_Joined(pieces))).load()


class _Joined(io.RawIOBase):
    """Pieces, as a file."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = iter(pieces)
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = memoryview(piece)
        part = self._left[: len(buffer)]
        buffer[: len(part)] = part
        self._left = self._left[len(part) :]
        return len(part)


def pack(blobs: list[bytes]) -> Packed:
    """The bytes that `dumper` has made of elements, with all that is kept for them."""
    sentinels = [key for key in kept.here.sentinels.values() if isinstance(key, str)]
    numbers = [each for each in kept.here.common if type(each) in NUMBERS]
    return Packed(numbers, _common(len(numbers)), blobs, list(kept.here.homes), sentinels)


def _common(done: int) -> bytes:
    """Bytes of the kept objects that have a number, but for the first `done`; none if there are none."""
    things = kept.here.common[done:]
    if not things:
        return b""
    base: Any = pickle.Pickler
    if not all(map(is_object, things)):
        import cloudpickle

        base = cloudpickle.Pickler
    return _dumps_with(_pickler_with(base, kept.here, below=done))(things)


def unpack(packed: Packed) -> list[Any]:
    """Inverse of packing; what was kept there is kept here."""
    from hpcd4p.workflow.known import strings_of

    for name in packed.homes:
        with suppress(ImportError):  # then unpickling its objects raises the error
            intern(strings_of(import_module(name)))
    kept.here.number(packed.numbers)
    if packed.common:
        kept.here.number(loads(packed.common))
    kept.here.numbered = True
    things = [loads(blob) for blob in packed.blobs]
    judge = Judge()
    for name in packed.sentinels:
        if name.partition(":")[0] in sys.modules and judge.is_sentinel(here := named(name)):
            kept.here.sentinel(here, name)
    kept.here.homes = list(packed.homes)
    return things


def remade(thing: Any) -> Any:
    """A copy of `thing` as other ranks would have it."""
    return loads(dumper(by_value=True)(thing))
