"""What a run in one process asks of whoever makes its checkpoints, where it can be cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from hpcd4p.plan.model import ElementPlan
    from hpcd4p.runtime.execute.instance import Instance
    from hpcd4p.runtime.sequential_calls import Calls
    from hpcd4p.runtime.sequential_rest import Leased
    from hpcd4p.wire.position import SourcePosition


class Cuts(Protocol):
    """The checkpoints of one run, and what it goes on from."""

    def restore(self) -> None:
        """Before any instance starts: go on from a checkpoint, if there is one; may raise `RunStopped`."""

    def position(self, element: int) -> SourcePosition | None:
        """Where the cut has found a root; None: the run begins."""

    def resumed(self, element: ElementPlan, partition: int) -> Instance | None:
        """The instance of a partition as it was at the cut; None: it begins."""

    def begin(self) -> None:
        """All instances have started: do first what was under way at the cut."""

    def leased(self, instance: Instance, calls: Any) -> Leased:
        """Calls of a root that keeps nothing from call to call, as a task."""

    def look(self) -> None:
        """Make a checkpoint if it is due: nothing is under way but, in a write, a call of what is at work."""

    def ended(self, calls: Calls | None) -> None:
        """An element is done; `calls` are those of a root."""

    def age_s(self) -> float:
        """Seconds since the moment that the last checkpoint holds; infinity: there is none yet."""

    def notes(self) -> list[str]:
        """What is to be said of the figures."""

    def doubts(self) -> list[str]:
        """What makes the answer doubtful since before."""
