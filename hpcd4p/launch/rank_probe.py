"""Starts three ranks, one of which kills itself, to see how many come up and how many survive."""

from __future__ import annotations

import os
import re
import sys
import time
from typing import NamedTuple

from hpcd4p.launch.mpi_program import Mpi, command, environment, has_several_nodes
from hpcd4p.launch.trial import attempt

RANKS = 3

DEADLINE_S = 60.0
"""Three ranks are up in 0.2 s; the first start of an MPI on a cold shared file system takes many."""

# Whoever is up waits until the killed one has been noticed: Open MPI without recovery takes 0.25 s.
# No MPI_Finalize: it would wait for the lost one.
_RANK = """
import os, signal, sys, time
from mpi4py import MPI
world = MPI.COMM_WORLD
rank = int(os.environ.get("OMPI_COMM_WORLD_RANK", os.environ.get("PMI_RANK", world.rank)))
library = MPI.Get_library_version().split(chr(10))[0].split(",")[0].strip(chr(0) + " ")
def say(word):
    os.write(1, f"hpcd4p-probe {word} {rank} {world.size} {time.time():.3f} {library}\\n".encode())
say("up")
time.sleep(0.3)
if rank == 1:
    os.kill(os.getpid(), signal.SIGKILL)
time.sleep(1.2)
say("alive")
os._exit(0)
"""

_LINE = re.compile(r"hpcd4p-probe (up|alive) (\d+) (\d+) ([\d.]+) ?([^\n]*)")


class Probe(NamedTuple):
    """What the ranks have printed."""

    ranks: int
    started: int
    sizes: set[int]
    """Sizes of the world as each rank sees it: one number, if all is well."""
    library: str
    survivors: int
    up_s: float
    """From the start of the launcher until the last rank was up."""
    said: str
    """The launcher's own words, shortened."""


def probe_ranks(mpi: Mpi) -> Probe:
    """Start `RANKS` ranks with `mpi`, of which one kills itself. Takes about 2 s."""
    environ = environment(mpi, os.environ)
    program = [sys.executable, "-c", _RANK]
    line = command(mpi, RANKS, program, has_several_nodes(os.environ), environ=environ)
    before = time.time()
    trial = attempt(line, DEADLINE_S, environ)
    return read_probe(trial.text, before)


def read_probe(text: str, before: float) -> Probe:
    """The result in `text`, the output of all ranks and the launcher; `before` is the time of the start."""
    up: dict[int, tuple[int, float, str]] = {}
    alive = set()
    for word, rank, size, at, library in _LINE.findall(text):
        if word == "up":
            up[int(rank)] = (int(size), float(at), library)
        else:
            alive.add(int(rank))
    rest = " ".join(_LINE.sub("", text).split())
    return Probe(
        ranks=RANKS,
        started=len(up),
        sizes={size for size, _, _ in up.values()},
        library=next((library for _, _, library in up.values()), ""),
        survivors=len(alive - {1}),
        up_s=max((at for _, at, _ in up.values()), default=before) - before,
        said=rest[-300:],
    )
