"""The table of dispel4py's names: which module has which, and where ours is at home.

Owns the names, as text: nothing is imported before a workflow asks for it. Also what is not carried, and
what to do instead. One home is in a room below this one (`launch`, since it runs a workflow); as text it is
no import, and who asks for it has the whole package.
"""

from __future__ import annotations

ROOT = "dispel4py"

EXAMPLES = "dispel4py.examples"
"""Those that are not carried are taken from the real package, where it is installed: they are workflows, and
no part of an engine."""

GRAPHS = f"{EXAMPLES}.graph_testing"
"""The package whose modules `example_graphs` has."""

_EXAMPLES = (
    "delayed_pipeline", "group_by", "group_by_stateful", "grouping_alltoone", "grouping_alltoone_stateful",
    "grouping_onetoall", "grouping_onetoall_stateful", "grouping_split_merge", "large_teecopy",
    "parallel_pipeline", "partition_parallel_pipeline", "pipeline_composite", "pipeline_test", "producer_tee",
    "split_merge", "teecopy", "unconnected_pipeline", "word_count", "word_count_filter",
)  # fmt: skip

_HERE = "hpcd4p.workflow.dispel4py"
_GENERIC = "hpcd4p.workflow.generic"
_ELEMENTS = "hpcd4p.workflow.elements"
_GRAPH = "hpcd4p.workflow.graph"
_COMPOSITE = "hpcd4p.workflow.composite"
_SIMPLE = "hpcd4p.launch.simple_process"
_PARALLEL = "hpcd4p.launch.parallel_process"
_PROCESSOR = f"{_HERE}.processor"

_CORE = dict.fromkeys(
    ("NAME", "TYPE", "DESCRIPTION", "META", "GROUPING", "WRITER", "GenericPE"),
    _GENERIC,
)


def _mapping(name: str) -> dict[str, str]:
    """The names of a module of a mapping; its `process` is the function `name` of ours."""
    return {
        "process": f"{_PARALLEL}:{name}",
        "parse_args": _PARALLEL,
        **dict.fromkeys(("STATUS_ACTIVE", "STATUS_TERMINATED", "simple_logger"), _PROCESSOR),
    }


_AGGREGATES = ("aggregate", "avg", "count", "max", "min", "sum")

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
        **{f"parallel{name.title()}": f"{_HERE}.aggregate:parallel_{name}" for name in _AGGREGATES},
        "parallelStdDev": f"{_HERE}.aggregate:parallel_std_dev",
    },
    **{f"dispel4py.new.{name}": _mapping(name) for name in (
        "multi_process", "mpi_process", "dynamic_redis", "new_hybrid_redis", "new_dynamic",
        "new_dynamic_auto", "new_dynamic_redis", "new_dynamic_redis_auto", "hybrid_redis",
        "dyn_multi_process", "timed_multi_process", "timed_mpi_process",
    )},
    "dispel4py.new.processor": {
        "GenericPE": _GENERIC,
        "GROUPING": _GENERIC,
        "WorkflowGraph": _GRAPH,
        **dict.fromkeys(
            (
                "STATUS", "STATUS_ACTIVE", "STATUS_INACTIVE", "STATUS_TERMINATED", "config",
                "create_arg_parser", "create_inputs", "get_inputs", "get_inputs_from_arguments",
                "load_graph_and_inputs", "parse_common_args", "simple_logger",
            ),
            _PROCESSOR,
        ),
    },
    "dispel4py.new.mappings": {"config": _PROCESSOR},
    "dispel4py.new.logger": {"simpleLogger": f"{_PROCESSOR}:simple_logger"},
    "dispel4py.new.monitoring": dict.fromkeys(
        ("MonitoringWrapper", "ProcessTimingPE", "Timer"), f"{_HERE}.monitoring"
    ),
    "dispel4py.new.timed_simple_process": {"process": _SIMPLE},
    "dispel4py.new.simple_process": dict.fromkeys(("process", "process_and_return"), _SIMPLE),
    "dispel4py.utils": {
        "WorkflowGraph": _GRAPH,
        **dict.fromkeys(("load_graph", "loadGraph", "loadGraphFromFile"), f"{_HERE}.loading"),
    },
    "dispel4py.visualisation": {"display": f"{_HERE}.drawing", "drawDot": f"{_HERE}.drawing"},
    EXAMPLES: {},
    GRAPHS: {},
    f"{GRAPHS}.testing_PEs": dict.fromkeys(
        (
            "NumberProducer", "ProvenanceLogger", "RandomFilter", "RandomWordProducer",
            "TestDelayOneInOneOut", "TestMultiProducer", "TestOneInOneOut", "TestOneInOneOutWriter",
            "TestProducer", "TestTwoInOneOut", "WordCounter",
        ),
        f"{_HERE}.testing_elements",
    ),
    **{f"{GRAPHS}.{name}": {} for name in _EXAMPLES},
}  # fmt: skip
"""Module → name → the module of ours that has it under the same name, or ``module:name``."""

_RECORD = "each run writes a record with {}: python -m hpcd4p show FILE"
_RANKS = (
    "ranks are chosen at the start: python -m hpcd4p run -n N FILE, or hpcd4p.run(graph, inputs, ranks=N)"
)

NOT_CARRIED: dict[str, str] = {
    "dispel4py.provenance": "S-PROV types; instead "
    + _RECORD.format("versions, settings, hosts and git commit"),
    "dispel4py.new.monitoring": "monitoring of its own processes; instead "
    + _RECORD.format("the times of every element and rank"),
    "dispel4py.new.processor": "parts of its engine; " + _RANKS,
    "dispel4py.new": "parts of its mappings; " + _RANKS,
    "dispel4py.storm": "its Storm mapping; " + _RANKS,
    "dispel4py.examples": "they come with dispel4py itself, which is not installed here",
}
"""What is not carried, by the beginning of its name → what that is and what to do; the first that fits."""


def is_example(module: str) -> bool:
    """Whether `module` is a graph of `example_graphs`."""
    return module.startswith(GRAPHS + ".") and not MODULES[module]


def carried() -> str:
    """The modules that are carried, for a message; parts of the same package are told together."""
    new = [name.rpartition(".")[2] for name in MODULES if name.startswith("dispel4py.new.")]
    others = [n for n, names in MODULES.items() if names and not n.startswith(("dispel4py.new.", EXAMPLES))]
    return ", ".join([*others, f"dispel4py.new.{{{', '.join(new)}}}", f"{GRAPHS}"])


def why_not(name: str) -> str:
    """What `name`, a module that is not carried, is, and what to do instead; empty if nothing is known."""
    return next((why for start, why in NOT_CARRIED.items() if name.startswith(start)), "")
