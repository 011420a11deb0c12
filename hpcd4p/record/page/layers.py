"""Where the elements of a graph stand in its drawing: in layers, with few edges that cross. Pure.

Each element is one layer behind the last of those that it gets tuples from. An edge over several layers has a
place in each of them, so that it goes around what stands there. In a layer, what has its neighbours above
stands above: a few sweeps over the layers, there and back.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Sequence
from typing import NamedTuple

SWEEPS = 8
"""Of a graph of dozens of elements, more sweeps change nothing."""

Node = Hashable


class Edge(NamedTuple):
    """From one node to another; nodes are numbers, and those of an edge's way through a layer are pairs."""

    source: int
    target: int


class Layers(NamedTuple):
    """The drawing, without sizes."""

    nodes: list[list[Node]]
    """By layer, in their order."""
    ways: list[list[Node]]
    """Of each edge, the nodes that it passes, with its ends."""


def layers_of(count: int, edges: Sequence[Edge]) -> Layers:
    """Where `count` nodes and their edges stand; an edge that leads back into a circle is drawn backwards."""
    layer = _layer_of_each(count, edges)
    nodes: list[list[Node]] = [[] for _ in range(max(layer, default=0) + 1)]
    for node in range(count):
        nodes[layer[node]].append(node)
    ways: list[list[Node]] = []
    for number, (source, target) in enumerate(edges):
        between = range(layer[source] + 1, layer[target])
        passed: list[Node] = [("way", number, at) for at in between]
        for at, place in zip(between, passed, strict=True):
            nodes[at].append(place)
        ways.append([source, *passed, target])
    return Layers(_sorted(nodes, ways), ways)


def _layer_of_each(count: int, edges: Sequence[Edge]) -> list[int]:
    """The length of the longest way to each node."""
    after: list[list[int]] = [[] for _ in range(count)]
    missing = [0] * count
    for source, target in edges:
        after[source].append(target)
        missing[target] += 1
    layer = [0] * count
    ready, left = [node for node in range(count) if not missing[node]], set(range(count))
    while left:
        if not ready:  # a circle: it has to be entered somewhere
            ready = [min(left)]
        node = ready.pop()
        left.discard(node)
        for target in after[node]:
            if target in left:
                layer[target] = max(layer[target], layer[node] + 1)
                missing[target] -= 1
                if not missing[target]:
                    ready.append(target)
    return layer


def _sorted(nodes: list[list[Node]], ways: Sequence[Sequence[Node]]) -> list[list[Node]]:
    before: dict[Node, list[Node]] = {}
    behind: dict[Node, list[Node]] = {}
    for way in ways:
        for one, next_one in itertools.pairwise(way):
            before.setdefault(next_one, []).append(one)
            behind.setdefault(one, []).append(next_one)
    best, least = nodes, _crossings(nodes, behind)
    for sweep in range(SWEEPS):
        forth = sweep % 2 == 0
        beside = before if forth else behind
        places: dict[Node, float] = {}
        turned: list[list[Node]] = []
        for line in best if forth else best[::-1]:
            own = {node: at / max(1, len(line) - 1) for at, node in enumerate(line)}
            line = sorted(line, key=lambda node: _middle(node, beside, places, own))  # used at once
            places |= {node: at / max(1, len(line) - 1) for at, node in enumerate(line)}
            turned.append(line)
        turned = turned if forth else turned[::-1]
        crossings = _crossings(turned, behind)
        if crossings < least:
            best, least = turned, crossings
    return best


def _middle(
    node: Node, beside: dict[Node, list[Node]], places: dict[Node, float], own: dict[Node, float]
) -> float:
    known = [places[each] for each in beside.get(node, ()) if each in places]
    return sum(known) / len(known) if known else own[node]


def _crossings(nodes: Sequence[Sequence[Node]], behind: dict[Node, list[Node]]) -> int:
    """How many edges cross."""
    crossings = 0
    for line, further in itertools.pairwise(nodes):
        place = {node: at for at, node in enumerate(further)}
        ends = [[place[each] for each in behind.get(node, ()) if each in place] for node in line]
        for at, mine in enumerate(ends):
            crossings += sum(one > other for one in mine for others in ends[at + 1 :] for other in others)
    return crossings
