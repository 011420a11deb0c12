"""What a loop may have besides partitions and tasks."""

from __future__ import annotations

from typing import Protocol

from hpcd4p.runtime.execute.instance import Instance


class Besides(Protocol):
    """What a rank does besides its partitions and its tasks: the head has sources."""

    def instances(self) -> list[Instance]:
        """All instances that run there."""

    def work(self) -> bool:
        """Do what there is to do; whether there was anything."""

    def listen(self, now: float) -> float | None:
        """Have what comes ring the bell; how long it may be left alone until then, None: for ever."""
