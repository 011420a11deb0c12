"""What a rank has done, added up by element, under the names of `wire.keys` (``stat``)."""

from __future__ import annotations

from collections.abc import Iterable

from hpcd4p.runtime.instance import Instance


def totals(instances: Iterable[Instance]) -> dict[str, int]:
    """Sums over `instances`."""
    total: dict[str, int] = {}
    for i in instances:
        first, first_s = i.first
        for name, value in (
            ("n", i.tuples),
            ("u", int(i.busy_s * 1e6)),
            ("o", i.written),
            ("b", int(i.out_bytes)),
            ("m", i.tuples - first),
            ("s", max(0, int((i.busy_s - first_s) * 1e6))),
        ):
            if value:
                key = f"{name}:{i.plan.index}"
                total[key] = total.get(key, 0) + value
    return total
