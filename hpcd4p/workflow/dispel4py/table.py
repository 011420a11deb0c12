"""The table of dispel4py's names: which module has which, and where ours is at home.

Owns the names, as text: nothing is imported before a workflow asks for it. Also what is not carried, and
what to do instead. One home is in a room below this one (`launch`, since it runs a workflow); as text it is
no import, and who asks for it has the whole package.
"""

from __future__ import annotations

ROOT = "dispel4py"

EXAMPLES = "dispel4py.examples"
"""Workflows and no part of an engine: taken from the real package, where it is installed."""

_HERE = "hpcd4p.workflow.dispel4py"
_GENERIC = "hpcd4p.workflow.generic"
_ELEMENTS = "hpcd4p.workflow.elements"
_GRAPH = "hpcd4p.workflow.graph"
_COMPOSITE = "hpcd4p.workflow.composite"
_SIMPLE = "hpcd4p.launch.simple_process"

_CORE = dict.fromkeys(
    ("NAME", "TYPE", "DESCRIPTION", "META", "GROUPING", "WRITER", "GenericPE"),
    _GENERIC,
)

MODULES: dict[str, dict[str, str]] = {
    "dispel4py": {},
    "dispel4py.core": _CORE,
    "dispel4py.base": {
        "NAME": _GENERIC,
        "GenericPE": _GENERIC,
        **dict.fromkeys(("BasePE", "ConsumerPE", "IterativePE", "ProducerPE", "SimpleFunctionPE"), _ELEMENTS),
        **dict.fromkeys(("CompositePE", "create_iterative_chain"), _COMPOSITE),
        "WorkflowGraph": _GRAPH,
    },
    "dispel4py.workflow_graph": {
        "GenericPE": _GENERIC,
        **dict.fromkeys(("WorkflowGraph", "WorkflowNode"), _GRAPH),
        **dict.fromkeys(("draw", "drawDot", "write_image"), f"{_HERE}.drawing"),
    },
    "dispel4py.new": {},
    "dispel4py.new.aggregate": {
        "GenericPE": _GENERIC,
        "WorkflowGraph": _GRAPH,
        **dict.fromkeys(
            (
                "AggregatePE", "AverageParallelPE", "AverageReducePE", "ContinuousReducePE", "CountPE",
                "MaxPE", "MinPE", "StdDevPE", "StdDevReducePE", "SumPE", "parallel_aggregate",
                "parallel_avg", "parallel_count", "parallel_max", "parallel_min", "parallel_std_dev",
                "parallel_sum",
            ),
            f"{_HERE}.aggregate",
        ),
    },
    "dispel4py.new.simple_process": dict.fromkeys(("process", "process_and_return"), _SIMPLE),
    "dispel4py.utils": {
        "WorkflowGraph": _GRAPH,
        **dict.fromkeys(("load_graph", "loadGraph", "loadGraphFromFile"), f"{_HERE}.loading"),
    },
    "dispel4py.visualisation": {"display": f"{_HERE}.drawing", "drawDot": f"{_HERE}.drawing"},
}  # fmt: skip
"""Module → name → the module of ours that has it under the same name."""

_RECORD = "each run writes a record with {}: python -m hpcd4p show FILE"
_RANKS = (
    "ranks are chosen at the start: python -m hpcd4p run -n N FILE, or hpcd4p.run(graph, inputs, ranks=N)"
)

NOT_CARRIED: dict[str, str] = {
    "dispel4py.provenance": "S-PROV types; instead "
    + _RECORD.format("versions, settings, hosts and git commit"),
    "dispel4py.new.monitoring": "monitoring; instead "
    + _RECORD.format("the times of every element and rank"),
    "dispel4py.new.processor": "parts of its engine; " + _RANKS,
    "dispel4py.new": "its mappings; " + _RANKS,
    "dispel4py.storm": "its Storm mapping; " + _RANKS,
    "dispel4py.examples": "they come with dispel4py itself, which is not installed here",
}
"""What is not carried, by the beginning of its name → what that is and what to do; the first that fits."""


def carried() -> str:
    """The modules that are carried, for a message."""
    return ", ".join(name for name, names in MODULES.items() if names)


def why_not(name: str) -> str:
    """What `name`, a module that is not carried, is, and what to do instead; empty if nothing is known."""
    return next((why for start, why in NOT_CARRIED.items() if name.startswith(start)), "")
