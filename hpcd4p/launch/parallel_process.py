"""`process` of dispel4py's parallel mappings, called in a script, a notebook or a service: a run on ranks.

There it forks processes, or feeds those that a Redis of the user's knows; here it starts as many ranks as
`args` says, with a Redis of their own where the mapping has one, and comes back when they have ended.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from queue import Queue
from typing import Any

from hpcd4p.errors import SettingsError, UsageError
from hpcd4p.launch.api import run
from hpcd4p.launch.mpirun import under_mpi
from hpcd4p.launch.simple_process import by_element, say_times
from hpcd4p.plan.model import Mapping
from hpcd4p.workflow.dispel4py.processor import STATUS_TERMINATED
from hpcd4p.workflow.graph import WorkflowGraph

Results = Queue[Any]
"""What was written on unconnected outputs, (id, output, tuple) each, and `STATUS_TERMINATED` at the end."""

Process = Callable[..., Results | None]


def _process_of(module: str, mapping: Mapping) -> Process:
    def process(workflow: WorkflowGraph, inputs: Any = None, args: Any = None) -> Results | None:
        """Run `workflow` on as many ranks as `args` says, or in this process, and say so in one line.

        Parameters
        ----------
        inputs
            For each source (the element, its name or id) a number of calls or a list of inputs.
        args
            ``args.num``, or ``args.num_processes``: number of ranks. ``args.results``: whether the results
            are wanted. All else is not used; the run has its own Redis.

        Returns
        -------
        Queue or None
            The results, if they are wanted.

        Raises
        ------
        UsageError
            This process is a rank itself, or ``args.num`` is no number.
        """
        if under_mpi():
            raise UsageError(
                f"{module}.process was called in a rank of MPI, and MPI programs do not nest: start the "
                "script without mpirun (args.num says how many ranks it gets); or put the call under "
                "if __name__ == '__main__': and give the file to python -m hpcd4p run -n N"
            )
        ranks = _ranks(args)
        where = f"on {ranks} ranks" if ranks > 1 else "in one process (args.num says on how many ranks)"
        sys.stderr.write(f"hpcd4p: {module}.process runs {where}, and gives the answer of one process\n")
        chosen = mapping if ranks > 1 else Mapping.SIMPLE
        result = run(workflow, inputs, ranks=ranks, mapping=chosen)
        say_times(result)
        if not _asked(args, "results"):
            return None
        queue: Results = Queue()
        for element, outputs in by_element(result).items():
            for output, values in outputs.items():
                for value in values:
                    queue.put((element, output, value))
        queue.put(STATUS_TERMINATED)
        return queue

    return process


def _asked(args: Any, name: str) -> Any:
    return args.get(name) if isinstance(args, dict) else getattr(args, name, None)


def _ranks(args: Any) -> int:
    asked = _asked(args, "num") or _asked(args, "num_processes") or 1
    try:
        return int(asked)
    except (TypeError, ValueError):
        raise SettingsError(f"args.num must be a number of ranks, not {asked!r}") from None


multi_process = _process_of("multi_process", Mapping.STATIC)
mpi_process = _process_of("mpi_process", Mapping.STATIC)
timed_multi_process = _process_of("timed_multi_process", Mapping.STATIC)
timed_mpi_process = _process_of("timed_mpi_process", Mapping.STATIC)
dynamic_redis = _process_of("dynamic_redis", Mapping.HYBRID)
new_hybrid_redis = _process_of("new_hybrid_redis", Mapping.HYBRID)
hybrid_redis = _process_of("hybrid_redis", Mapping.HYBRID)
new_dynamic = _process_of("new_dynamic", Mapping.HYBRID)
new_dynamic_auto = _process_of("new_dynamic_auto", Mapping.HYBRID)
new_dynamic_redis = _process_of("new_dynamic_redis", Mapping.HYBRID)
new_dynamic_redis_auto = _process_of("new_dynamic_redis_auto", Mapping.HYBRID)
dyn_multi_process = _process_of("dyn_multi_process", Mapping.HYBRID)


def parse_args(args: list[str], namespace: Namespace | None = None) -> Namespace:
    """The options of dispel4py's mappings, of which ``-n`` is used; in `namespace`, if there is one."""
    parser = ArgumentParser(prog="dispel4py", description="Submit a dispel4py graph to processes.")
    parser.add_argument("-n", "--num", "--num_processes", metavar="N", type=int, help="number of ranks")
    parser.add_argument("-s", "--simple", action="store_true", help="not used")
    for flags in (
        ("-ri", "--redis-ip"),
        ("-rp", "--redis-port"),
        ("-ct", "--consumer-timeout"),
        ("-thr", "--threshold"),
    ):
        parser.add_argument(*flags, help="not used")
    options, _ = parser.parse_known_args(args, namespace)
    options.num_processes = options.num
    return options
