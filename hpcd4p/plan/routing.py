"""Routing: which tuple of a batch goes to which partition.

Owns the spread of a batch over the partitions of one edge's target. It must never lose a tuple: one with a
bad key is put among the failures, and the others are routed. One pass in the common case; this is the hottest
code of a keyed workflow.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from hpcd4p.errors import KeyHashError
from hpcd4p.plan.model import Route, Spread

CACHED_KEYS = 1 << 16
"""Keys whose partition is remembered; a few MB. When the table is full it is emptied: cheaper than ageing."""

CACHED_KEY_BYTES = 1 << 10
"""A longer key is hashed each time: remembering it would hold its memory."""


class _Partitions(dict[Any, int]):
    """Key → partition, filled as keys are met. Equal keys share an entry, as they share a partition."""

    __slots__ = ("count",)

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def __missing__(self, key: Any) -> int:
        from hpcd4p.plan.hashing import stable_hash  # not on ranks that route nothing by key

        partition = stable_hash(key) % self.count
        if isinstance(key, (str, bytes)) and len(key) > CACHED_KEY_BYTES:
            return partition
        if len(self) >= CACHED_KEYS:
            self.clear()
        self[key] = partition
        return partition


class Splitter:
    """Spreads batches of one route over the partitions of its target.

    Parameters
    ----------
    route
        The edge.
    partitions
        Partitions of its target; 0 (the pool) counts as 1.
    element_name
        Name of the target, for messages.

    Attributes
    ----------
    failures
        (tuple, exception) of each tuple of the last batch that has no partition.
    """

    def __init__(self, route: Route, partitions: int, element_name: str) -> None:
        self.failures: list[tuple[Any, Exception]] = []
        self._route = route
        self._count = max(1, partitions)
        self._name = element_name
        self._partition_of = _Partitions(self._count)
        self._turn = 0
        self._single: Any = None
        self._key: Any = None
        if route.spread is Spread.KEY:
            columns = route.key or ()
            if not columns:
                raise ValueError(f"the route into {element_name} is grouped by key but has no columns")
            self._key = itemgetter(*columns)
            if len(columns) == 1:
                self._single = columns[0]

    def split(self, values: list[Any]) -> list[tuple[int, list[Any]]]:
        """(partition, its tuples) of the partitions that get any; order within each is kept.

        With one-to-all every partition gets the same list object.
        """
        self.failures = []
        if not values:
            return []
        spread = self._route.spread
        if spread is Spread.KEY:
            return self._by_key(values)
        if spread is Spread.ALL:
            return [(partition, values) for partition in range(self._count)]
        if spread is Spread.ONE or self._count == 1:
            return [(0, values)]
        if spread is Spread.EVEN:
            return self._in_turn(values)
        from hpcd4p.plan.content import content_hash

        return self._one_by_one(values, lambda value: content_hash(value) % self._count)

    def _in_turn(self, values: list[Any]) -> list[tuple[int, list[Any]]]:
        turn, count = self._turn, self._count
        self._turn = (turn + len(values)) % count
        parts = [((turn + i) % count, values[i::count]) for i in range(min(count, len(values)))]
        return sorted(parts, key=itemgetter(0))

    def _by_key(self, values: list[Any]) -> list[tuple[int, list[Any]]]:
        partition_of = self._partition_of
        parts: list[list[Any]] = [[] for _ in range(self._count)]
        try:
            if self._single is not None:
                column = self._single
                for value in values:
                    parts[partition_of[value[column]]].append(value)
            else:
                key = self._key
                for value in values:
                    parts[partition_of[key(value)]].append(value)
        except Exception:  # noqa: BLE001 - the tuple's own methods may raise anything; found out one by one
            return self._one_by_one(values, lambda value: partition_of[self._key(value)])
        return [(partition, part) for partition, part in enumerate(parts) if part]

    def _one_by_one(self, values: list[Any], partition_of: Any) -> list[tuple[int, list[Any]]]:
        parts: dict[int, list[Any]] = {}
        for value in values:
            try:
                partition = partition_of(value)
            except Exception as error:  # noqa: BLE001 - the tuple's own methods may raise anything
                self.failures.append((value, self._explained(value, error)))
            else:
                parts.setdefault(partition, []).append(value)
        return sorted(parts.items())

    def _explained(self, value: Any, error: Exception) -> Exception:
        where = f"element {self._name}, input {self._route.input!r}"
        if isinstance(error, KeyHashError):
            return KeyHashError(f"{where}: {error}")
        columns = ", ".join(map(repr, self._route.key or ()))
        try:
            key = self._key(value)
        except Exception:  # noqa: BLE001 - the tuple's own methods may raise anything
            return KeyHashError(
                f"{where}: a tuple of type {type(value).__name__} has no key at {columns} "
                f"({type(error).__name__}: {error})"
            )
        return KeyHashError(
            f"{where}: the key at {columns}, of type {type(key).__name__}, cannot be hashed "
            f"({type(error).__name__}: {error}); use numbers, strings, bytes, or tuples of them"
        )
