"""`GenericPE`: the base of every element.

Owns what every element has: ports, the calls of its life, `write` and `log`. It must never know where it
runs: the engine sets its outputs (`_sink`), its rank and its log as attributes that are not pickled with it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

NAME = "name"
TYPE = "type"
DESCRIPTION = "descr"
META = "meta"
GROUPING = "grouping"
WRITER = "writer"

_RUNTIME_ONLY = ("_sink", "rank", "_log_sink")


def _sink_of_no_run(name: str, data: Any) -> None:
    raise RuntimeError(
        f"write({name!r}, ...) was called outside a run; elements write while the engine runs them"
    )


def spoken(pe: GenericPE, text: str) -> str:
    """The line that is shown for a log text of `pe`."""
    return f"{pe.id or pe.name} (rank {pe.rank}): {text}"


def can_seek(pe: GenericPE) -> bool:
    """Whether `pe` says where it is, and can go on there: see `ProducerPE`."""
    return callable(getattr(pe, "position", None)) and callable(getattr(pe, "seek", None))


def _print_line(pe: GenericPE, text: str) -> None:
    sys.stdout.write(spoken(pe, text) + "\n")


class GenericPE:
    """An element with any number of inputs and outputs.

    Subclasses declare ports in ``__init__`` with `_add_input` and `_add_output` and define `process`
    (or `_process`). Outputs are returned as a dict, output name → datum, or written with `write`.

    Parameters
    ----------
    numprocesses
        Number of instances, where the element holds state. It belongs to the workflow, not to the number of
        ranks. Default: the class attribute of this name (1).

    Examples
    --------
    >>> class Divide(GenericPE):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self._add_input("number")
    ...         self._add_output("even")
    ...         self._add_output("odd")
    ...     def process(self, inputs):
    ...         number = inputs["number"]
    ...         return {"odd" if number % 2 else "even": number}
    >>> Divide().process({"number": 3})
    {'odd': 3}
    """

    INPUT_NAME = "input"
    OUTPUT_NAME = "output"

    numprocesses: int = 1
    """Instances of the element, if it holds state."""

    single: bool = False
    """One instance only, whatever `numprocesses` says."""

    stateful: Any = None
    """None lets the plan decide; True; False (its several inputs need no joining); or 'nature', 'all',
    'global' or a list of positions and names: stateful, with that grouping on inputs that have none."""

    ordered: bool | None = None
    """Whether the tuples of a source reach each instance in the order in which they were written, although
    ranks of the pool work on them in any order; only for an element that holds state. None: yes, as far as
    the mapping can (a `KeyedPE`: no); True: yes, or the workflow is refused; False: the answer does not
    depend on it."""

    ordered_outputs: bool | tuple[str, ...] | None = None
    """Which outputs leave the run in the order in which one process writes them, as far as they are connected
    to nothing: True, all; a tuple, those that it names; False, none. None goes by the setting
    `ordered_outputs` of the run."""

    id: str = ""
    """Name and running number, given by the graph."""

    rank: int = 0
    """Rank that runs this instance; set by the engine."""

    pickleIgnore: Iterable[str] = ()
    """Names of attributes that do not travel with the element."""

    wrapper: str = "simple"

    _sink: Callable[[str, Any], None] = staticmethod(_sink_of_no_run)
    _log_sink: Callable[[GenericPE, str], None] = staticmethod(_print_line)

    def __init__(self, numprocesses: int | None = None) -> None:
        self.inputconnections: dict[str, dict[str, Any]] = {}
        self.outputconnections: dict[str, dict[str, Any]] = {}
        self.pickleIgnore = [*self.pickleIgnore]  # a list for each element: workflows append to it
        if numprocesses is not None:
            self.numprocesses = numprocesses

    # -- name

    @property
    def name(self) -> str:
        """Name of the element: what the user gave it, else that of its class."""
        return str(
            getattr(self, "_given_name", None) or getattr(self, "_default_name", None) or type(self).__name__
        )

    @name.setter
    def name(self, name: str) -> None:
        self.__dict__["_given_name"] = name

    # -- ports

    def _add_input(self, name: str, grouping: Any = None, tuple_type: Any = None) -> None:
        """Declare an input; `grouping` as in `hpcd4p.workflow.groupings`."""
        port = {NAME: name}
        if grouping is not None:
            port[GROUPING] = grouping
        if tuple_type is not None:
            port[TYPE] = tuple_type
        self._ports("inputconnections")[name] = port

    def _add_output(self, name: str, tuple_type: Any = None) -> None:
        """Declare an output."""
        port = {NAME: name}
        if tuple_type is not None:
            port[TYPE] = tuple_type
        self._ports("outputconnections")[name] = port

    def _ports(self, side: str) -> dict[str, dict[str, Any]]:
        ports: dict[str, dict[str, Any]] | None = getattr(self, side, None)
        if ports is None:
            kind = type(self).__name__
            raise TypeError(f"{kind}.__init__ must call super().__init__() before it declares ports")
        return ports

    def set_input_types(self, types: dict[str, Any]) -> None:
        """Take the types of the tuples on the inputs (input name → type); does nothing by default."""

    def get_output_types(self) -> dict[str, Any]:
        """Types of the tuples on the outputs, as declared (output name → type or None)."""
        return {name: port.get(TYPE) for name, port in self.outputconnections.items()}

    # -- life

    def preprocess(self) -> None:
        """Prepare; called once per instance, before its first tuple."""
        self._preprocess()

    def _preprocess(self) -> None:
        """The same as `preprocess`, for subclasses."""

    def process(self, inputs: dict[str, Any]) -> Any:
        """Work on one tuple.

        Parameters
        ----------
        inputs
            Input name → datum; holds one input at a time. Empty for an element without a connected input
            that is driven by a number of calls.

        Returns
        -------
        dict or None
            Output name → datum; None for nothing (more).
        """
        return self._process(inputs)

    def _process(self, data: Any) -> Any:
        """The same as `process`, for subclasses."""
        return None

    def postprocess(self) -> None:
        """Finish; called once per instance when all its sources have ended. It may write."""
        self._postprocess()

    def _postprocess(self) -> None:
        """The same as `postprocess`, for subclasses."""

    def write(self, name: str, data: Any, **kwargs: Any) -> None:
        """Put `data` on the output `name`; any number of times, while preparing, processing or finishing.

        What is written on an output that was not declared is kept as an output of the workflow.

        Raises
        ------
        RuntimeError
            Outside a run.
        """
        self._sink(name, data)

    def _write(self, name: str, data: Any, **kwargs: Any) -> None:
        """The same as `write`, for subclasses that define their own `write`."""
        self._sink(name, data)

    def log(self, msg: object) -> None:
        """Log `msg`: it is shown as ``id (rank r): msg``, and kept in the record of the run."""
        self._log_sink(self, f"{msg}")

    # -- for the engine

    def _item_function(self) -> Callable[[Any], Any] | None:
        """Fast path: a function of the bare datum, or None where `process` must be called.

        What the function returns is one tuple on `OUTPUT_NAME`, unless it is None or the element has no
        such output. For a `ProducerPE` the datum is the dict of inputs.
        """
        return None

    def _overrides(self, method: str, kind: type[GenericPE]) -> bool:
        """Whether `method` is other than that of `kind` (in a subclass or on the instance)."""
        own = getattr(self, method)
        return getattr(own, "__func__", own) is not getattr(kind, method)

    def _does_something(self) -> bool:
        """Whether a subclass (or the instance) defines what to do with a tuple."""
        return self._overrides("process", GenericPE) or self._overrides("_process", GenericPE)

    def __getstate__(self) -> dict[str, Any]:
        # dispel4py's own elements name their ports there, and their ports are pickled all the same
        left_behind = {*_RUNTIME_ONLY, *self.pickleIgnore} - {"inputconnections", "outputconnections"}
        return {k: v for k, v in self.__dict__.items() if k not in left_behind}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # one by one, not `self.__dict__.update`: CPython reads the attributes of an object whose
        # __dict__ was never asked for almost twice as fast (DECISIONS.md)
        for name, value in state.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id or self.name}>"

    # -- spellings of older workflows

    def setInputTypes(self, types: dict[str, Any]) -> None:
        """Old spelling of `set_input_types`."""
        self.set_input_types(types)

    def getOutputTypes(self) -> dict[str, Any]:
        """Old spelling of `get_output_types`."""
        return self.get_output_types()
