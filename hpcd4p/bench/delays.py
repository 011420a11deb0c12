"""The sink of *latency*: tuples carry the instants at which they were somewhere, and here comes the last."""

from __future__ import annotations

import time

from hpcd4p.bench.server import ServerWatch


class Delays(ServerWatch):
    """Keeps the number of each tuple, and how long its ways took.

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
        super().outputs(element, output, numbers)

    def told(self) -> dict[str, object]:
        """See `ServerWatch.told`."""
        return {**super().told(), "ways": self.ways}
