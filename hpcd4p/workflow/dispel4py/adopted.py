"""Graphs that dispel4py itself has pickled: what their state means here.

There a graph keeps its nodes and edges in a graph of networkx: ``_node`` (node → dict) and ``_adj`` (node →
neighbour → dict of the edge, which both directions share), ``node`` and ``adj`` before networkx 2.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from hpcd4p.workflow.generic import GenericPE


class Adopted(NamedTuple):
    """The state of a graph in the terms of hpcd4p."""

    nodes: list[Any]
    connections: list[tuple[Any, str, Any, str]]
    """(source, output, target, input); source and target are elements, or graphs used as elements."""
    attributes: dict[str, Any]
    """All other attributes."""


def adopted(state: dict[str, Any]) -> Adopted:
    """Read `state`. Elements get the ids that `WorkflowGraph.add` gives."""
    kept = vars(state["graph"])
    nodes = list(kept.get("_node", kept.get("node", ())))
    for number, node in enumerate(nodes):
        node.number = number
        if isinstance(node.contained, GenericPE):
            node.contained.id = f"{node.contained.name}{number}"
    edges: dict[int, dict[str, Any]] = {}
    adjacent = kept.get("_adj", kept.get("adj", {}))
    for node in nodes:
        edges.update((id(edge), edge) for edge in adjacent[node].values())
    connections = []
    for edge in edges.values():
        source, target = edge["DIRECTION"]
        connections += [(source, output, target, input_name) for output, input_name in _ports(edge)]
    attributes = {name: value for name, value in state.items() if name not in ("graph", "objToNode")}
    return Adopted(nodes, connections, attributes)


def _ports(edge: dict[str, Any]) -> list[tuple[str, str]]:
    ports: list[tuple[str, str]] = edge.get("ALL_CONNECTIONS") or []
    return ports or [(edge["FROM_CONNECTION"], edge["TO_CONNECTION"])]
