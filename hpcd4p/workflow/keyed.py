"""`KeyedPE`: the engine holds one state per key; the element says how a state changes.

Owns the description of key and value. It must never hold a state itself: the engine holds the states, so that
it can place, save and restore them key by key.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import Any

from hpcd4p.workflow.generic import GROUPING, GenericPE
from hpcd4p.workflow.groupings import read_columns


class KeyedPE(GenericPE):
    """An element with one state per key, on the input ``input``; at the end it writes each on ``output``.

    Class attributes describe the tuples: `key` is a position, a name, or a list of them (then the key is
    a tuple); `value` the position or name of what `process_key` gets, None for the whole tuple;
    `partitions` the number of parts that the keys are spread over, a property of the workflow.
    Tuples of a key come in any order, unless `ordered` is True: say so if the state depends on it.

    Examples
    --------
    >>> class Count(KeyedPE):
    ...     def process_key(self, key, value, state):
    ...         return (state or 0) + value
    >>> Count().process_key("word", 2, None)
    2
    """

    key: int | str | list[int | str] | tuple[int | str, ...] = 0
    value: int | str | None = 1
    partitions: int = 64
    """64: enough for the stateful ranks of a large run, few enough to cost nothing in a small one."""

    def __init__(self, numprocesses: int | None = None) -> None:
        super().__init__(numprocesses)
        self._add_input(self.INPUT_NAME)
        # the plan reads `key` itself; here the grouping is only shown at the port
        shown = [self.key] if isinstance(self.key, str) else self.key  # a bare name would be a grouping
        self.inputconnections[self.INPUT_NAME][GROUPING] = shown
        self._add_output(self.OUTPUT_NAME)

    def process_key(self, key: Any, value: Any, state: Any) -> Any:
        """New state of `key`; `state` is None at first. It may `write`.

        The state belongs to the engine: change it in place or return a new one, but keep no reference.
        """
        raise NotImplementedError(f"{type(self).__name__} must define process_key(key, value, state)")

    def end_key(self, key: Any, state: Any) -> None:
        """Finish `key`: called once per key when all sources have ended; writes ``(key, state)``."""
        self.write(self.OUTPUT_NAME, (key, state))

    def _key_columns(self) -> tuple[int | str, ...]:
        return read_columns(self.key)

    def _value_function(self) -> Callable[[Any], Any] | None:
        """Value of a tuple; None: the whole tuple."""
        return None if self.value is None else itemgetter(self.value)
