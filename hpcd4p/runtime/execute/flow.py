"""From the outputs of an instance to the inputs of the next: routing over the edges of the plan.

Used by the sequential run and by every rank of a parallel one; they differ in what they do with a delivery.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from hpcd4p.plan.model import UNDECLARED, ElementPlan, Plan, Role, Route
from hpcd4p.plan.routing import Splitter
from hpcd4p.runtime.execute.element_log import ElementLog
from hpcd4p.runtime.execute.error_text import show_error
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.runtime.execute.timing import Served
from hpcd4p.wire.statistics import Cause
from hpcd4p.workflow.elements import GenericPE
from hpcd4p.workflow.kept import copied
from hpcd4p.workflow.sentinels import dumps

if TYPE_CHECKING:
    from hpcd4p.runtime.clock import Clock
    from hpcd4p.runtime.execute.letters import Failure, Letters
    from hpcd4p.runtime.execute.salvage import UnreadTuples
    from hpcd4p.runtime.execute.spans import Spans
    from hpcd4p.wire.codec import Codec
    from hpcd4p.wire.messages import Commit

Delivery = tuple[Route, int, list[Any]]
"""Route, partition (0 for the pool) and tuples."""

_ATOMS = frozenset({int, float, str, bytes, bool, type(None), complex})


def isolate(values: list[Any]) -> list[Any]:
    """`values` for one more receiver: copied, if a receiver could change what another one sees."""
    for value in values:
        kind = type(value)
        if kind in _ATOMS or (kind is tuple and all(type(each) in _ATOMS for each in value)):
            continue
        try:
            copy: list[Any] = pickle.loads(dumps(values, protocol=5))
        except Exception:  # noqa: BLE001  # user classes: what cannot be pickled is copied as Python copies
            try:
                copy = copied(values)
            except Exception:  # noqa: BLE001  # ... and what cannot be copied at all is shared
                return values
        return copy
    return values


class Flow:
    """The edges of a plan, with a splitter for each edge into a partitioned element.

    Parameters
    ----------
    on_failure
        Called with each failure; it has a dead letter, unless there are enough of its kind.
    clock
        The clock of the run, for the times of dead letters and instances.
    spans
        Takes what instances do; None: nobody does.
    """

    def __init__(
        self,
        plan: Plan,
        rank: int,
        on_failure: Callable[[Failure], None],
        clock: Clock,
        spans: Spans | None = None,
    ) -> None:
        self.plan = plan
        self._spans = spans
        self.rank = rank
        self._on_failure = on_failure
        self._clock = clock
        self.log = ElementLog(rank, clock, plan.size)
        self.served = Served(clock, plan.size)
        self.posts = Posts(self.log, self.served)
        self._letters: Letters | None = None
        self.on_undeclared: Callable[[int], None] = lambda element: None
        """Called when `element` first writes on an output that it has not declared."""
        self._routes: list[dict[str, list[tuple[Route, Splitter | None]]]] = [
            {output: [(route, self._splitter(route)) for route in routes] for output, routes in out.items()}
            for out in plan.outgoing()
        ]

    def _splitter(self, route: Route) -> Splitter | None:
        target = self.plan.elements[route.target]
        if target.role is Role.POOL or target.role is Role.COLLECT:
            return None
        return Splitter(route, target.partitions, target.name)

    def instance(self, element: ElementPlan, pe: GenericPE, partition: int = 0, lane: int = 0) -> Instance:
        """A running instance whose failures become dead letters; `lane`: see `record.spans`. Not started."""
        instance = Instance(element, pe, partition, self.rank, self._failed, self._clock)
        if len(element.forks) > 1:
            from hpcd4p.runtime.execute.sequence import Sequence

            instance.sequence = Sequence(element.forks)
        self.log.attend()
        instance.timing = self.served.attend(element.index, instance.timing)
        instance.on_log = self.log.say
        if self._spans is not None:
            instance.on_ran = self._spans.writer(element.index, partition, lane)
        return instance

    def spread(self, element: int, outputs: Iterable[tuple[str, list[Any]]]) -> Iterator[Delivery]:
        """Deliveries of what `element` wrote. Each copy is made only when it is asked for, to save memory.

        Where paths part that meet again, each is of one tuple, and all edges have it before the next one.
        """
        table, forks = self._routes[element], self.plan.elements[element].forks
        if forks:
            outputs = _one_by_one(outputs, forks)
        for output, values in outputs:
            edges = table.get(output) or self._undeclared(element)
            last = len(edges) - 1
            for i, (route, splitter) in enumerate(edges):
                mine = isolate(values) if i < last else values
                if splitter is None:
                    yield route, 0, mine
                else:
                    yield from self._split(route, splitter, mine)

    def _undeclared(self, element: int) -> list[tuple[Route, Splitter | None]]:
        """The edge for what `element` writes on outputs that it has not declared; reported once."""
        edges = self._routes[element].setdefault(UNDECLARED, [(self.plan.undeclared(element), None)])
        self.on_undeclared(element)
        return edges

    def _split(self, route: Route, splitter: Splitter, values: list[Any]) -> Iterator[Delivery]:
        parts = splitter.split(values)
        shared = len(parts) > 1 and parts[0][1] is parts[1][1]  # one-to-all
        for i, (partition, part) in enumerate(parts):
            yield route, partition, isolate(part) if shared and i else part
        if splitter.failures:
            failures, splitter.failures = splitter.failures, []
            for value, error in failures:
                place = f"input {route.input!r}"
                self.write_letter(
                    route.target, Cause.UNREAD, route.input, value, error, place, show_error(error)
                )

    def _failed(self, instance: Instance, port: str, value: Any, error: BaseException) -> None:
        self.write_letter(instance.plan.index, cause_at(port), port, value, error)

    def write_letter(
        self, element: int, cause: Cause, port: str, value: Any, error: BaseException, *details: Any
    ) -> None:
        """Make a dead letter of `value`, and tell `on_failure`; `details` is as in `Letters.write`."""
        self._on_failure(self.failure(element, cause, port, value, error, *details))

    def failure(
        self, element: int, cause: Cause, port: str, value: Any, error: BaseException, *details: Any
    ) -> Failure:
        """The failure of `value`, with a dead letter unless there are enough of its kind."""
        if self._letters is None:
            from hpcd4p.runtime.execute.letters import Letters  # most ranks never need it

            self._letters = Letters(self.plan, self.rank, self._clock)
        return self._letters.write(element, cause, port, value, error, *details)

    def give_up(self, lost: UnreadTuples) -> None:
        """Make dead letters of tuples that cannot be unpickled."""
        element, port, tuples, shown, error, words = lost
        # if several cannot be told apart, one of them is to blame, and it is not known which
        cause = Cause.UNREAD if tuples == 1 else Cause.OTHER
        self.write_letter(element, cause, port, shown, error, "", words, tuples)


class Posts:
    """All that travels with the commits of a rank, and is for the record only."""

    def __init__(self, log: ElementLog, served: Served) -> None:
        self._log = log
        self._served = served

    def post(self, commit: Commit, codec: Codec, now: float | None = None) -> None:
        """Send what is due at `now` with `commit` (None: all)."""
        self._log.post(commit, codec, now)
        self._served.post(commit, codec, now)


def _one_by_one(
    outputs: Iterable[tuple[str, list[Any]]], forks: tuple[str, ...]
) -> Iterator[tuple[str, list[Any]]]:
    for output, values in outputs:
        if output in forks:
            yield from ((output, [value]) for value in values)
        else:
            yield output, values


def cause_at(port: str) -> Cause:
    """The cause of a failure whose element raised: for a tuple, or at its end (then `port` is not a port)."""
    return Cause.OTHER if port.startswith("<") else Cause.RAISED
