"""*bounded*: a hundred times as many tuples, in the same memory."""

from __future__ import annotations

from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Of, Row, Target

GROWTH_MB = 100.0
REDIS_MB = 128.0
FEW = 100_000


def rows(bench: Bench) -> list[Row]:
    """Peak memory of the largest rank, and of Redis. Measured once: it takes long, and does not vary."""
    many = bench.size(10_000_000, 1_000_000)
    small = bench.run("keyed", FEW, 4)
    large = bench.run("keyed", many, 4)
    before, after = _peaks(small.summary), _peaks(large.summary)
    worst = max(after, key=lambda rank: after[rank] - before.get(rank, 0.0))
    return [
        Row(
            "bounded", f"{many:,} tuples of keyed, rank {worst}", "MB", [after[worst]], f"{FEW:,} tuples",
            [before[worst]], Target(GROWTH_MB, at_least=False, of=Of.DIFFERENCE),
        ),
        Row(
            "bounded", f"{many:,} tuples of keyed, Redis", "MB", [large.redis_peak_bytes / 1e6],
            target=Target(REDIS_MB, at_least=False, of=Of.VALUE),
        ),
    ]  # fmt: skip


def _peaks(summary: dict[str, list[dict[str, float]]]) -> dict[int, float]:
    return {int(f["rank"]): f["peak_rss_bytes"] / 1e6 for f in summary["ranks_figures"]}
