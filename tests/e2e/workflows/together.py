"""Workflows of the folder dispel4py, all in one graph: one start for many of them."""

from __future__ import annotations

from pathlib import Path

from hpcd4p import WorkflowGraph
from hpcd4p.workflow.load import load_workflow

ALONE = ("at_once", "nameless", "shared_elements")
"""Not among them: what runs when it is loaded, what needs another way to travel, and what has no graph."""

# at the top: other ranks need the classes too
GRAPHS = {
    path.stem: load_workflow(str(path)).graph
    for path in sorted((Path(__file__).parent / "dispel4py").glob("*.py"))
    if path.stem not in ALONE
}


def add_options(parser):
    parser.add_argument("--only", help="names of workflows, with commas")


def build(options):
    whole = WorkflowGraph()
    for name in options.only.split(","):
        whole.add(GRAPHS[name])
    return whole
