"""The status of a run whose ranks are not all there yet, and for whom the start waits. Pure."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from hpcd4p.live.causes import Kind, cause, who
from hpcd4p.live.document import STARTING, VERSION, Cause, Document, Identity, Memory, Totals
from hpcd4p.live.first_words import NOT_THERE
from hpcd4p.record.table import count, seconds

LONG_S = 10.0
"""A start of thousands of ranks, on a file system that is shared, takes some seconds."""


class StartingRank(NamedTuple):
    """A rank on the host of whoever looks."""

    rank: int
    pid: int
    state: str
    """See `processes.Stat`."""
    has_mpi: bool
    """It has loaded MPI, so it is in MPI_Init or beyond; all others wait there for those that are not."""
    waits_for: str = ""
    """In words, what its process waits for in the kernel."""


class StartSeen(NamedTuple):
    """What is seen of a start on one host."""

    host: str
    ranks: Sequence[StartingRank]
    expected: int
    """How many ranks are to be on this host; 0: nobody knows."""
    nodes: str = ""
    """Nodes of the job, as Slurm writes them; empty: there is none."""


def first_document(run: Identity, written: float | None = None) -> Document:
    """The status of a run that has not begun."""
    return Document(
        version=VERSION,
        state=STARTING,
        reason="",
        written=time.time() if written is None else written,
        every_s=0.0,
        elapsed_s=0.0,
        run=run,
        totals=Totals(0, 0, 0.0, 0.0, 0, 0, 0, 0, 0, ""),
        expected=None,
        expected_not=NOT_THERE,
        elements=[],
        elements_left_out=0,
        ranks=[],
        scaler=None,
        checkpoints=None,
        memory=Memory(None, 0, None),
    )


def start_cause(document: Document, since_s: float, seen: StartSeen | None) -> Cause:
    """For whom the start waits.

    Parameters
    ----------
    since_s
        Seconds since the start.
    seen
        None: nothing can be seen from here.
    """
    run, wrong = document.run, since_s >= LONG_S
    lasts = f"rank 0 (process {run.pid} on {run.host}) has waited for {seconds(since_s)}"
    if seen is None:
        look = "" if not run.host else f"ssh {run.host} hpcd4p explain {run.record}"
        return cause(
            Kind.START, NOT_THERE, [lasts], "look from its host, which sees processes:", look, wrong=wrong
        )
    stopped = [each for each in seen.ranks if each.state in ("T", "t")]
    late = stopped or [each for each in seen.ranks if not each.has_mpi]
    if late:
        what = "whose process is stopped" if stopped else "before MPI_Init"
        return cause(
            Kind.START,
            f"the start waits for {who([each.rank for each in late])} on {seen.host}, {what}",
            [*(_told(each) for each in late[:3]), lasts],
            "let it go on"
            if stopped
            else "it loads Python, or what stands before it. Which files it has open:",
            f"kill -CONT {late[0].pid}" if stopped else f"ls -l /proc/{late[0].pid}/fd",
            wrong=wrong or bool(stopped),
            ranks=[each.rank for each in late],
            host=seen.host,
        )
    there = {each.rank for each in seen.ranks}
    if len(there) < seen.expected:
        missing = (
            [rank for rank in range(run.ranks) if rank not in there] if seen.expected == run.ranks else []
        )
        named = who(missing) if missing else count(seen.expected - len(there), "rank")
        return cause(
            Kind.START,
            f"the start waits for {named} on {seen.host}: no such process is there",
            [f"{len(there)} of {seen.expected} ranks are on this host", lasts],
            "the launcher has not started it, or it has ended: see what it has printed. Its processes:",
            "ps -u $USER -f",
            wrong=wrong,
            ranks=missing,
            host=seen.host,
        )
    if len(there) < run.ranks:
        others = [rank for rank in range(run.ranks) if rank not in there]
        where = f" ({seen.nodes})" if seen.nodes else ""
        return cause(
            Kind.START,
            f"the start waits for {who(others)}, on other nodes{where}",
            [f"all {len(there)} ranks on {seen.host} are in MPI_Init", lasts],
            "look from each of these nodes:",
            f"srun --jobid {run.job} --overlap --ntasks-per-node 1 hpcd4p explain {run.record}"
            if run.job
            else f"hpcd4p explain {run.record}",
            wrong=wrong,
            ranks=others,
        )
    return cause(
        Kind.START,
        "all ranks are in MPI_Init, or meet",
        [lasts],
        "if it lasts, MPI cannot connect them: see which networks it may use, and what it has printed",
        "hpcd4p doctor",
        wrong=wrong,
    )


def _told(rank: StartingRank) -> str:
    waits = f", waits for {rank.waits_for}" if rank.waits_for else ""
    return f"rank {rank.rank} is process {rank.pid}, state {rank.state}{waits}"
