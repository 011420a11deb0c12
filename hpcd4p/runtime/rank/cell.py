"""What can run a task apart from its rank, and what is told of it.

`apart` does so in a process of its own; `hpcd4p.testing` has a twin in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from hpcd4p.errors import Hpcd4pError

if TYPE_CHECKING:
    from hpcd4p.runtime.execute.letters import Failure


class CannotPart(Hpcd4pError):
    """A process apart cannot be had."""


class Part(NamedTuple):
    """What has become of some tuples of a task, the next in their order."""

    tuples: int
    out: list[tuple[str, list[Any]]]
    """What they wrote, by output."""
    failures: list[Failure]
    """Of those that failed."""
    busy_s: float
    killed: EndedProcess | None = None
    """They have killed the process that ran them; else None."""
    changed: str = ""
    """What the element has changed in the process, that may be state; in words."""
    said: tuple[list[Any], int] = ([], 0)
    """Lines of it for the record, and how many more were left out."""


class EndedProcess(NamedTuple):
    """How a tuple ended its process."""

    first: int
    """Its place in the task."""
    how: str
    """In words: by which signal, or with which status."""
    port: str
    shown: str
    """Its text; empty if it cannot be shown."""
    trace: str
    """Where it was, as far as the process could still say."""


class Cell(Protocol):
    """What can run a task apart."""

    def run(self, element: int, body: memoryview, tuples: int) -> Iterator[Part]:
        """Run a task of so many tuples, sealed in `body` (`Codec.check`).

        Raises
        ------
        CannotPart
            Before anything was run: there is no such process.
        ElementFailed
            Its `preprocess` raised, or ended the process.
        """

    def close(self) -> None:
        """End the process; the next task gets a new one."""
