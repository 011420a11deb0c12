"""The fingerprint of a value: a form that can be compared later, to see whether an element changed it.

Owns how deep and how long it looks: a fingerprint is taken between two tuples, so it is bounded. Of large
containers and arrays it takes a sample with the length. What it cannot read (a socket, a lock) counts as the
same as long as it is the same object. Runs no code of the user's.
"""

from __future__ import annotations

import gc
import pickle
from _weakref import ref
from collections import deque
from collections.abc import Callable
from functools import partial
from types import BuiltinFunctionType, FunctionType, GeneratorType, MethodType, ModuleType
from typing import Any

from hpcd4p.weight import weigh
from hpcd4p.wire.codec import blake2b
from hpcd4p.workflow.places import held_by, is_library

MOST_NODES = 20_000
"""Values read for one fingerprint; about 3,000 take a millisecond."""

MOST_ITEMS = 2000
"""Items of one container that are looked at, half of them from each end."""

MOST_BYTES = 1 << 20
"""Arrays up to this many bytes are read whole; of larger ones so many bytes are read, in `PIECES` pieces.
Objects of libraries that hold more (a model) are not pickled to be compared."""

PIECES = 16

MOST_DEPTH = 12

_PLAIN = frozenset({int, str, bytes, complex, type(None), type(...)})
_NAMED = (FunctionType, BuiltinFunctionType, type, ModuleType)


class Same:
    """Stands for an object that is compared by identity. Its text is the same on every rank."""

    __slots__ = ("_it", "_text")

    def __init__(self, thing: Any) -> None:
        self._it = thing  # held, so that no other object can have its place in memory
        self._text = getattr(thing, "__qualname__", None) or type(thing).__qualname__

    def __eq__(self, other: object) -> bool:
        return type(other) is Same and other._it is self._it

    def __hash__(self) -> int:
        return id(self._it)

    def __repr__(self) -> str:
        return f"<{self._text}>"


def fingerprint(value: Any) -> Any:
    """`value` as nested tuples that are equal as long as it has not changed. Never raises.

    Examples
    --------
    >>> held = {"seen": [1, 2]}
    >>> before = fingerprint(held)
    >>> before == fingerprint(held)
    True
    >>> held["seen"].append(3)
    >>> before == fingerprint(held)
    False
    """
    if type(value) in _PLAIN:
        return value
    return _Reader().read(value)


def digest(fingerprints: Any) -> str:
    """A short text that is the same on every rank for the same content."""
    return blake2b(repr(fingerprints).encode("utf-8", "backslashreplace"), digest_size=12).hexdigest()


