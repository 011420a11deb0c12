"""`dispel4py.utils`: a graph from a module or file."""

from __future__ import annotations

from typing import Any

from hpcd4p.workflow.graph import WorkflowGraph


def load_graph(graph_source: Any, attr: str | None = None) -> WorkflowGraph | None:
    """Graph of the module or file `graph_source`, the one named `attr` or the only one without mappings.

    Returns
    -------
    WorkflowGraph or None
        None where the module makes its graph with ``build(options)``.

    Raises
    ------
    WorkflowError
        As `hpcd4p.workflow.load.load_workflow`; the original prints it and gives None.
    """
    from hpcd4p.workflow.load import load_workflow

    return load_workflow(str(graph_source), attr).graph


def loadGraph(module_name: str, attr: str | None = None) -> WorkflowGraph | None:
    """Graph of a module; see `load_graph`."""
    return load_graph(module_name, attr)


def loadGraphFromFile(module_name: str, path: Any, attr: str | None = None) -> WorkflowGraph | None:
    """Graph of a file, whose module is named after the file and not `module_name`; see `load_graph`."""
    return load_graph(path, attr)
