"""`dispel4py.new.processor`: what scripts use of it; how a graph is spread over processes is not here.

Statuses of its streams, its command line, and the inputs that follow from that.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpcd4p.workflow.dispel4py.loading import load_graph
from hpcd4p.workflow.graph import WorkflowGraph

STATUS_ACTIVE = 10
STATUS_INACTIVE = 11
STATUS_TERMINATED = 12
STATUS = {STATUS_ACTIVE: "ACTIVE", STATUS_INACTIVE: "INACTIVE", STATUS_TERMINATED: "TERMINATED"}

config = {
    "multi": "dispel4py.new.multi_process",
    "simple": "dispel4py.new.simple_process",
    "redis": "dispel4py.new.dynamic_redis",
    "mpi": "dispel4py.new.mpi_process",
    "dyn_multi": "dispel4py.new.new_dynamic",
    "dyn_auto_multi": "dispel4py.new.new_dynamic_auto",
    "dyn_redis": "dispel4py.new.new_dynamic_redis",
    "dyn_auto_redis": "dispel4py.new.new_dynamic_redis_auto",
    "hybrid_redis": "dispel4py.new.new_hybrid_redis",
}
"""`dispel4py.new.mappings`: the module of each mapping."""


def simple_logger(self: Any, msg: object) -> None:
    """Print `msg` behind the id of the element `self`, and its rank if it has one."""
    rank = f" (rank {self.rank})" if hasattr(self, "rank") else ""
    sys.stdout.write(f"{self.id}{rank}: {msg}\n")


def get_inputs(pe: Any, inputs: Mapping[Any, Any]) -> Any:
    """What `inputs` has for `pe`: by the element itself, its name or its id; None if nothing."""
    for key in (pe, getattr(pe, "name", None), getattr(pe, "id", None)):
        if key is not None and key in inputs:
            return inputs[key]
    return None


def create_arg_parser() -> ArgumentParser:
    """Parser of dispel4py's command line: mapping, module, and the inputs."""
    parser = ArgumentParser(description="Submit a dispel4py graph for processing.")
    parser.add_argument("target", help="target execution platform")
    parser.add_argument("module", help="module or file with the graph")
    parser.add_argument("-a", "--attr", metavar="attribute", help="name of the graph in the module")
    parser.add_argument("-f", "--file", metavar="inputfile", help="inputs in JSON; goes before -d")
    parser.add_argument("-d", "--data", metavar="inputdata", help="inputs as JSON text")
    parser.add_argument(
        "-i", "--iter", metavar="iterations", type=int, default=1, help="calls of each source"
    )
    parser.add_argument("--provenance-config", dest="provenance", nargs="?", help="not used")
    return parser


def parse_common_args() -> tuple[Namespace, list[str]]:
    """Arguments of this process, and those that are for the mapping."""
    return create_arg_parser().parse_known_args()


def get_inputs_from_arguments(args: Any) -> Any:
    """The inputs that ``args.file``, else ``args.data``, gives; empty if neither is set.

    Raises
    ------
    ValueError
        No such file, or text that is no JSON.
    """
    if args.file:
        if not Path(args.file).exists():
            raise ValueError(f"File {args.file!r} does not exist.")
        return json.loads(Path(args.file).read_text(encoding="utf-8"))
    return json.loads(args.data) if args.data else {}


def create_inputs(args: Any, graph: WorkflowGraph) -> dict[Any, Any]:
    """The inputs of `args` by id; ``args.iter`` calls of each source, if it has none."""
    given = get_inputs_from_arguments(args)
    members = graph.get_contained_objects()
    if not given:
        sys.stdout.write(f"Processing {args.iter} iteration{'s' if args.iter != 1 else ''}.\n")
        fed = {id(connection.target) for connection in graph.connections}
        given = {pe.id: args.iter for pe in members if id(pe) not in fed}
    ids = {pe.name: pe.id for pe in members}
    return {ids.get(key, key): value for key, value in given.items()}


def load_graph_and_inputs(args: Any) -> tuple[WorkflowGraph | None, dict[Any, Any] | None]:
    """The graph of ``args.module``, without composites, and its inputs; see `load_graph`."""
    graph = load_graph(args.module, args.attr)
    if graph is None:
        return None, None
    graph.flatten()
    return graph, create_inputs(args, graph)
