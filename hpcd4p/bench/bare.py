"""The bare parts, each in a process of its own: ``python -m hpcd4p.bench.bare FUNCTION ARGUMENTS``.

Prints one line of JSON: name → number. It does not use the engine, which is compared with it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

BATCH = 4096
"""Tuples that the loop handles at a time: as many as the engine does."""

ON_THE_WAY = 36
"""Arrays of 1 MiB: two senders with two transactions of nine each, as in *arrays* on 4 ranks."""

_GIB = 1 << 30


def loop(calls: str) -> dict[str, float]:
    """Tuples per second of a Python loop, batch by batch, through the five elements of *hops*."""
    from hpcd4p.bench.workloads import Count, Increment, Numbers

    source, steps, sink = Numbers(), [Increment() for _ in range(3)], Count()
    most = int(calls)
    began = time.perf_counter()
    call, count = source._process, sink._process
    for start in range(0, most, BATCH):
        batch = [call({}) for _ in range(min(BATCH, most - start))]
        for step in steps:
            add = step._process
            batch = [add(item) for item in batch]
        for item in batch:
            count(item)
    return {"rate": most / (time.perf_counter() - began)}


def send(calls: str, add: str) -> dict[str, float]:
    """Bytes per second of 1 MiB sends from rank 1 to rank 0; with `add`, scaled there and added here."""
    import numpy as np
    from mpi4py import MPI

    from hpcd4p.bench.array_workloads import BLOCK, STATIONS

    comm, most, work = MPI.COMM_WORLD, int(calls), int(add)
    block, into = np.ones(BLOCK), np.empty(BLOCK)
    sums = [np.zeros(BLOCK) for _ in range(STATIONS)]
    comm.Barrier()
    began = time.perf_counter()
    for index in range(most):
        if comm.rank:
            comm.Send(block * 2.0 if work else block, 0)
        else:
            comm.Recv(into, 1)
            if work:
                sums[index % STATIONS] += into
    comm.Barrier()
    return {"rate": most * block.nbytes / (time.perf_counter() - began)}


def stream(calls: str) -> dict[str, float]:
    """Bytes per second of the same sends with as many arrays on their way as a stream has.

    Rank 1 does not wait for its last sends, and what rank 0 receives is kept for a while, as it is when it
    waits to be worked on: `ON_THE_WAY` arrays do not fit into a cache that one array fits into.
    """
    import numpy as np
    from mpi4py import MPI

    from hpcd4p.bench.array_workloads import BLOCK

    comm, most = MPI.COMM_WORLD, int(calls)
    block = np.ones(BLOCK)
    rooms = [np.zeros(BLOCK) for _ in range(ON_THE_WAY)]
    requests: list[Any] = []
    comm.Barrier()
    began = time.perf_counter()
    for index in range(most):
        if len(requests) == ON_THE_WAY // 2:
            requests.pop(0).Wait()
        requests.append(comm.Issend(block, 0) if comm.rank else comm.Irecv(rooms[index % ON_THE_WAY], 1))
    MPI.Request.Waitall(requests)
    comm.Barrier()
    return {"rate": most * block.nbytes / (time.perf_counter() - began)}


def processes(calls: str, number: str) -> dict[str, float]:
    """Seconds that a multiprocessing.Pool of `number` processes needs for the naps of *hands*."""
    from multiprocessing import Pool

    from hpcd4p.bench.workloads import naps_s

    naps = [naps_s(item)[0] for item in range(1, int(calls) + 1)]
    with Pool(int(number)) as pool:
        pool.map(time.sleep, [0.02] * int(number), chunksize=1)
        began = time.perf_counter()
        list(pool.imap_unordered(time.sleep, naps))
        return {"seconds": time.perf_counter() - began}


def messages() -> dict[str, float]:
    """mpi4py between two ranks: small pickled messages, and 1 MiB as a buffer and pickled."""
    import numpy as np
    from mpi4py import MPI

    comm = MPI.COMM_WORLD
    block, into = np.ones(1 << 17), np.empty(1 << 17)

    def pickled(message: Any) -> Callable[[], object]:
        return (lambda: comm.send(message, 0)) if comm.rank else (lambda: comm.recv(source=1))

    def buffer() -> None:
        if comm.rank:
            comm.Send(block, 0)
        else:
            comm.Recv(into, 1)

    def rate(step: Callable[[], object], times: int) -> float:
        comm.Barrier()
        began = time.perf_counter()
        for _ in range(times):
            step()
        comm.Barrier()
        return times / (time.perf_counter() - began)

    item = ("word", 1)
    return {
        "small": rate(pickled(item), 100_000),
        "small64": 64 * rate(pickled([item] * 64), 20_000),
        "buffer": rate(buffer, 2000) * block.nbytes / _GIB,
        "pickled": rate(pickled(block), 500) * block.nbytes / _GIB,
    }


def redis() -> dict[str, float]:
    """redis-py against a server of its own."""
    from hpcd4p.bench.bare_redis import abilities

    return abilities()


def main(argv: list[str]) -> int:
    """Call the function named first with the other words; rank 0 prints what it gives."""
    from hpcd4p.launch.place import launched_rank

    answer = {
        "loop": loop,
        "send": send,
        "stream": stream,
        "messages": messages,
        "redis": redis,
        "processes": processes,
    }[argv[0]](*argv[1:])  # type: ignore[operator]
    if launched_rank() == 0:
        print(json.dumps(answer), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
