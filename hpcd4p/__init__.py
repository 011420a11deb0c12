"""Stream workflows on MPI ranks: the answer of one process, on any number of ranks.

Write a workflow of elements, then ``python -m hpcd4p run WORKFLOW -n 8``, or from Python
`hpcd4p.run`. The names below are the public ones; everything else may change.

This file must never import anything: every rank of a run pays for it. The names are looked up when
they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpcd4p import results as results
    from hpcd4p.errors import WorkflowError as WorkflowError
    from hpcd4p.launch.api import Result as Result
    from hpcd4p.launch.api import run as run
    from hpcd4p.record.table import table as table
    from hpcd4p.results.opening import open as open
    from hpcd4p.sources import FilesPE as FilesPE
    from hpcd4p.sources import LinesPE as LinesPE
    from hpcd4p.sources import RangePE as RangePE
    from hpcd4p.workflow.composite import CompositePE as CompositePE
    from hpcd4p.workflow.composite import create_iterative_chain as create_iterative_chain
    from hpcd4p.workflow.dispel4py.names import dispel4py_names as dispel4py_names
    from hpcd4p.workflow.elements import BasePE as BasePE
    from hpcd4p.workflow.elements import BatchPE as BatchPE
    from hpcd4p.workflow.elements import ConsumerPE as ConsumerPE
    from hpcd4p.workflow.elements import GenericPE as GenericPE
    from hpcd4p.workflow.elements import IterativePE as IterativePE
    from hpcd4p.workflow.elements import KeyedPE as KeyedPE
    from hpcd4p.workflow.elements import ProducerPE as ProducerPE
    from hpcd4p.workflow.elements import SimpleFunctionPE as SimpleFunctionPE
    from hpcd4p.workflow.graph import WorkflowGraph as WorkflowGraph

__version__ = "0.1.0"

_HOMES = {
    "BasePE": "hpcd4p.workflow.elements",
    "BatchPE": "hpcd4p.workflow.elements",
    "CompositePE": "hpcd4p.workflow.composite",
    "ConsumerPE": "hpcd4p.workflow.elements",
    "GenericPE": "hpcd4p.workflow.elements",
    "FilesPE": "hpcd4p.sources",
    "IterativePE": "hpcd4p.workflow.elements",
    "KeyedPE": "hpcd4p.workflow.elements",
    "LinesPE": "hpcd4p.sources",
    "ProducerPE": "hpcd4p.workflow.elements",
    "RangePE": "hpcd4p.sources",
    "Result": "hpcd4p.launch.api",
    "SimpleFunctionPE": "hpcd4p.workflow.elements",
    "WorkflowError": "hpcd4p.errors",
    "WorkflowGraph": "hpcd4p.workflow.graph",
    "create_iterative_chain": "hpcd4p.workflow.composite",
    "dispel4py_names": "hpcd4p.workflow.dispel4py.names",
    "open": "hpcd4p.results.opening",
    "run": "hpcd4p.launch.api",
    "table": "hpcd4p.record.table",
}

_MODULES = ("results",)

__all__ = [*_HOMES, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"hpcd4p.{name}")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(
            f"module 'hpcd4p' has no attribute {name!r}; it has {', '.join(sorted(__all__))}"
        )
    value = globals()[name] = getattr(import_module(home), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
