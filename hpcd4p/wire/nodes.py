"""The nodes on which the ranks of a run live. Pure.

A node is a number, that of the head 0; `Nodes` has that of each rank. It is empty where all ranks live on one
node, and then nothing in the run speaks of nodes.
"""

from __future__ import annotations

from collections.abc import Sequence

Nodes = tuple[int, ...]

PORTERS = 1_000_000
"""The porter of a node has the number of the node behind this, where others have the number of a rank."""


def nodes_of(hosts: Sequence[str]) -> Nodes:
    """The node of each rank, by their hosts."""
    numbers = {host: number for number, host in enumerate(dict.fromkeys(hosts))}
    return tuple(numbers[host] for host in hosts) if len(numbers) > 1 else ()


def porter_of(node: int) -> int:
    """Who carries what lies on a node: the head on its own, a process of its own on any other."""
    return PORTERS + node if node else 0


def node_of(rank: int, nodes: Nodes) -> int:
    """Where a rank, or a porter, lives."""
    if rank >= PORTERS:
        return rank - PORTERS
    return nodes[rank] if nodes else 0


def ranks_on(node: int, nodes: Nodes) -> frozenset[int]:
    """The ranks of a node."""
    return frozenset(rank for rank, where in enumerate(nodes) if where == node)
