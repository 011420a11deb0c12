"""`graph.graph`: nodes and edges as dispel4py shows them."""

from __future__ import annotations

from hpcd4p import SimpleFunctionPE, WorkflowGraph


def test_nodes_and_edges():
    graph = WorkflowGraph()
    a, b, c = (SimpleFunctionPE(abs) for _ in range(3))
    graph.connect(a, "output", b, "input")
    graph.connect(a, "output", b, "again")
    graph.connect(b, "output", c, "input")
    view = graph.graph
    first, second, third = (graph.objToNode[pe] for pe in (a, b, c))
    assert list(view.nodes) == list(view.nodes()) == list(view) == [first, second, third]
    assert [node.obj for node, _ in view.nodes(data=True)] == [a, b, c]
    assert len(view) == 3
    assert first in view
    assert view.edges() == [(first, second), (second, third)]
    ((_, _, edge), _) = view.edges(data=True)
    assert edge["DIRECTION"] == (a, b)
    assert (edge["FROM_CONNECTION"], edge["TO_CONNECTION"]) == ("output", "input")
    assert edge["ALL_CONNECTIONS"] == [("output", "input"), ("output", "again")]
    assert view.edges(second, data=True) == [(second, first, edge), (second, third, view[third][second])]
    assert view.has_edge(second, first)
    assert not view.has_edge(first, third)
