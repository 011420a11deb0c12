"""*epoch*: what a checkpoint costs rank 0 and Redis, apart from the contents of its files.

The ranks are played by this process, one after the other: their own cost is that of `survival`.
"""

from __future__ import annotations

import os
import pickle
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Row
from hpcd4p.bench.processes import run_seconds
from hpcd4p.checkpoint.epochs import path as epoch_path
from hpcd4p.checkpoint.folder import Folder
from hpcd4p.checkpoint.sealed import Sealed, SealedWriter
from hpcd4p.launch.redis_server import start_redis
from hpcd4p.runtime.rank.forked_saver import file_name
from hpcd4p.transport.redis_broker import RedisBroker
from hpcd4p.transport.redis_scripts import load_scripts
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.cut_reports import AtCut, Saved
from hpcd4p.wire.messages import Commit, Publication, Snapshot
from hpcd4p.wire.orders import Cut, Fix
from hpcd4p.wire.reports import seal, unseal

RUN = "bench"

ELEMENTS = (0, 1)

SIZES = ((64, 16, 1_000), (1_000, 250, 16_000))
"""Ranks, those of them that hold partitions, tasks that wait or are leased."""

PAYLOAD = 1_000
"""Bytes of a task."""

PARTITIONS = 40
"""Of each rank that holds any."""

AT_ONCE = 100


class _Head:
    """Rank 0's seconds of a core, by what it does."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    @contextmanager
    def does(self, what: str) -> Iterator[None]:
        """Count what is done within it."""
        began = time.process_time()
        yield
        self.spent[what] = self.spent.get(what, 0.0) + time.process_time() - began


def rows(bench: Bench) -> list[Row]:
    """Milliseconds of rank 0's core and of the server's for one checkpoint."""
    table = []
    for ranks, holders, tasks in SIZES[: bench.size(2, 1)]:
        bench.say(f"epoch: {ranks} ranks, {holders} with state")
        samples = [measure(ranks, holders, tasks) for _ in range(bench.repeats)]
        what = f"{ranks:,} ranks, {holders * PARTITIONS:,} partitions on {holders}, {tasks:,} tasks"
        table += [
            Row("epoch", f"{what}: {name}", "s", [each[name] for each in samples]) for name in samples[0]
        ]
    return table


def measure(ranks: int, holders: int, tasks: int) -> dict[str, float]:
    """Seconds of a core, by what is done."""
    codec, head = Codec(secrets.token_bytes(32)), _Head()
    with start_redis(secrets.token_hex(16)) as server, tempfile.TemporaryDirectory() as name:
        shas = load_scripts(server.endpoint, RUN, ELEMENTS, False, ranks)

        def broker(rank: int) -> RedisBroker:
            return RedisBroker(server.endpoint, RUN, rank, shas, ELEMENTS, (0, 0), 4, False, ranks)

        own = broker(0)
        _fill(own, tasks)
        for rank in range(1, ranks):
            other = broker(rank)
            other.step(Commit(1))
            other.close()
        began_s = run_seconds(server.pid)
        snapshot = _cut(head, own, broker, codec, holders)
        server_s = run_seconds(server.pid) - began_s
        with head.does("rank 0 keeps what it holds"):
            pickle.dumps(snapshot, protocol=5)
        _complete(head, Path(name) / "kept", holders)
        own.close()
    return {**head.spent, "rank 0 in all": sum(head.spent.values()), "the server": server_s}


def _fill(own: RedisBroker, tasks: int) -> None:
    payload = os.urandom(PAYLOAD // 2).hex().encode()
    for tx, start in enumerate(range(0, tasks, AT_ONCE), 1):
        commit = Commit(tx)
        commit.publish = [Publication(0, 1, payload) for _ in range(min(AT_ONCE, tasks - start))]
        commit.counts = {0: len(commit.publish)}
        own.step(commit)


def _cut(
    head: _Head, own: RedisBroker, broker: Callable[[int], RedisBroker], codec: Codec, holders: int
) -> Snapshot:
    """The orders, the reports, and the reading of all that is not done."""
    state = list(range(1, holders + 1))

    def hear(*reports: AtCut | Saved) -> None:
        for report in reports:
            other = broker(report.rank)
            other.step(Commit())  # takes its order
            other.report(seal(codec, report))
            other.close()
        with head.does("rank 0 hears the reports"):
            for sealed in own.observe(alive=False).reports:
                unseal(codec, sealed)

    with head.does("rank 0 gives the orders"):
        own.order(state, Cut(1, 0))
    hear(*(AtCut(rank, 1) for rank in state))
    with head.does("rank 0 reads all that is not done"):
        snapshot = own.snapshot()
    with head.does("rank 0 gives the orders"):
        committed = [snapshot.committed.get(r, 0) for r in range(max(snapshot.committed, default=0) + 1)]
        own.order(state, Fix(1, *committed))
    hear(*(Saved(rank, 1, 1000, "0" * 64) for rank in state))
    return snapshot


def _complete(head: _Head, path: Path, holders: int) -> None:
    folder = Folder.create(path, {})
    part = folder.begin(1)
    files: dict[str, tuple[int, str]] = {}
    for rank in range(1, holders + 1):
        with SealedWriter(part / file_name(rank), folder.key, 1) as file:
            file.write(bytes(1000))
        sealed = file.sealed
        assert isinstance(sealed, Sealed)
        files[file_name(rank)] = sealed.size, sealed.digest
    with head.does("rank 0's thread completes it"):
        folder.complete(1, {"files": files})
    assert epoch_path(path, 1).exists()
