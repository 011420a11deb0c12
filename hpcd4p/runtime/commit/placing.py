"""The places of what a rank writes, in a run in which elements are ordered.

All that one transaction of a task writes comes from one task, in this order, along each path: first what it
sends to partitions, for that went through all of the elements that ran here; then what it publishes, from the
elements nearest the sinks to those farthest from them; then the rest of the task itself. For once it has
published anything on a route, it publishes all that it writes there later (`Numbering.published`): so of two
tuples the former has always come at least as far. Where paths part that meet again that is not enough: there
each piece of what is written has a place of its own (`pieces`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpcd4p.wire.place import Numbering, Place, moves_before, origin_of, outstanding, since

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hpcd4p.plan.model import Route
    from hpcd4p.plan.order import Order
    from hpcd4p.runtime.clock import Clock
    from hpcd4p.runtime.commit.outbox import Outbox
    from hpcd4p.wire.messages import Commit, Segment, Task
    from hpcd4p.wire.place import Turn


PIECE_TUPLES = 16
"""A task of one tuple counts as so many more: a transaction holds fewer of them."""


class Placing:
    """Of one rank."""

    def __init__(self, order: Order, rank: int, clock: Clock) -> None:
        self._order = order
        self._clock = clock
        self._rank = rank
        self._origins: dict[int, Numbering] = {}
        """Of the elements that write here what comes from no task."""
        self._written: set[int] = set()
        """Those that have written in the transaction that is being sealed."""
        self._moves = 0
        self._to_tell = False
        """Whether to say where origins of this rank write next, for they have heard of a move."""

    @property
    def ordered(self) -> frozenset[int]:
        """The ordered elements."""
        return self._order.elements

    def moved(self, moves: int) -> None:
        """So many partitions of ordered elements have moved: what is written from now on comes behind it."""
        self._moves = moves
        for origin in self._origins.values():
            origin.prefix = since(moves)

    def tells(self) -> bool:
        """Have the next transaction tell the broker so, if tasks come from this rank; whether they do."""
        self._to_tell = self._to_tell or bool(self._lanes())
        return self._to_tell

    def _lanes(self) -> list[tuple[int, int]]:
        """(reach, element) of what this rank may write."""
        found = self._order.origins.items()
        return [(reach, e) for reach, writers in found for e, rank in sorted(writers) if rank == self._rank]

    @staticmethod
    def moves_before(path: str) -> int:
        """Of how many moves the origin had heard when it gave this path: see `Owners.at`."""
        return moves_before(path)

    def begin(self, outbox: Outbox) -> None:
        """`outbox` is about to be sealed."""
        if outbox.numbers is not None:
            self._take(outbox)

    def takes(self, outbox: Outbox, route: Route, partition: int, values: list[Any]) -> bool:
        """Put tuples among the pieces of `outbox`, if they have to have a place of their own."""
        order, numbers = self._order, outbox.numbers
        hears = route.target in order.elements
        if not hears and route.target not in order.reach:
            return False
        waits = True
        if numbers is not None:
            if numbers.element not in order.above_forks:
                return False
        elif (route.source, route.output) in order.forks:
            numbers, waits = self._origin(route.source), route.target in order.tasks[route.source]
        else:
            return False
        if outbox.pieces is None:
            from hpcd4p.runtime.commit.pieces import Pieces

            outbox.pieces = Pieces()
        if hears:
            outbox.pieces.to_partition(numbers, waits, route, partition, values)
            outbox.unsent += len(values)
        elif outbox.pieces.to_pool(numbers, route, values):
            outbox.tuples += PIECE_TUPLES
        outbox.grown(values)
        return True

    def turn_of(self, outbox: Outbox, segments: Sequence[Segment]) -> Turn | None:
        """The place of segments that are no pieces; None: they need not wait for their turn.

        What comes from no task came from this rank alone, and messages of one rank keep their order.
        """
        if outbox.numbers is None or not any(s.element in self._order.elements for s in segments):
            return None
        return outbox.numbers.origin, self._take(outbox)

    def _take(self, outbox: Outbox) -> str:
        assert outbox.numbers is not None
        if not outbox.path:
            outbox.path = outbox.numbers.take()
        return outbox.path

    def of_task(
        self, outbox: Outbox, element: int, writer: int, piece: Numbering | None = None
    ) -> Place | None:
        """The place of a task for `element` that is published next; `writer` has written it.

        Parameters
        ----------
        piece
            Of the piece that it is, or is a part of.
        """
        reach = self._order.reach.get(element)
        if reach is None:
            return None
        return (piece or outbox.numbers or self._origin(writer)).child(reach)

    def _origin(self, writer: int) -> Numbering:
        origin = self._origins.get(writer)
        if origin is None:
            here = origin_of(writer, self._rank)
            origin = self._origins[writer] = Numbering(here, since(self._moves))
        origin.age = int(1000 * self._clock.elapsed())
        self._written.add(writer)
        return origin

    @staticmethod
    def in_turn(publish: Iterable[tuple[Route, list[Any]]]) -> list[tuple[Route, list[Any]]]:
        """What is published, first what has come farthest."""
        return sorted(publish, key=lambda pair: -pair[0].target)

    def end(self, outbox: Outbox, commit: Commit) -> None:
        """All that `outbox` publishes has its place: say what is outstanding from now on."""
        numbers = outbox.numbers
        if self._to_tell:
            self._tell(commit)
        for writer in self._written:
            origin = self._origins[writer]
            commit.bounds[origin.origin] = origin.here()
        self._written.clear()
        if numbers is None:
            return
        if outbox.done:
            commit.settled.append(_known(numbers))
        elif outbox.progress:
            before = _known(numbers)
            numbers.known = before._replace(path=numbers.here())
            commit.settled.append(before)
            commit.begun.append(numbers.known)
            commit.progress = [(e, id_, (*done, numbers.next)) for e, id_, done in commit.progress]

    def _tell(self, commit: Commit) -> None:
        """Say where all origins of this rank write next; who waits for what they wrote before is rung."""
        self._to_tell = False
        for reach, element in self._lanes():
            origin = self._origin(element)
            commit.ring_at(Place(reach, origin.origin, origin.age, origin.here()))


def finish(commit: Commit, task: Task) -> None:
    """Say in `commit` that all of a task is done."""
    commit.done.append((task.element, task.id))
    if task.place is not None:
        commit.settled.append(outstanding(task.place, task.progress))


def _known(numbers: Numbering) -> Place:
    assert numbers.known is not None  # it is that of a task
    return numbers.known
