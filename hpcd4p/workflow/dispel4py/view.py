"""`graph.graph`: a graph's nodes and edges in the form in which dispel4py shows them.

There it is a graph of networkx; this has the part of it that workflows read. A picture of the moment: what
is done to it changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpcd4p.workflow.graph import WorkflowGraph, WorkflowNode


class Nodes(list["WorkflowNode"]):
    """A list that may be called: ``graph.nodes`` and ``graph.nodes()`` are the same."""

    def __call__(self, data: bool = False) -> list[Any]:
        """The nodes; with `data` each with an empty dict."""
        return [(node, {}) for node in self] if data else list(self)


class GraphView:
    """Nodes and edges; an edge's dict has FROM_CONNECTION, TO_CONNECTION, DIRECTION and ALL_CONNECTIONS."""

    def __init__(self, graph: WorkflowGraph) -> None:
        self.nodes = Nodes(graph.nodes)
        of = graph.objToNode
        self._edges: dict[tuple[WorkflowNode, WorkflowNode], dict[str, Any]] = {}
        for source, output, target, input_name in graph.connections:
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

    def edges(self, node: WorkflowNode | None = None, data: bool = False) -> list[tuple[Any, ...]]:
        """Pairs of nodes, of `node` only or all; with `data` the edge's dict is the third."""
        if node is None:
            return [(*pair, edge) if data else pair for pair, edge in self._edges.items()]
        return [(node, other, edge) if data else (node, other) for other, edge in self[node].items()]

    def has_edge(self, node: WorkflowNode, other: WorkflowNode) -> bool:
        """Whether the two are connected, in either direction."""
        return (node, other) in self._edges or (other, node) in self._edges

    def __getitem__(self, node: WorkflowNode) -> dict[WorkflowNode, dict[str, Any]]:
        return {
            target if source is node else source: edge
            for (source, target), edge in self._edges.items()
            if node in (source, target)
        }

    def __iter__(self) -> Iterator[WorkflowNode]:
        return iter(self.nodes)

    def __len__(self) -> int:
        return len(self.nodes)

    def __contains__(self, node: object) -> bool:
        return node in self.nodes
