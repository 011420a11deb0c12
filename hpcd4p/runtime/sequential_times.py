"""How long tuples take, and how old they are when they leave, in one process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpcd4p.histogram import Histogram, all_pairs, merge_all

if TYPE_CHECKING:
    from collections.abc import Collection

    from hpcd4p.histogram import Pairs
    from hpcd4p.runtime.clock import Clock
    from hpcd4p.runtime.execute.collector import Collector
    from hpcd4p.runtime.execute.instance import Instance
    from hpcd4p.runtime.execute.timing import Served
    from hpcd4p.wire.resumption import Fixed


class Times:
    """Of one run, and of those that it goes on from."""

    def __init__(self, served: Served, collector: Collector, clock: Clock) -> None:
        self._service: dict[int, Histogram] = {}
        self._served = served
        self._collector = collector
        self._clock = clock
        self._born = 0.0

    def written(self, instance: Instance) -> None:
        """What `instance` has written is worked on next."""
        if instance.is_root:
            self._born = self._clock.instant(self._clock.now())

    def give(self, port: str, values: list[Any]) -> None:
        """Some of what has come of it leaves the workflow."""
        self._collector.run(port, values)
        if self._born:
            self._collector.left(port, len(values), self._born)

    def service(self) -> dict[int, Histogram]:
        """How long tuples took, by element."""
        merge_all(self._service, self._served.take())
        return self._service

    def restore(self, before: Fixed, repeated: Collection[int]) -> None:
        """Go on from a cut; sources that are repeated are timed again."""
        self.add({e: times for e, times in before.service.items() if e not in repeated})
        merge_all(self._collector.latency, before.latency)

    def add(self, service: dict[int, Pairs]) -> None:
        """Take in what ranks had sent at a cut."""
        merge_all(self._service, service)

    def pairs(self) -> tuple[dict[int, Pairs], dict[str, Pairs]]:
        """Both of them, for a cut."""
        return all_pairs(self.service()), all_pairs(self._collector.latency)
