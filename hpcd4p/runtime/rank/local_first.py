"""Whether a rank runs at once what its task has written, as `control.local` has it: the facts for that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpcd4p.control.local import is_late, is_short_of_memory, is_worth_it, runs_here
from hpcd4p.plan.model import Route
from hpcd4p.runtime.commit.lease import Lease
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.runtime.execute.probation import Probation
from hpcd4p.runtime.rank.given import Given
from hpcd4p.runtime.rank.link import Link
from hpcd4p.weight import weigh


class LocalFirst:
    """Of one rank.

    Parameters
    ----------
    instances
        Those of the pool that have run here, by element.
    """

    def __init__(
        self,
        given: Given,
        instances: Mapping[int, Instance],
        link: Link,
        probation: Probation,
    ) -> None:
        self._instances = instances
        self._link = link
        self._high_bytes = given.settings.high_bytes
        self._probation = probation
        self._granularity = given.granularity
        self._now = given.clock.now
        self._barred: set[int] = set()

    def bar(self, element: int) -> None:
        """Never run `element` inside the task of another one again."""
        self._barred.add(element)

    def late(self, lease: Lease, now: float) -> bool:
        """Whether the task of `lease` is past its time slice."""
        return is_late(now, lease.began, self._granularity.slice_s)

    def allows(self, lease: Lease, route: Route, values: list[Any], depth: int) -> bool:
        """Whether to run `values`, which the task of `lease` has written on `route`, here and now."""
        if lease.numbers is not None and route in lease.numbers.published:
            return False  # it would overtake what was published
        element, probation = route.target, self._probation
        barred = element in self._barred or probation.elsewhere(element) or probation.alone(element)
        short = is_short_of_memory(self._link.waiting_bytes, self._high_bytes)
        late = self.late(lease, self._now())
        hurried = late or self._link.hungry > 0
        worth = hurried and not short and self._worth(element, values, late)
        return runs_here(depth, barred, short, hurried, worth)

    def _worth(self, element: int, values: list[Any], late: bool) -> bool:
        instance = self._instances.get(element)
        here_s = instance.service_s if instance is not None and instance.tuples else None
        said_s = self._granularity.service_s(element) if self._granularity.known(element) else None
        return is_worth_it(len(values), weigh(values), late, here_s, said_s)
