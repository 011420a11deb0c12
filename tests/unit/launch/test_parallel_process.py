"""`process` of dispel4py's parallel mappings: what it makes of the arguments it is given."""

from __future__ import annotations

from argparse import Namespace

import pytest

from hpcd4p.errors import UsageError
from hpcd4p.launch.parallel_process import dynamic_redis, multi_process
from hpcd4p.workflow.graph import WorkflowGraph


@pytest.mark.parametrize("process", [dynamic_redis, multi_process])
@pytest.mark.parametrize(
    ("args", "told"),
    [
        (Namespace(num="many"), "args.num must be a number of ranks, not 'many'"),
        ({"num": [4]}, "args.num must be a number of ranks"),
        (Namespace(num_processes=-3), "ranks must be a whole number"),
    ],
)
def test_a_number_of_ranks_that_is_none_is_told(process, args, told):
    with pytest.raises(UsageError, match=told.replace("[", r"\[")):
        process(WorkflowGraph(), 1, args)
