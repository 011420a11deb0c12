"""The workflow graph: which elements there are and which output feeds which input.

Owns nodes, connections and flattening. It must never judge the graph: a graph may be wrong while it
is being written; `hpcd4p.plan` reports everything that is wrong with it at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from hpcd4p.workflow.elements import GenericPE

if TYPE_CHECKING:
    from hpcd4p.workflow.dispel4py.view import GraphView

MAX_DEPTH = 100
"""Deepest nesting of composites that is followed; more is a composite that contains itself."""


class Connection(NamedTuple):
    """One edge between two members (elements, or graphs used as elements)."""

    source: Any
    output: str
    target: Any
    input: str


class WorkflowNode:
    """A member of a graph."""

    def __init__(self, contained: Any, number: int) -> None:
        self.contained = contained
        self.number = number

    def get_contained_object(self) -> Any:
        """The element or graph that was added."""
        return self.contained

    getContainedObject = get_contained_object

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.contained = state["obj"] if "obj" in state else state["contained"]  # "obj": dispel4py's own
        self.number = state.get("number", 0)

    @property
    def obj(self) -> Any:
        """The same, by the name in dispel4py."""
        return self.contained


class WorkflowGraph:
    """Elements and the connections between them.

    Examples
    --------
    >>> from hpcd4p.workflow.elements import SimpleFunctionPE
    >>> graph = WorkflowGraph()
    >>> first, second = SimpleFunctionPE(abs), SimpleFunctionPE(round)
    >>> graph.connect(first, "output", second, "input")
    >>> [pe.id for pe in graph.get_contained_objects()]
    ['PE_abs0', 'PE_round1']
    """

    name: str = ""

    def __init__(self) -> None:
        self.nodes: list[WorkflowNode] = []
        self.connections: list[Connection] = []
        self.inputmappings: dict[str, tuple[Any, str]] = {}
        self.outputmappings: dict[str, tuple[Any, str]] = {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "objToNode" not in state:
            self.__dict__.update(state)
            return
        from hpcd4p.workflow.dispel4py.adopted import adopted  # of dispel4py itself

        WorkflowGraph.__init__(self)
        graph = adopted(state)
        self.__dict__.update(graph.attributes)
        self.nodes = graph.nodes
        self.connections = [Connection(*each) for each in graph.connections]

    @property
    def objToNode(self) -> dict[Any, WorkflowNode]:
        """Member → node."""
        return {node.contained: node for node in self.nodes}

    @property
    def graph(self) -> GraphView:
        """Nodes and edges in the form of dispel4py."""
        from hpcd4p.workflow.dispel4py.view import GraphView

        return GraphView(self.nodes, self.objToNode, self.connections)

    def _node(self, member: Any) -> WorkflowNode | None:
        return next((node for node in self.nodes if node.contained is member), None)

    def add(self, pe: Any) -> WorkflowNode:
        """Add an element, or a graph to be used as one; a member that is there already stays."""
        node = self._node(pe)
        if node is None:
            node = WorkflowNode(pe, len(self.nodes))
            self.nodes.append(node)
            if isinstance(pe, GenericPE):
                pe.id = f"{pe.name}{node.number}"
        return node

    def connect(self, from_pe: Any, from_output: str, to_pe: Any, to_input: str) -> None:
        """Send what `from_pe` puts on `from_output` to `to_input` of `to_pe`; adds both if needed."""
        self.add(from_pe)
        self.add(to_pe)
        self.connections.append(Connection(from_pe, from_output, to_pe, to_input))

    def get_contained_objects(self) -> list[Any]:
        """All members, in order of adding."""
        return [node.contained for node in self.nodes]

    getContainedObjects = get_contained_objects

    def flatten(self) -> None:
        """Replace every composite by what it contains, in place.

        Raises
        ------
        ValueError
            When a composite contains itself, or is connected at a name that it does not map.
        """
        flat = flattened(self)
        if flat.problems:
            raise ValueError("; ".join(flat.problems))
        self.nodes = [WorkflowNode(pe, number) for number, pe in enumerate(flat.members)]
        self.connections = flat.connections

    def propagate_types(self) -> None:
        """Tell every element the types of what reaches it (see `set_input_types`), from the sources on."""
        flat = flattened(self)
        into: dict[int, list[Connection]] = {}
        for connection in flat.connections:
            if isinstance(connection.source, GenericPE):
                into.setdefault(id(connection.target), []).append(connection)
        begun: set[int] = set()
        done: set[int] = set()
        for pe in flat.members:
            if isinstance(pe, GenericPE):
                _tell_types(pe, into, begun, done)


def _tell_types(pe: GenericPE, into: dict[int, list[Connection]], begun: set[int], done: set[int]) -> None:
    """Tell `pe` the types of its inputs, after the elements above it: their types come first."""
    stack = [pe]  # a chain may be longer than Python's limit on nested calls
    while stack:
        here = stack[-1]
        if id(here) not in begun:
            begun.add(id(here))
            stack += [c.source for c in reversed(into.get(id(here), [])) if id(c.source) not in begun]
            continue
        stack.pop()
        if id(here) not in done:
            done.add(id(here))
            # the old spellings call the new ones
            here.setInputTypes(
                {c.input: c.source.getOutputTypes().get(c.output) for c in into.get(id(here), ())}
            )


class Flat(NamedTuple):
    """A graph without composites, and the problems of those that it had."""

    members: list[Any]
    connections: list[Connection]
    problems: list[str]


def flattened(graph: WorkflowGraph) -> Flat:
    """Members and connections of `graph` with composites replaced by their contents; `graph` is unchanged.

    Members directly in `graph` come first, in order of adding, so that their numbers stay those that
    `add` gave; those of composites follow in the order of their composites.
    """
    problems: list[str] = []
    plain = [m for m in graph.get_contained_objects() if not isinstance(m, WorkflowGraph)]
    composites = [m for m in graph.get_contained_objects() if isinstance(m, WorkflowGraph)]
    members = plain + [m for c in composites for m in _contents(c, problems, 1)]
    connections: list[Connection] = []
    for connection in _all_connections(graph, 0):
        source = _resolve(connection.source, connection.output, "output", problems)
        target = _resolve(connection.target, connection.input, "input", problems)
        if source and target:
            connections.append(Connection(*source, *target))
    return Flat(members, connections, list(dict.fromkeys(problems)))


def _contents(composite: WorkflowGraph, problems: list[str], depth: int) -> Iterator[Any]:
    if depth > MAX_DEPTH:
        problems.append(f"composite {_called(composite)} contains itself; a workflow must be finite")
        return
    for member in composite.get_contained_objects():
        if isinstance(member, WorkflowGraph):
            yield from _contents(member, problems, depth + 1)
        else:
            yield member


def _all_connections(graph: WorkflowGraph, depth: int) -> Iterator[Connection]:
    if depth > MAX_DEPTH:
        return
    yield from graph.connections
    for member in graph.get_contained_objects():
        if isinstance(member, WorkflowGraph):
            yield from _all_connections(member, depth + 1)


def _resolve(member: Any, port: str, side: str, problems: list[str]) -> tuple[Any, str] | None:
    """Element and port behind `port` of `member`, through any number of composites."""
    for _ in range(MAX_DEPTH):
        if not isinstance(member, WorkflowGraph):
            return member, port
        mappings = member.inputmappings if side == "input" else member.outputmappings
        if port not in mappings:
            names = ", ".join(map(repr, mappings)) or "none"
            problems.append(
                f"composite {_called(member)} has no {side} {port!r}; it maps: {names} (see _map_{side})"
            )
            return None
        member, port = mappings[port]
    return None


def _called(composite: WorkflowGraph) -> str:
    return composite.name or type(composite).__name__
