"""How times of tuples are spread, as they stand in a record. Data, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hpcd4p.histogram import Histogram

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass
class Times:
    """Times of tuples, in seconds; a quantile is off by 1/32 of itself at most.

    `buckets` has pairs: the number of a bucket (see `hpcd4p.histogram.lower_edge`), and the tuples in it.
    """

    tuples: int = 0
    mean_s: float = 0.0
    p50_s: float = 0.0  # half of them took so long at most
    p95_s: float = 0.0  # 95 of 100
    p99_s: float = 0.0  # 99 of 100
    buckets: list[list[int]] = field(default_factory=list)

    @classmethod
    def of(cls, histogram: Histogram) -> Times:
        """Those that a histogram has counted."""
        p50, p95, p99 = (histogram.quantile(part) for part in (0.5, 0.95, 0.99))
        pairs = [list(pair) for pair in histogram.pairs()]
        return cls(histogram.tuples, histogram.mean, p50, p95, p99, pairs)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Times:
        """Inverse of `dataclasses.asdict`."""
        return cls.of(Histogram((int(bucket), int(tuples)) for bucket, tuples in data["buckets"]))

    @property
    def histogram(self) -> Histogram:
        """The same as a histogram."""
        return Histogram((bucket, tuples) for bucket, tuples in self.buckets)
