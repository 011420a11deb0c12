"""`graph.graph`: a graph's nodes and edges in the form in which dispel4py shows them.

There it is a graph of networkx; this has the part of it that workflows read. A picture of the moment: what
is done to it changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Node = Any
"""A node of the graph."""


class Nodes(list[Node]):
    """A list that may be called: ``graph.nodes`` and ``graph.nodes()`` are the same."""

    def __call__(self, data: bool = False) -> list[Any]:
        """The nodes; with `data` each with an empty dict."""
        return [(node, {}) for node in self] if data else list(self)


class GraphView:
    """Nodes and edges; an edge's dict has FROM_CONNECTION, TO_CONNECTION, DIRECTION and ALL_CONNECTIONS.

    Parameters
    ----------
    of
        Node of each member.
    connections
        (source, output, target, input) of each edge; source and target are members.
    """

    def __init__(
        self, nodes: Iterable[Node], of: Mapping[Any, Node], connections: Iterable[tuple[Any, str, Any, str]]
    ) -> None:
        self.nodes = Nodes(nodes)
        self._edges: dict[tuple[Node, Node], dict[str, Any]] = {}
        for source, output, target, input_name in connections:
            edge = self._edges.setdefault(
                (of[source], of[target]),
                {
                    "FROM_CONNECTION": output,
                    "TO_CONNECTION": input_name,
                    "DIRECTION": (source, target),
                    "ALL_CONNECTIONS": [],
                },
            )
            edge["ALL_CONNECTIONS"].append((output, input_name))

    def edges(self, node: Node | None = None, data: bool = False) -> list[tuple[Any, ...]]:
        """Pairs of nodes, of `node` only or all; with `data` the edge's dict is the third."""
        if node is None:
            return [(*pair, edge) if data else pair for pair, edge in self._edges.items()]
        return [(node, other, edge) if data else (node, other) for other, edge in self[node].items()]

    def has_edge(self, node: Node, other: Node) -> bool:
        """Whether the two are connected, in either direction."""
        return (node, other) in self._edges or (other, node) in self._edges

    def __getitem__(self, node: Node) -> dict[Node, dict[str, Any]]:
        return {
            target if source is node else source: edge
            for (source, target), edge in self._edges.items()
            if node in (source, target)
        }

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __len__(self) -> int:
        return len(self.nodes)

    def __contains__(self, node: object) -> bool:
        return node in self.nodes
