"""Graphs that dispel4py itself has pickled: what their state means here.

There a graph keeps its nodes and edges in a graph of networkx: ``_node`` (node → dict) and ``_adj`` (node →
neighbour → dict of the edge, which both directions share), ``node`` and ``adj`` before networkx 2.
"""

from __future__ import annotations

from typing import Any

from hpcd4p.workflow.generic import GenericPE
from hpcd4p.workflow.graph import Connection, WorkflowGraph, WorkflowNode


def adopt(graph: WorkflowGraph, state: dict[str, Any]) -> None:
    """Give `graph`, an empty one, what `state` says. Elements have the ids that `add` gives."""
    kept = vars(state["graph"])
    nodes: list[WorkflowNode] = list(kept.get("_node", kept.get("node", ())))
    rest = {name: value for name, value in state.items() if name not in ("graph", "objToNode")}
    graph.__dict__.update(rest)
    graph.nodes = nodes
    for number, node in enumerate(nodes):
        node.number = number
        if isinstance(node.contained, GenericPE):
            node.contained.id = f"{node.contained.name}{number}"
    edges: dict[int, dict[str, Any]] = {}
    adjacent = kept.get("_adj", kept.get("adj", {}))
    for node in nodes:
        edges.update((id(edge), edge) for edge in adjacent[node].values())
    for edge in edges.values():
        source, target = edge["DIRECTION"]
        for output, input_name in _connections(edge):
            graph.connections.append(Connection(source, output, target, input_name))


def _connections(edge: dict[str, Any]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = edge.get("ALL_CONNECTIONS") or []
    return found or [(edge["FROM_CONNECTION"], edge["TO_CONNECTION"])]