class _Reader:
    def __init__(self) -> None:
        self._left = MOST_NODES
        self._seen: dict[int, int] = {}
        self._alive: list[Any] = []  # what `_seen` knows, so that nothing else gets its place in memory

    def read(self, value: Any, depth: int = 0) -> Any:
        kind = type(value)
        if kind in _PLAIN:
            return value
        if kind is bool or kind is float:
            return kind.__name__, repr(value)  # True is not 1, and nan is nan
        if isinstance(value, _NAMED):
            return Same(value)
        self._left -= 1
        if self._left < 0 or depth > MOST_DEPTH:
            return "..."
        if (known := self._seen.get(id(value))) is not None:
            return "again", known
        self._seen[id(value)] = len(self._seen)
        self._alive.append(value)
        try:
            return kind.__qualname__, *self._read(value, kind, depth + 1)
        except Exception:  # noqa: BLE001  # objects of any kind: what cannot be read is compared by identity
            return Same(value)

    def _read(self, value: Any, kind: type, depth: int) -> tuple[Any, ...]:
        """What `value` holds; it is not one of the simple kinds."""
        parts: list[Any] = []
        if isinstance(value, list | tuple | deque):
            parts += [len(value), *(self.read(v, depth) for v in self._sample(value))]
        elif isinstance(value, dict):
            items = self._sample(value.items())
            parts += [len(value), *((self.read(k, depth), self.read(v, depth)) for k, v in items)]
        elif isinstance(value, set | frozenset):
            parts += [len(value), *sorted((self.read(v, depth) for v in self._sample(value)), key=repr)]
        elif isinstance(value, MethodType):
            return Same(value.__func__), self.read(value.__self__, depth)
        elif isinstance(value, partial):
            return tuple(self.read(v, depth) for v in (value.func, value.args, value.keywords))
        elif isinstance(value, GeneratorType):
            frame = value.gi_frame
            return Same(value), frame and (frame.f_lasti, self.read(frame.f_locals, depth))
        elif (bytes_ := _buffer(value)) is not None:
            return bytes_
        elif (ask := _asks(kind)) is not None:
            return Same(value), self.read(ask(value), depth)
        elif is_library(kind):
            return self._of_library(value, kind, depth)
        for held in held_by(value):
            parts.append(self.read(held, depth))
        return tuple(parts)

    def _sample(self, values: Any) -> Any:
        sample = _ends(values)
        self._left -= len(sample)
        return sample

    def _of_library(self, value: Any, kind: type, depth: int) -> tuple[Any, ...]:
        try:
            return self._pickled(value)
        except Exception:  # noqa: BLE001  # objects of any kind
            return Same(value), *(self.read(held, depth) for held in _inside(value, kind))

    def _pickled(self, value: Any) -> tuple[Any, ...]:
        """The fingerprint of a library's object: of its pickled form."""
        if type(value).__module__ == "itertools" and hasattr(value, "__next__") and "(" in repr(value):
            return (repr(value),)  # count(7)
        if weigh([value]) > MOST_BYTES:
            return (Same(value),)
        buffers: list[pickle.PickleBuffer] = []
        text = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
        self._left -= len(text) >> 8
        return (blake2b(text, digest_size=12).digest(), *(_buffer(b.raw()) for b in buffers))


_STORES: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("_contextvars", "ContextVar"): lambda value: value.get(None),
    ("_thread", "_local"): lambda value: value.__dict__,  # of this thread
}


def _asks(kind: type) -> Callable[[Any], Any] | None:
    """How to ask an object for its content, if it can be asked."""
    if issubclass(kind, ref):
        return ref.__call__
    return _STORES.get((kind.__module__, kind.__name__))


_PLUMBING = frozenset({"threading", "weakref", "queue"})
"""Modules of Python whose objects cannot be pickled, and are state. Others (a session, a connection) may
count what they do, which is nobody's state."""


def _inside(value: Any, kind: type) -> list[Any]:
    """What an object of a library holds that cannot be pickled, where that may be state."""
    if kind.__module__ in ("builtins", "itertools") and hasattr(kind, "__next__"):
        return gc.get_referents(value)
    return list(held_by(value)) if kind.__module__ in _PLUMBING else []


def _ends(values: Any) -> Any:
    """All of a container, or its first and last items."""
    if len(values) <= MOST_ITEMS:
        return list(values)
    from itertools import islice

    half = MOST_ITEMS // 2
    first = list(islice(values, half))
    try:
        return [*first, *islice(reversed(values), half)]
    except TypeError:  # a set has no end
        return first


def _buffer(value: Any) -> tuple[Any, ...] | None:
    """Content of an array, of whatever library; None if it is none."""
    # the class is asked: an object may answer anything, and count how often it is asked
    if any("dtype" in vars(kind) for kind in type(value).__mro__):
        dtype = getattr(value, "dtype", None)
        if dtype is not None and getattr(dtype, "hasobject", True):
            return None
    try:
        view = memoryview(value)
    except TypeError:
        return None
    shape, form = view.shape, view.format
    if not view.c_contiguous:
        if view.nbytes > MOST_BYTES:
            return Same(value), shape, form
        return shape, form, blake2b(view.tobytes(), digest_size=12).digest()
    flat = view.cast("B") if view.nbytes else memoryview(b"")
    if len(flat) <= MOST_BYTES:
        return shape, form, blake2b(flat, digest_size=12).digest()
    size, step = MOST_BYTES // PIECES, (len(flat) - MOST_BYTES // PIECES) // (PIECES - 1)
    hashed = blake2b(digest_size=12)
    for i in range(PIECES):
        hashed.update(flat[i * step : i * step + size])
    return shape, form, hashed.digest()
