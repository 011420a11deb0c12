"""What a run has too little of: memory, cores, time beside checkpoints. Each function sees it. Pure."""

from __future__ import annotations

from math import ceil

from hpcd4p.live.causes import Kind, again, cause
from hpcd4p.live.document import Cause, Document
from hpcd4p.live.facts import RunFacts
from hpcd4p.record.table import count, percent, rate, seconds, size

QUEUED = 0.15
"""Part of their working time in which ranks wait for a core, above which cores are short: see
`record.phases.CORES`, which says it of a run that is over."""

FULL = 0.7
"""Part of a mark: above it, what waits swings around it."""

HELD = 0.5
"""Part of the looks at which a source waits."""

OWN = 0.3
"""Part of the cores that ranks use: with less, others use the rest of them."""

COST = 0.1
"""Part of the time for checkpoints; the default is to stay below 0.02."""

MOST_HIGH_BYTES = 1 << 26
"""See `EngineSettings.high_bytes`."""


def memory(document: Document, facts: RunFacts) -> Cause | None:
    """As many bytes wait as may, so that sources wait; or what is shared has no room."""
    backlog, held = facts.backlog, [s for s in facts.sources if s.held_back >= HELD]
    redis, most = document.memory.redis_bytes, facts.redis_most_bytes
    if redis is not None and most and redis > FULL * most:
        return cause(
            Kind.MEMORY,
            "Redis is nearly full",
            [f"{size(redis)} of the {size(most)} that it may use"],
            "have less wait in it",
            again(document, f"--high-bytes {max(1 << 20, backlog.most_bytes // 2)}"),
            host=document.run.host,
        )
    if held and backlog.bytes > FULL * backlog.most_bytes and backlog.tasks < FULL * backlog.most_tasks:
        can_more = backlog.most_bytes * 2 <= MOST_HIGH_BYTES
        return cause(
            Kind.MEMORY,
            f"the source {held[0].element} waits: as many bytes wait for the pool as may",
            [
                f"{size(backlog.bytes)} wait in {count(backlog.tasks, 'task')}, and sources wait above "
                f"{size(backlog.most_bytes)} (--high-bytes)",
                f"it had to wait at {percent(held[0].held_back)} of the looks lately",
                f"{document.totals.busy} of {document.totals.pool} ranks of the pool are busy",
            ],
            "let more wait, if there is memory for it; if the pool is busy all the time, it needs more ranks"
            if can_more
            else "no more may wait: more ranks for the pool, or smaller tuples",
            again(
                document,
                f"--high-bytes {backlog.most_bytes * 2}" if can_more else f"-n {document.run.ranks + 1}",
            ),
            element=held[0].element,
            ranks=[0],
            host=document.run.host,
        )
    if backlog.detour <= 0:
        return None
    return cause(
        Kind.MEMORY,
        "large arrays find no room in shared memory, and go through Redis",
        [f"{rate(round(backlog.detour), 1.0)}B/s lately"],
        "make room in /dev/shm. What is in it:",
        "df -h /dev/shm",
    )


def checkpoints(document: Document, facts: RunFacts) -> Cause | None:
    """They take much of the time."""
    kept = document.checkpoints
    if kept is None or kept.cost_share < COST:
        return None
    every_s = ceil(50 * kept.cost_s / max(1, kept.made + kept.given_up))
    return cause(
        Kind.CHECKPOINT,
        f"checkpoints take {percent(kept.cost_share)} of the time",
        [
            f"{kept.made} made, {kept.given_up} given up, {seconds(kept.cost_s)} in all",
            f"the last one has {size(kept.bytes)}, and took {seconds(kept.written_s)} to write",
        ],
        "make fewer: so seldom that they take 2 %",
        again(document, f"--checkpoint {every_s}"),
    )


def cores(document: Document, facts: RunFacts) -> Cause | None:
    """Ranks are ready to work, and wait for a core."""
    node = facts.cores
    if node.queued < QUEUED:
        return None
    ours = node.ranks > node.cores and node.used > OWN * node.cores
    on = "" if not document.run.host else f" on {document.run.host}"
    if ours:
        what = f"{count(node.ranks, 'rank')} share {count(node.cores, 'core')}{on}"
        advice = "more ranks than cores do not work more: as many as there are, or more cores"
        to_type = again(document, f"-n {max(1, node.cores)}")
    else:
        what = f"others use the {count(node.cores, 'core')}{on}, too"
        advice = "have the node for the run alone. Who uses it:"
        to_type = "hpcd4p submit --exclusive" if document.run.job else "top -b -n 1"
    return cause(
        Kind.CORES,
        f"ranks wait for a core: {what}",
        [
            f"for {percent(node.queued)} of their working time, lately, ranks were ready and had no core",
            f"they used {node.used:.1f} of {count(node.cores, 'core')}; {count(node.ranks, 'rank')} here, "
            f"the load of the node is {node.load:.1f}",
        ],
        advice,
        to_type,
        host=document.run.host,
    )
