"""The elements: the general one, those with one input or one output, and those that work by key or batch.

The place to import any of them from. It must never know where elements run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar

from hpcd4p.workflow.batch import BatchPE
from hpcd4p.workflow.generic import GenericPE
from hpcd4p.workflow.keyed import KeyedPE

__all__ = [
    "BasePE",
    "BatchPE",
    "ConsumerPE",
    "GenericPE",
    "IterativePE",
    "KeyedPE",
    "ProducerPE",
    "SimpleFunctionPE",
]


class BasePE(GenericPE):
    """An element whose ports are given as lists of names, or as numbers (``input0``, ``input1``, ...).

    Examples
    --------
    >>> sorted(BasePE(num_inputs=2, outputs=["sum"]).inputconnections)
    ['input0', 'input1']
    """

    def __init__(
        self,
        inputs: Iterable[str] | None = None,
        outputs: Iterable[str] | None = None,
        num_inputs: int = 0,
        num_outputs: int = 0,
        numprocesses: int | None = None,
    ) -> None:
        super().__init__(numprocesses)
        for name in [*(inputs or ()), *(f"{self.INPUT_NAME}{i}" for i in range(num_inputs))]:
            self._add_input(name)
        for name in [*(outputs or ()), *(f"{self.OUTPUT_NAME}{i}" for i in range(num_outputs))]:
            self._add_output(name)


class IterativePE(GenericPE):
    """One input, one output: `_process` gets the bare datum; what it returns, if not None, is one output.

    Examples
    --------
    >>> class Double(IterativePE):
    ...     def _process(self, number):
    ...         return 2 * number
    >>> Double().process({"input": 4})
    {'output': 8}
    """

    def __init__(self, numprocesses: int | None = None) -> None:
        super().__init__(numprocesses)
        self._add_input(self.INPUT_NAME)
        self._add_output(self.OUTPUT_NAME)

    def process(self, inputs: dict[str, Any]) -> Any:
        """Call `_process` with the bare datum."""
        result = self._process(inputs[self.INPUT_NAME])
        return None if result is None else {self.OUTPUT_NAME: result}

    def _item_function(self) -> Callable[[Any], Any] | None:
        return None if self._overrides("process", IterativePE) else self._process

    def _does_something(self) -> bool:
        return self._overrides("process", IterativePE) or self._overrides("_process", IterativePE)


class ProducerPE(GenericPE):
    """No input, one output: `_process` gets the dict of inputs (empty, or an item of the inputs given).

    A run that is continued from a checkpoint repeats the calls of its sources, and leaves out what they had
    written by then; so a source must write the same again, which it does not if it goes by the time, by
    random numbers without a seed, by the order of a set, or by what has changed. One that says where it is
    need not be repeated. It has two methods more, and any source may have them, not only a `ProducerPE`:

    ``position()``
        Where it is: anything that can be pickled and that is quick to make. Asked between two calls, now and
        then. If it raises, the source is repeated, and the story of the run says so.
    ``seek(position)``
        Called after `preprocess`, before the next call: all is to be as it was when `position` gave this.

    With ``seeks_in_calls = True`` in its class, `position` is also asked inside a call, when something has
    just been written with `write` and before that returns. It must then count what is being written as done;
    after ``seek`` the same call is made once more, and goes on after it.

    Examples
    --------
    >>> class Count(ProducerPE):
    ...     stateful = True
    ...     seeks_in_calls = True
    ...     next = 0
    ...     def _process(self, inputs):
    ...         while self.next < 10:
    ...             self.next += 1  # first, for `position` may be asked in `write`
    ...             self.write("output", self.next - 1)
    ...     def position(self):
    ...         return self.next
    ...     def seek(self, position):
    ...         self.next = position
    >>> class Answer(ProducerPE):
    ...     def _process(self, inputs):
    ...         return 42
    >>> Answer().process({})
    {'output': 42}
    """

    def __init__(self, numprocesses: int | None = None) -> None:
        super().__init__(numprocesses)
        self._add_output(self.OUTPUT_NAME)

    def process(self, inputs: dict[str, Any]) -> Any:
        """Call `_process` with `inputs`."""
        result = self._process(inputs)
        return None if result is None else {self.OUTPUT_NAME: result}

    def _item_function(self) -> Callable[[Any], Any] | None:
        return None if self._overrides("process", ProducerPE) else self._process

    def _does_something(self) -> bool:
        return self._overrides("process", ProducerPE) or self._overrides("_process", ProducerPE)


class ConsumerPE(GenericPE):
    """One input, no output: `_process` gets the bare datum; what it returns is not used.

    Examples
    --------
    >>> class Show(ConsumerPE):
    ...     def _process(self, datum):
    ...         self.log(datum)
    >>> Show().process({"input": "hello"})
    Show (rank 0): hello
    """

    def __init__(self, numprocesses: int | None = None) -> None:
        super().__init__(numprocesses)
        self._add_input(self.INPUT_NAME)

    def process(self, inputs: dict[str, Any]) -> Any:
        """Call `_process` with the bare datum."""
        self._process(inputs[self.INPUT_NAME])

    def _item_function(self) -> Callable[[Any], Any] | None:
        return None if self._overrides("process", ConsumerPE) else self._process

    def _does_something(self) -> bool:
        return self._overrides("process", ConsumerPE) or self._overrides("_process", ConsumerPE)


class SimpleFunctionPE(IterativePE):
    """An element made of a function of one datum; `params` are further keyword arguments.

    The function must be importable (defined at the top of a module) to travel to other ranks.

    Examples
    --------
    >>> SimpleFunctionPE(round, {"ndigits": 1}).process({"input": 3.14})
    {'output': 3.1}
    """

    _prefix: ClassVar[str] = "PE_"

    def __init__(
        self, compute_fn: Callable[..., Any] | None = None, params: dict[str, Any] | None = None
    ) -> None:
        super().__init__()
        self.compute_fn = compute_fn
        self.params = dict(params or {})
        if compute_fn is not None and type(self) is SimpleFunctionPE:
            self.__dict__["_default_name"] = self._prefix + getattr(compute_fn, "__name__", "function")

    def _process(self, data: Any) -> Any:
        if self.compute_fn is None:
            raise TypeError(f"{self.name} has no function; give compute_fn or define _process")
        return self.compute_fn(data, **self.params)

    def _does_something(self) -> bool:
        if self.compute_fn is not None or self._overrides("process", IterativePE):
            return True
        return self._overrides("_process", SimpleFunctionPE)

    def _item_function(self) -> Callable[[Any], Any] | None:
        function = super()._item_function()
        if function is None or self.compute_fn is None or self._overrides("_process", SimpleFunctionPE):
            return function
        return partial(self.compute_fn, **self.params) if self.params else self.compute_fn
