"""The common base of orders and reports. Pure."""

from __future__ import annotations

from typing import Any


class Value:
    """A value: equal to another of the same type with the same parts, which are its `__slots__`."""

    # not a named tuple: each costs every rank 0.1 ms at its start, and one without fields would be false and
    # equal to every other such
    __slots__: tuple[str, ...] = ()

    def parts(self) -> list[Any]:
        """Its parts, in order."""
        return [getattr(self, name) for name in self.__slots__]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Value) and type(self) is type(other) and self.parts() == other.parts()

    def __hash__(self) -> int:
        return hash((type(self), *self.parts()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.parts()))})"
