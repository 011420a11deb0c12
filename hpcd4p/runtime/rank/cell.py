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
    filled: str = ""
    """Content, in short, of what the element has filled in there; see `Claim.FILL`."""
    said: tuple[list[Any], int] = ([], 0)
    """Lines of it for the record, and how many more were left out."""
    rest: tuple[str, Any] | None = None
    """Port and tuples that were not begun, after `Cell.stop`; then this is the last part."""


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
    """What can run a task apart.

    Attributes
    ----------
    look_s
        Seconds between two looks for the next part; None: it can be waited for, at `ear`.
    """

    look_s: float | None

    @property
    def ear(self) -> int | None:
        """The descriptor that can be read when there is something new, while a task runs; or None."""

    @property
    def pid(self) -> int | None:
        """The number of the process; None if there is none."""

    def start(self) -> None:
        """Start the process now rather than with the first task; raises `CannotPart`."""

    def run(self, element: int, body: memoryview, tuples: int, lent: bool = False) -> Iterator[Part | None]:
        """Run a task of so many tuples, sealed in `body` (`Codec.check`).

        Gives each part as soon as it is there, and None as often as there is nothing new. `lent`: it is no
        suspect; changes of the element are looked for as often as on a rank, `stop` is heeded, and of the
        first death of a process a part without tuples tells before anything is made of it.

        Raises
        ------
        CannotPart
            Before anything was run: there is no such process.
        ElementFailed
            Its `preprocess` raised, or ended the process.
        """

    def stop(self) -> None:
        """Have the task at hand end after the tuple that it is at."""

    def changes(self) -> Iterator[tuple[int, str] | None]:
        """Elements whose change was not seen in time, and what has changed; None as in `run`."""

    def wait(self, seconds: float) -> None:
        """Wait until there is something new, at most so long."""

    def dismiss(self) -> None:
        """Have the process leave in order: there is no other task for it."""

    def close(self, patience_s: float = 0.0) -> None:
        """End the process, which may take so long to leave in order; the next task gets a new one."""
