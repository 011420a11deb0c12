"""Pictures of a graph: text in the DOT language, an image that Graphviz makes of it, a cell of a notebook.

The text needs nothing. It must never change the graph.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hpcd4p.errors import UsageError
from hpcd4p.workflow.generic import GenericPE
from hpcd4p.workflow.graph import MAX_DEPTH, Connection, WorkflowGraph

_SPECIAL = '\\{}|<>"'
"""Characters with a meaning in the label of a record."""


def draw(graph: WorkflowGraph) -> str:
    """Text of `graph` in the DOT language: an element is a box with its ports, a composite a frame.

    Examples
    --------
    >>> from hpcd4p.workflow.elements import SimpleFunctionPE
    >>> graph = WorkflowGraph()
    >>> graph.connect(SimpleFunctionPE(abs), "output", SimpleFunctionPE(round), "input")
    >>> print(draw(graph))
    digraph workflow {
      rankdir=LR;
      node [shape=record];
      n0 [label="PE_abs0 | {<o0> output}"];
      n1 [label="{<i0> input} | PE_round1"];
      n0:o0 -> n1:i0;
    }
    <BLANKLINE>
    """
    picture = _Picture(graph)
    return "\n".join(
        ["digraph workflow {", "  rankdir=LR;", "  node [shape=record];", *picture.lines(), "}", ""]
    )


class _Picture:
    """Numbers for elements and for the ports that are connected, and the lines that show them."""

    def __init__(self, graph: WorkflowGraph) -> None:
        self._graph = graph
        self._numbers: dict[int, int] = {}
        self._inputs: dict[int, dict[str, int]] = {}
        self._outputs: dict[int, dict[str, int]] = {}
        self._edges: list[str] = []
        for connection in _connections(graph, set()):
            self._connect(connection)

    def lines(self) -> Iterator[str]:
        yield from self._boxes(self._graph, "  ", {id(self._graph)})
        yield from self._edges

    def _connect(self, connection: Connection) -> None:
        source, output = _inside(connection.source, connection.output, "output")
        target, input_name = _inside(connection.target, connection.input, "input")
        outputs = self._outputs.setdefault(id(source), {})
        inputs = self._inputs.setdefault(id(target), {})
        start = f"{self._node(source)}:o{outputs.setdefault(output, len(outputs))}"
        end = f"{self._node(target)}:i{inputs.setdefault(input_name, len(inputs))}"
        self._edges.append(f"  {start} -> {end};")

    def _node(self, member: Any) -> str:
        return f"n{self._numbers.setdefault(id(member), len(self._numbers))}"

    def _boxes(self, graph: WorkflowGraph, indent: str, drawn: set[int]) -> Iterator[str]:
        for member in graph.get_contained_objects():
            if not isinstance(member, WorkflowGraph):
                yield f'{indent}{self._node(member)} [label="{self._label(member)}"];'
            elif id(member) not in drawn:
                drawn.add(id(member))
                yield f"{indent}subgraph cluster_{self._node(member)} {{"
                yield f'{indent}  label="{_escaped(member.name)}";'
                yield from self._boxes(member, indent + "  ", drawn)
                yield f"{indent}}}"

    def _label(self, member: Any) -> str:
        named = member.id or member.name if isinstance(member, GenericPE) else type(member).__name__
        sides = [
            _ports("i", self._inputs.get(id(member), {})),
            _escaped(named),
            _ports("o", self._outputs.get(id(member), {})),
        ]
        return " | ".join(side for side in sides if side)


def _ports(letter: str, ports: dict[str, int]) -> str:
    shown = " | ".join(f"<{letter}{number}> {_escaped(name)}" for name, number in ports.items())
    return f"{{{shown}}}" if shown else ""


def _escaped(text: object) -> str:
    return "".join("\\" + c if c in _SPECIAL else c for c in str(text))


def _connections(graph: WorkflowGraph, seen: set[int]) -> Iterator[Connection]:
    """Connections of `graph` and of its composites; of one that contains itself, once."""
    if id(graph) in seen:
        return
    seen.add(id(graph))
    yield from graph.connections
    for member in graph.get_contained_objects():
        if isinstance(member, WorkflowGraph):
            yield from _connections(member, seen)


def _inside(member: Any, port: str, side: str) -> tuple[Any, str]:
    """Element and port behind a port of a composite; the composite itself where it does not map it."""
    for _ in range(MAX_DEPTH):
        mappings = getattr(member, f"{side}mappings", {}) if isinstance(member, WorkflowGraph) else {}
        if port not in mappings:
            break
        member, port = mappings[port]
    return member, port


def drawDot(graph: WorkflowGraph, img_type: str = "png") -> bytes:
    """Image of `graph`, made by Graphviz.

    Raises
    ------
    UsageError
        Graphviz's ``dot`` is not on PATH, or refuses (an `img_type` that it does not know, say).
    """
    from shutil import which
    from subprocess import run

    program = which("dot")
    if program is None:
        raise UsageError(
            "an image of a workflow needs Graphviz, whose program `dot` is not on PATH; install graphviz "
            "(apt-get install graphviz, or with conda), or use draw(graph), which gives its text"
        )
    done = run([program, f"-T{img_type}"], input=draw(graph).encode(), capture_output=True, check=False)
    if done.returncode:
        raise UsageError(f"Graphviz made no image: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def write_image(graph: WorkflowGraph, filename: str | Path, img_type: str = "png") -> None:
    """Write an image of `graph` to a file; see `drawDot`."""
    Path(filename).write_bytes(drawDot(graph, img_type))


def display(graph: WorkflowGraph) -> None:
    """Show `graph`: as an image in a notebook, elsewhere as the text of `draw`."""
    ipython = getattr(sys.modules.get("IPython"), "get_ipython", None)  # every notebook has loaded it
    if ipython is None or ipython() is None:
        sys.stdout.write(draw(graph))
        return
    from IPython.display import Image  # type: ignore[import-not-found,unused-ignore]
    from IPython.display import display as show  # type: ignore[import-not-found,unused-ignore]

    show(Image(drawDot(graph)))
