"""The plan: what runs where. Computed on rank 0, broadcast, equal on all ranks. Data only.

Elements are numbered in topological order (every edge goes from a lower to a higher index). The
last element is always the *collector*, built in, hosted by the head: it receives every
unconnected output. Where some of these leave in order, those go to a second one before it, which is ordered.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from enum import StrEnum
from operator import attrgetter
from typing import Any, NamedTuple

HEAD = 0
COLLECTOR = "collector"
ORDERED_COLLECTOR = "ordered output"

UNDECLARED = "\0undeclared"
"""The output under which an instance keeps what it writes on undeclared outputs, as (output, value) pairs. No
user would give this name."""


class Mapping(StrEnum):
    """How the elements are mapped to ranks."""

    SIMPLE = "simple"  # one process
    STATIC = "static"  # each instance is pinned to a rank; MPI only
    DYNAMIC = "dynamic"  # everything in the pool; no state
    HYBRID = "hybrid"  # the stateful group and the pool


class Role(StrEnum):
    """Where an element runs."""

    ROOT = "source"  # no connected input: starts on the head, moves to the pool if it holds no state
    POOL = "stateless"  # stateless: any rank of the pool, any task
    STATE = "stateful"  # holds state: fixed partitions, each on one rank
    PINNED = "pinned"  # stateless, in the static mapping: each instance on one rank
    COLLECT = "collector"  # the collector, or the ordered one

    @property
    def word(self) -> str:
        """What it is called in text."""
        return Role.POOL.value if self is Role.PINNED else self.value

    @property
    def fixed(self) -> bool:
        """Whether each of its instances has a fixed rank; False for collectors."""
        return self in (Role.STATE, Role.PINNED)


class Spread(StrEnum):
    """How the tuples of an edge are spread over the instances or partitions of its target."""

    SHUFFLE = "shuffle"  # anywhere (pool), or by content (several stateful instances)
    KEY = "key"  # by key
    EVEN = "even"  # to any instance, each in turn: stateless ones are alike
    ALL = "all"  # to every instance
    ONE = "one"  # all to instance 0


class Route(NamedTuple):
    """One edge, as routing sees it."""

    source: int
    output: str
    target: int
    input: str
    spread: Spread
    key: tuple[int | str, ...] | None  # positions or names of the key in the tuple


def as_written(output: str, value: Any) -> tuple[str, Any]:
    """Output and value as the element wrote them, from a value that is kept under `output`."""
    if output != UNDECLARED:
        return output, value
    name, value = value
    return str(name), value


class ElementPlan(NamedTuple):
    """One element."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody wants here
    name: str  # unique: the name given by the user plus a running number
    role: Role
    keyed: bool  # the engine holds one state per key
    partitions: int  # 0 for the pool
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    reason: str  # why it has this role, in words (shown by `plan`)
    movable: bool  # ROOT only: may move to the pool once it has shown that it holds no state
    first: int = 0  # place of its first instance among the hosts
    undeclared: str = ""  # what it changes while it works without declaring it; then it counts as stateful
    caches: tuple[str, ...] = ()  # what it changes without harm, so that it need not be watched
    together: str = ""  # what it shares with others on its rank, where all its instances are
    shared: tuple[str, ...] = ()  # what it shares with others on other ranks: a change puts all in doubt
    ordered: bool = False  # its tuples are put in the order of their source again
    forks: tuple[str, ...] = ()  # outputs from which paths part that meet at an ordered element: plan.meeting

    def host(self, partition: int, hosts: Sequence[int]) -> int:
        """Which of `hosts` holds `partition`."""
        # rotated by element, so that the single partitions of several elements spread over hosts
        return hosts[(self.first + (0 if self.together else partition)) % len(hosts)]


