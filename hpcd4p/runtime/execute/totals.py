"""What a rank has done, added up by element, under the names of `wire.keys` (``stat``)."""

from __future__ import annotations

from collections.abc import Iterable

from hpcd4p.runtime.execute.instance import Instance

NAMES = ("n", "u", "o", "b", "m", "s")

NOTHING = (0,) * len(NAMES)


def _of(i: Instance) -> tuple[int, ...]:
    first, first_s = i.first
    us, rest_us = int(i.busy_s * 1e6), max(0, int((i.busy_s - first_s) * 1e6))
    return i.tuples, us, i.written, int(i.out_bytes), i.tuples - first, rest_us


def totals(instances: Iterable[Instance]) -> dict[str, int]:
    """Sums over `instances`."""
    return Increase().of(instances)


class Increase:
    """What is new in the totals of a rank; of thousands of instances few have done something."""

    def __init__(self) -> None:
        self._marks: dict[Instance, tuple[float, int, int]] = {}
        self._told: dict[Instance, tuple[int, ...]] = {}

    def of(self, instances: Iterable[Instance]) -> dict[str, int]:
        """By how much the sums over `instances` have changed since the last call."""
        total: dict[str, int] = {}
        marks = self._marks
        for i in instances:
            mark = i.busy_s, i.tuples, i.written
            if marks.get(i) == mark:
                continue
            marks[i] = mark
            before, now = self._told.get(i, NOTHING), _of(i)
            self._told[i] = now
            for name, old, new in zip(NAMES, before, now, strict=True):
                if new != old:
                    key = f"{name}:{i.plan.index}"
                    total[key] = total.get(key, 0) + new - old
        return {key: value for key, value in total.items() if value}
