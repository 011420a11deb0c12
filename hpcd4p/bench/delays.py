"""The sink of *latency*: tuples carry the instants of their way, and the sink adds the last one."""

from __future__ import annotations

import time

from hpcd4p.bench.server import ServerWatch
from hpcd4p.record.memory import MemorySink
from hpcd4p.runtime.head.progress import Progress


class Delays(ServerWatch):
    """Keeps the number of each tuple, and the times between its instants.

    Attributes
    ----------
    ways
        For each tuple the seconds from place to place; the last place is this one. One host, so one clock.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ways: list[list[float]] = []

    def outputs(self, element: str, output: str, values: list[object]) -> None:
        """Take the time."""
        now = time.monotonic()
        numbers: list[object] = []
        for value in values:
            assert isinstance(value, tuple)
            number, *instants = value
            numbers.append(number)
            ends = [*instants[1:], now]
            self.ways.append([end - begin for begin, end in zip(instants, ends, strict=True)])
        # a look at the server takes as long as the head has between two outputs
        MemorySink.outputs(self, element, output, numbers)

    def progress(self, progress: Progress) -> None:
        """See `ServerWatch.progress`: here it is the only look."""
        self.look()

    def figures(self) -> dict[str, object]:
        """See `ServerWatch.figures`."""
        return {**super().figures(), "ways": self.ways}
