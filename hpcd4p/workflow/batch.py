"""`BatchPE`: gets a list of tuples in one call, for numpy and other code that works on many at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hpcd4p.workflow.generic import GenericPE


class BatchPE(GenericPE):
    """One input, one output: `process_batch` gets a list; each item that it gives is one output.

    Where one batch ends and the next begins has no meaning and differs between runs: outputs must not depend
    on it. `max_batch` limits their length (None: the engine chooses).

    Examples
    --------
    >>> class Squares(BatchPE):
    ...     def process_batch(self, numbers):
    ...         return [n * n for n in numbers]
    >>> Squares().process_batch([1, 2, 3])
    [1, 4, 9]
    """

    max_batch: int | None = None

    def __init__(self, numprocesses: int | None = None) -> None:
        super().__init__(numprocesses)
        self._add_input(self.INPUT_NAME)
        self._add_output(self.OUTPUT_NAME)

    def process_batch(self, items: list[Any]) -> Iterable[Any] | None:
        """Outputs of `items`, one tuple each; None for nothing."""
        raise NotImplementedError(f"{type(self).__name__} must define process_batch(items)")

    def process(self, inputs: dict[str, Any]) -> Any:
        """Work on one tuple as a batch of one."""
        for item in self.process_batch([inputs[self.INPUT_NAME]]) or ():
            self.write(self.OUTPUT_NAME, item)
