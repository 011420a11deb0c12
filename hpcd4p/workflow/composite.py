"""Composites: a graph used as one element, and chains of functions made into one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from hpcd4p.workflow.elements import GenericPE, IterativePE, SimpleFunctionPE
from hpcd4p.workflow.graph import WorkflowGraph

Step = Callable[..., Any] | tuple[Callable[..., Any], dict[str, Any]]


class CompositePE(WorkflowGraph):
    """A graph that is added and connected like an element, at the ports that it maps.

    Parameters
    ----------
    create_graph
        Function that fills the composite: called with it, and with `params` as keyword arguments.
    params
        Keyword arguments of `create_graph`.

    Examples
    --------
    >>> def fill(composite, digits):
    ...     first, last = SimpleFunctionPE(abs), SimpleFunctionPE(round, {"ndigits": digits})
    ...     composite.connect(first, "output", last, "input")
    ...     composite._map_input("input", first, "input")
    ...     composite._map_output("output", last, "output")
    >>> sorted(CompositePE(fill, {"digits": 2}).inputmappings)
    ['input']
    """

    def __init__(
        self, create_graph: Callable[..., Any] | None = None, params: dict[str, Any] | None = None
    ) -> None:
        super().__init__()
        if create_graph is not None:
            create_graph(self, **(params or {}))

    def _map_input(self, input_name: str, internal_pe: Any, internal_input: str) -> None:
        """Make `internal_input` of `internal_pe` the input `input_name` of the composite."""
        self.add(internal_pe)
        self.inputmappings[input_name] = (internal_pe, internal_input)

    def _map_output(self, output_name: str, internal_pe: Any, internal_output: str) -> None:
        """Make `internal_output` of `internal_pe` the output `output_name` of the composite."""
        self.add(internal_pe)
        self.outputmappings[output_name] = (internal_pe, internal_output)


def create_iterative_chain(
    functions: Iterable[Step],
    function_pe_class: Callable[[], IterativePE] = SimpleFunctionPE,
    name_prefix: str = "PE_",
    name_suffix: str = "",
) -> CompositePE:
    """Composite that sends each datum through `functions`, one element each.

    Parameters
    ----------
    functions
        Functions of one datum, or pairs of a function and a dict of further keyword arguments.
    function_pe_class
        Class of the elements, called without arguments; `compute_fn` and `params` are set afterwards.
    name_prefix, name_suffix
        Put around the name of the function to name its element.

    Raises
    ------
    ValueError
        When there is no function.

    Examples
    --------
    >>> chain = create_iterative_chain([abs, (round, {"ndigits": 1})])
    >>> [pe.name for pe in chain.get_contained_objects()]
    ['PE_abs', 'PE_round']
    """
    chain = CompositePE()
    last: GenericPE | None = None
    for step in functions:
        function, params = (step, {}) if callable(step) else step
        pe = function_pe_class()
        pe.__dict__.update(compute_fn=function, params=dict(params))
        # not a name that the user gave: one function may be in a chain twice
        pe.__dict__["_default_name"] = (
            f"{name_prefix}{getattr(function, '__name__', 'function')}{name_suffix}"
        )
        if last is None:
            chain._map_input("input", pe, pe.INPUT_NAME)
        else:
            chain.connect(last, last.OUTPUT_NAME, pe, pe.INPUT_NAME)
        last = pe
    if last is None:
        raise ValueError("create_iterative_chain needs at least one function")
    chain._map_output("output", last, last.OUTPUT_NAME)
    return chain
