"""What a rank has done, added up by element."""

from __future__ import annotations

from collections.abc import Iterable

from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.wire.statistics import NO_WORK, Work, count_work


def _of(i: Instance) -> Work:
    first, first_s = i.first
    us, rest_us = int(i.busy_s * 1e6), max(0, int((i.busy_s - first_s) * 1e6))
    return Work(i.tuples, us, i.written, int(i.out_bytes), i.tuples - first, rest_us)


def totals(instances: Iterable[Instance]) -> dict[str, int]:
    """Sums over `instances`, by field."""
    return Increase().of(instances)


class Increase:
    """How much the totals of a rank have grown. Of thousands of instances only a few have done something."""

    def __init__(self) -> None:
        self._marks: dict[Instance, tuple[float, int, int]] = {}
        self._counted: dict[Instance, Work] = {}

    def of(self, instances: Iterable[Instance]) -> dict[str, int]:
        """By how much the sums over `instances` have grown since the last call, by field."""
        growth: dict[str, int] = {}
        marks = self._marks
        for i in instances:
            mark = i.busy_s, i.tuples, i.written
            if marks.get(i) == mark:
                continue
            marks[i] = mark
            before, now = self._counted.get(i, NO_WORK), _of(i)
            self._counted[i] = now
            count_work(growth, i.plan.index, before, now)
        return {field: value for field, value in growth.items() if value}
