"""The workflows that `ask_dispel4py` has asked dispel4py about, all in one graph, or each by itself."""

from __future__ import annotations

from hpcd4p import WorkflowGraph
from hpcd4p.workflow.load import load_workflow
from tests.e2e.ask_dispel4py import FOLDER, modules

# at the top: other ranks need the classes too
GRAPHS = {
    name.rpartition(".")[2]: load_workflow(name if "." in name else str(FOLDER / f"{name}.py")).graph
    for name in modules()
}

graph = WorkflowGraph()
for each in GRAPHS.values():
    graph.add(each)
