"""Drawings: the text needs nothing; an image needs Graphviz, or one message says so."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from hpcd4p import CompositePE, GenericPE, SimpleFunctionPE, WorkflowGraph, create_iterative_chain
from hpcd4p.errors import UsageError
from hpcd4p.workflow.dispel4py.drawing import display, draw, drawDot, write_image


class Split(GenericPE):
    def __init__(self):
        super().__init__()
        self.name = 'a|"b"'
        self._add_input("in")
        self._add_output("even")
        self._add_output("odd")


def example():
    graph, split, last = WorkflowGraph(), Split(), SimpleFunctionPE(abs)
    chain = create_iterative_chain([abs, round])
    chain.name = "steps"
    outer = CompositePE()
    outer.add(chain)
    outer._map_input("first", chain, "input")
    graph.connect(split, "even", outer, "first")
    graph.connect(split, "odd", last, "input")
    graph.connect(split, "even", last, "input")
    return graph


DOT = """digraph workflow {
  rankdir=LR;
  node [shape=record];
  n0 [label="a\\|\\"b\\"0 | {<o0> even | <o1> odd}"];
  subgraph cluster_n4 {
    label="";
    subgraph cluster_n5 {
      label="steps";
      n1 [label="{<i0> input} | PE_abs0 | {<o0> output}"];
      n3 [label="{<i0> input} | PE_round1"];
    }
  }
  n2 [label="{<i0> input} | PE_abs2"];
  n0:o0 -> n1:i0;
  n0:o1 -> n2:i0;
  n0:o0 -> n2:i0;
  n1:o0 -> n3:i0;
}
"""


def test_text_shows_ports_edges_and_composites():
    assert draw(example()) == DOT


def test_a_graph_that_is_wrong_can_be_drawn():
    graph, composite = example(), CompositePE()
    graph.connect(composite, "nowhere", abs, "input")
    graph.add(graph)
    composite.add(graph)
    composite.add(composite)
    assert "builtin_function_or_method" in draw(graph)


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Write the text of a program `dot`, which is then the only one on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def write(text):
        path = tmp_path / "dot"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    return write


def test_an_image_is_what_dot_makes_of_the_text(program, tmp_path):
    program('echo "$1"\nexec /bin/cat')
    assert drawDot(example(), "svg") == b"-Tsvg\n" + DOT.encode()
    write_image(example(), tmp_path / "image.png")
    assert (tmp_path / "image.png").read_bytes().startswith(b"-Tpng\n")


def test_without_graphviz_one_message_says_what_to_do(program):
    with pytest.raises(UsageError, match=r"`dot` is not on PATH; install graphviz .*draw\(graph\)"):
        drawDot(example())


def test_an_image_type_that_dot_does_not_know(program):
    program("/bin/cat > /dev/null; echo 'Format: \"xyz\" not recognized' >&2; exit 1")
    with pytest.raises(UsageError, match='made no image: Format: "xyz"'):
        drawDot(example(), "xyz")


def test_display_is_text_outside_a_notebook(capsys):
    display(example())
    assert capsys.readouterr().out == DOT


def test_display_is_an_image_in_a_notebook(monkeypatch, program):
    program("/bin/cat > /dev/null; echo image")
    shown = []
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=object))
    ipython = SimpleNamespace(Image=lambda data: ("image", data), display=shown.append)
    monkeypatch.setitem(sys.modules, "IPython.display", ipython)
    display(example())
    assert shown == [("image", b"image\n")]
