"""The places of what a rank writes, in a run in which elements are ordered.

All that one transaction of a task writes comes from one task, in this order, along each path: first what it
sends to partitions, for that went through all of the elements that ran here; then what it publishes, from the
elements nearest the sinks to those farthest from them; then the rest of the task itself. For once it has
published anything on a route, it publishes all that it writes there later (`Numbering.published`): so of two
tuples the former has always come at least as far.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpcd4p.wire.place import Numbering, outstanding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hpcd4p.plan.model import Route
    from hpcd4p.plan.order import Order
    from hpcd4p.runtime.clock import Clock
    from hpcd4p.runtime.commit.outbox import Outbox
    from hpcd4p.wire.messages import Commit, Segment, Task
    from hpcd4p.wire.place import Place


class Placing:
    """Of one rank."""

    def __init__(self, order: Order, rank: int, clock: Clock) -> None:
        self._order = order
        self._clock = clock
        self._origin = Numbering(rank)
        self._told = 0
        """How many of the numbers of this origin are taken, as far as was told."""

    def begin(self, outbox: Outbox) -> None:
        """`outbox` is about to be sealed."""
        if outbox.numbers is None:
            self._origin.age = int(1000 * self._clock.elapsed())
        else:
            self._take(outbox)

    def of_message(self, outbox: Outbox, segments: Sequence[Segment]) -> str:
        """The place of a message, as `Codec.pack` wants it; '': it need not wait for its turn.

        What comes from no task came from this rank alone, and messages of one rank keep their order.
        """
        if outbox.numbers is None or not any(s.element in self._order.elements for s in segments):
            return ""
        return f"{outbox.numbers.origin}:{self._take(outbox)}"

    def _take(self, outbox: Outbox) -> str:
        assert outbox.numbers is not None
        if not outbox.path:
            outbox.path = outbox.numbers.take()
        return outbox.path

    def of_task(self, outbox: Outbox, element: int) -> Place | None:
        """The place of a task that is published next."""
        reach = self._order.reach.get(element)
        if reach is None:
            return None
        return (outbox.numbers or self._origin).child(reach)

    @staticmethod
    def in_turn(publish: Iterable[tuple[Route, list[Any]]]) -> list[tuple[Route, list[Any]]]:
        """What is published, first what has come farthest."""
        return sorted(publish, key=lambda pair: -pair[0].target)

    def end(self, outbox: Outbox, commit: Commit) -> None:
        """All that `outbox` publishes has its place: say what is outstanding from now on."""
        numbers = outbox.numbers
        if numbers is None:
            if self._origin.next != self._told:
                self._told = self._origin.next
                commit.bounds[self._origin.origin] = self._origin.here()
            return
        if outbox.done:
            commit.settled.append(_known(numbers))
        elif outbox.progress:
            before = _known(numbers)
            numbers.known = before._replace(path=numbers.here())
            commit.settled.append(before)
            commit.begun.append(numbers.known)
            commit.progress = [(e, id_, (*done, numbers.next)) for e, id_, done in commit.progress]


def finish(commit: Commit, task: Task) -> None:
    """Say in `commit` that all of a task is done."""
    commit.done.append((task.element, task.id))
    if task.place is not None:
        commit.settled.append(outstanding(task.place, task.progress))


def _known(numbers: Numbering) -> Place:
    assert numbers.known is not None  # it is that of a task
    return numbers.known