class Plan(NamedTuple):
    """Which rank does what, for one number of ranks."""

    name: str
    size: int  # ranks that were started; not all take part where some have died
    elements: tuple[ElementPlan, ...]
    routes: tuple[Route, ...]
    stateful_ranks: tuple[int, ...]  # hosts of partitions, the host of collectors (the head) apart
    pool_ranks: tuple[int, ...]
    mapping: Mapping = Mapping.HYBRID

    @property
    def collector(self) -> int:
        """Index of the collector."""
        return len(self.elements) - 1

    @property
    def collectors(self) -> tuple[int, ...]:
        """Index of the collector; before it that of the ordered one, where there is one."""
        last = self.collector
        two = last > 0 and self.elements[last - 1].role is Role.COLLECT
        return (last - 1, last) if two else (last,)

    def collected(self) -> list[Route]:
        """Routes into the collectors: one for each unconnected output."""
        return [r for r in self.routes if self.elements[r.target].role is Role.COLLECT]

    @property
    def others(self) -> list[int]:
        """Ranks that take part, the head apart."""
        return sorted({*self.stateful_ranks, *self.pool_ranks} - {HEAD})

    def owner(self, element: int, partition: int) -> int:
        """Rank that holds `partition` of `element` (one with a fixed place, or a collector)."""
        plan = self.elements[element]
        if plan.role is Role.COLLECT or not self.stateful_ranks:
            return HEAD
        return plan.host(partition, self.stateful_ranks)

    def holds_state(self, rank: int) -> bool:
        """Whether `rank` hosts a stateful element; in the static mapping stateless ones have ranks, too."""
        return any(self.elements[e].role is Role.STATE for e, _ in self.hosted(rank))

    def hosted(self, rank: int) -> list[tuple[int, int]]:
        """(element, partition) pairs that `rank` holds."""
        return [
            (e.index, p)
            for e in self.elements
            if e.role.fixed or e.role is Role.COLLECT
            for p in range(e.partitions)
            if self.owner(e.index, p) == rank
        ]

    @property
    def streams(self) -> list[int]:
        """Elements that have a task stream: those of the pool, and the roots that may move there."""
        return [e.index for e in self.elements if e.role is Role.POOL or (e.role is Role.ROOT and e.movable)]

    def undeclared(self, element: int) -> Route:
        """Route to the collector for what `element` writes on undeclared outputs."""
        port = f"{self.elements[element].name}.{UNDECLARED}"
        return Route(element, UNDECLARED, self.collector, port, Spread.ONE, None)

    def writers(self, element: int) -> set[tuple[int, int]]:
        """(element, partition) of what writes the tuples of `element`, elements of the pool left out."""
        found: set[tuple[int, int]] = set()
        above = {element}
        for route in self._backwards():
            if route.target in above:
                source = self.elements[route.source]
                if source.role is Role.POOL:
                    above.add(route.source)
                else:
                    found |= {(route.source, p) for p in range(max(1, source.partitions))}
        return found

    def outgoing(self) -> list[dict[str, list[Route]]]:
        """By element: the routes that leave it, by output."""
        out: list[dict[str, list[Route]]] = [{} for _ in self.elements]
        for route in self.routes:
            out[route.source].setdefault(route.output, []).append(route)
        return out

    def upstream(self) -> list[set[int]]:
        """By element: those with an edge into it; all of them for the collector: see `UNDECLARED`."""
        above: list[set[int]] = [set() for _ in self.elements]
        for route in self.routes:
            above[route.target].add(route.source)
        above[self.collector] = set(range(self.collector))
        return above

    def below(self) -> list[int]:
        """By element: the elements that its outputs may reach, as a number with their bits set.

        Bits, for in a chain of thousands each element is above all later ones.
        """
        below = [0] * len(self.elements)
        for route in self._backwards():
            below[route.source] |= below[route.target] | 1 << route.target
        return below

    def stateful_below(self) -> list[Set[int]]:
        """By element: stateful elements that a task of it may send to (through pool elements only).

        Collectors count as such.
        """
        below: list[Set[int]] = [frozenset()] * len(self.elements)
        for route in self._backwards():
            pool = self.elements[route.target].role is Role.POOL
            more = below[route.target] if pool else {route.target}
            # most of a long chain leads to the same few: one set for all of them
            below[route.source] = below[route.source] | more if below[route.source] else more
        return below

    def _backwards(self) -> list[Route]:
        """Routes in reverse order: those that leave an element come before those that lead to it."""
        return sorted(self.routes, key=attrgetter("source"), reverse=True)
