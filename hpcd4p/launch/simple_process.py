"""`dispel4py.new.simple_process`: a graph run at once, in this process, from a notebook or script."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from hpcd4p.launch.api import Result, run
from hpcd4p.launch.place import launched_rank
from hpcd4p.runtime.head.summing import TIMED
from hpcd4p.workflow.elements import GenericPE
from hpcd4p.workflow.graph import Connection, WorkflowGraph, WorkflowNode, flattened


class _Tap(GenericPE):
    """Passes on its input: a second receiver of an output whose tuples are wanted."""

    def __init__(self) -> None:
        super().__init__()
        self._add_input(self.INPUT_NAME)
        self._add_output(self.OUTPUT_NAME)

    def process(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Hand it on."""
        return {self.OUTPUT_NAME: inputs[self.INPUT_NAME]}


def process_and_return(
    workflow: WorkflowGraph, inputs: Any, resultmappings: Mapping[str, Iterable[str]] | None = None
) -> dict[str, dict[str, list[Any]]]:
    """Run `workflow` in this process and give what it wrote on its unconnected outputs.

    The elements of `workflow` are left as they are: results are what they write, not what they keep.

    Parameters
    ----------
    inputs
        For each source (the element, its name or id) a number of calls or a list of inputs.
    resultmappings
        Id of an element → the outputs of it that are wanted, connected or not. Default: the unconnected
        outputs of all.

    Returns
    -------
    dict
        Id of an element → output → what was written there; only what was written on.

    Examples
    --------
    >>> from hpcd4p.workflow.elements import ProducerPE
    >>> class Hello(ProducerPE):
    ...     def _process(self, inputs):
    ...         return "hello"
    >>> graph, hello = WorkflowGraph(), Hello()
    >>> graph.connect(hello, "output", _Tap(), "input")
    >>> process_and_return(graph, {hello: 2})
    {'_Tap1': {'output': ['hello', 'hello']}}
    """
    whole, taps = _tapped(workflow, resultmappings)
    result = run(whole, inputs)
    say_times(result)
    by_owner: dict[str, dict[str, list[Any]]] = {}
    written = by_element(result)
    for pe in whole.get_contained_objects():
        owner, name = taps.get(id(pe), (pe.id, ""))
        for output, values in written.get(pe.id, {}).items():
            if values and (name or resultmappings is None or output in resultmappings.get(pe.id, ())):
                by_owner.setdefault(owner, {})[name or output] = values
    return by_owner


def by_element(result: Result) -> dict[str, dict[str, list[Any]]]:
    """Id of an element → output → tuples, of what came out."""
    ids = [element.name for element in result.summary.elements]
    written: dict[str, dict[str, list[Any]]] = {}
    for name, values in result.outputs.items():
        element = max((i for i in ids if name.startswith(f"{i}.")), key=len)
        written.setdefault(element, {})[name[len(element) + 1 :]] = values
    return written


def say_times(result: Result) -> None:
    """Print the times of elements in a `ProcessTimingPE`."""
    for note in result.summary.notes:
        if TIMED in note:
            sys.stdout.write(note + "\n")


def _tapped(
    workflow: WorkflowGraph, wanted: Mapping[str, Iterable[str]] | None
) -> tuple[WorkflowGraph, dict[int, tuple[str, str]]]:
    """A graph without composites, with a tap on each wanted output; taps by id(): whose and which output."""
    flat = flattened(workflow)
    whole = WorkflowGraph()
    whole.name = workflow.name
    whole.nodes = [WorkflowNode(pe, number) for number, pe in enumerate(flat.members)]
    whole.connections = list(flat.connections)
    taps: dict[int, tuple[str, str]] = {}
    if wanted is None or flat.problems:
        return workflow if flat.problems else whole, taps  # the run reports its problems
    for pe in flat.members:
        for output in (o for o in wanted.get(pe.id, ()) if o in pe.outputconnections):
            tap = _Tap()
            taps[id(tap)] = (pe.id, output)
            whole.connections.append(Connection(pe, output, tap, tap.INPUT_NAME))
            whole.add(tap)
    return whole, taps


def process(
    workflow: WorkflowGraph,
    inputs: Any,
    args: Any = None,
    resultmappings: Mapping[str, Iterable[str]] | None = None,
) -> None:
    """Run `workflow` in this process and print its inputs and outputs; see `process_and_return`.

    Parameters
    ----------
    args
        Not used.
    """
    results = process_and_return(workflow, inputs, resultmappings)
    if launched_rank() == 0:  # other ranks run the text of a workflow file as well
        shown = inputs
        if isinstance(inputs, Mapping):
            shown = {pe.id if isinstance(pe, GenericPE) else pe: given for pe, given in inputs.items()}
        sys.stdout.write(f"Inputs: {shown}\nOutputs: {results}\n")
