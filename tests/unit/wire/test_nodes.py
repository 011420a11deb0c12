"""Nodes are numbers, that of the head 0; porters have numbers that no rank has."""

from __future__ import annotations

import pytest

from hpcd4p.wire.nodes import PORTERS, node_of, nodes_of, porter_of, ranks_on


@pytest.mark.parametrize(
    ("hosts", "nodes"),
    [
        (["a"] * 4, ()),
        (["a", "b", "a", "b"], (0, 1, 0, 1)),
        (["b", "a", "c", "a"], (0, 1, 2, 1)),
        (["a"], ()),
    ],
)
def test_the_node_of_each_rank(hosts, nodes):
    assert nodes_of(hosts) == nodes


def test_where_ranks_and_porters_live():
    nodes = (0, 1, 0, 2)
    assert [node_of(rank, nodes) for rank in range(4)] == [*nodes]
    assert [node_of(porter_of(node), nodes) for node in (1, 2)] == [1, 2]
    assert node_of(3, ()) == 0
    assert ranks_on(0, nodes) == {0, 2}


def test_the_head_is_the_porter_of_its_node():
    assert [porter_of(node) for node in range(3)] == [0, PORTERS + 1, PORTERS + 2]
