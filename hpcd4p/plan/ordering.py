"""The order of elements: sources before what they feed, else as they were added."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush


def in_order(count: int, edges: Iterable[tuple[int, int]]) -> list[int]:
    """Topological order of 0..count-1, by number where the edges leave a choice.

    Members of a cycle, and whatever they feed, are left out.
    """
    targets: list[set[int]] = [set() for _ in range(count)]
    waiting_for = [0] * count
    for source, target in set(edges):
        targets[source].add(target)
        waiting_for[target] += 1
    ready = [n for n in range(count) if not waiting_for[n]]
    heapify(ready)
    order = []
    while ready:
        here = heappop(ready)
        order.append(here)
        for target in targets[here]:
            waiting_for[target] -= 1
            if not waiting_for[target]:
                heappush(ready, target)
    return order


def find_cycles(count: int, edges: Iterable[tuple[int, int]]) -> list[list[int]]:
    """One cycle of each group of cycles that hang together: its members in order, the first not repeated."""
    edges = set(edges)
    left = set(range(count)) - set(in_order(count, edges))
    cycles = []
    while left:
        before = {t: min(s for s, t2 in edges if t2 == t and s in left) for t in _fed(edges, left)}
        # every node left over is in a cycle or below one: walking backwards must reach a cycle
        path: list[int] = []
        here = min(before)
        while here not in path:
            path.append(here)
            here = before[here]
        cycle = path[path.index(here) :][::-1]
        cycles.append(_from_smallest(cycle))
        left -= set(cycle)
        left -= set(_leaves(left, edges))
    return cycles


def _fed(edges: set[tuple[int, int]], left: set[int]) -> set[int]:
    return {t for s, t in edges if s in left and t in left}


def _leaves(left: set[int], edges: set[tuple[int, int]]) -> list[int]:
    """Members of `left` that are in no further cycle."""
    numbers = sorted(left)
    at = {n: i for i, n in enumerate(numbers)}
    inner = [(at[s], at[t]) for s, t in edges if s in left and t in left]
    return [numbers[i] for i in in_order(len(numbers), inner)]


def _from_smallest(cycle: Sequence[int]) -> list[int]:
    start = cycle.index(min(cycle))
    return [*cycle[start:], *cycle[:start]]
