"""*slurm*: from sbatch to the first tuple, against a bare mpi4py on as many nodes of the same cluster.

Wherever sbatch is; ``tests/slurm/local-cluster.sh up`` makes a cluster of pretended nodes on one machine.
"""

from __future__ import annotations

import shlex
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path

from hpcd4p.bench import one
from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Row, Target, pairs
from hpcd4p.bench.trial import TrialError
from hpcd4p.launch.batch import batch_text
from hpcd4p.launch.mpi_program import OPEN_MPI, environment
from hpcd4p.launch.mpirun import package_home
from hpcd4p.study.running.squeue import ask

TIMES = 1.5

NODES, RANKS_OF_NODE = 4, 16
RANKS = NODES * RANKS_OF_NODE

RESOURCES = {"nodes": str(NODES), "ntasks-per-node": str(RANKS_OF_NODE), "time": "10", "signal": "B:USR1@60"}

DEADLINE_S = 900.0
"""For a job, its time in the queue included."""


def rows(bench: Bench) -> list[Row]:
    """Jobs in turns: since they were submitted, and since their batch script began."""
    with tempfile.TemporaryDirectory(prefix="hpcd4p-bench-", dir=".") as folder:
        ours = partial(_job, bench, Path(folder), _ours(bench, folder))
        bare = partial(_job, bench, Path(folder), _bare(bench))
        jobs = pairs(ours, {"bare": bare}, bench.repeats)["bare"]
    name, target = "last hello of bare mpi4py", Target(TIMES, at_least=False)
    what = f"first tuple, {RANKS} ranks on {NODES} nodes, since"
    return [
        Row(
            "slurm",
            f"{what} {since}",
            "s",
            [j[i] for j in jobs.ours],
            name,
            [j[i] for j in jobs.other],
            target,
        )
        for i, since in enumerate(("sbatch", "the job began"))
    ]


def _ours(bench: Bench, folder: str) -> str:
    words = ["--results", folder, "hpcd4p.bench.one"]
    return batch_text(bench.launcher.python, words, RESOURCES, [_STAMP], package_home())


def _bare(bench: Bench) -> str:
    mpi = bench.launcher.mpi
    line = [str(mpi.path), "-n", str(RANKS)]
    if mpi.kind == OPEN_MPI:
        line += ["--oversubscribe", "--bind-to", "none"]
    head = [f"#SBATCH --{name}={value}" for name, value in RESOURCES.items()]
    variables = [f"export {name}={shlex.quote(value)}" for name, value in environment(mpi, {}).items()]
    program = shlex.join([*line, bench.launcher.python, "-c", one.BARE])
    return "\n".join(["#!/bin/bash", *head, _STAMP, *variables, program, ""])


_BEGAN = "job began at "
_STAMP = f"echo {shlex.quote(_BEGAN)}$(date +%s.%N)"


def _job(bench: Bench, folder: Path, batch: str) -> tuple[float, float]:
    """Seconds from sbatch, and from the start of the job, to what it was to say."""
    bench.say("a job of Slurm")
    path = folder / "job.out"
    path.unlink(missing_ok=True)
    submitted = time.time()
    try:
        done = subprocess.run(
            ["sbatch", "--parsable", f"--output={path}"], input=batch, capture_output=True, text=True,
            timeout=60, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", "") or str(error)
        raise TrialError(f"sbatch does not take the job: {said.strip()}") from None
    number = done.stdout.strip().partition(";")[0]
    _wait(number)
    text = path.read_text(errors="replace") if path.exists() else ""
    at, start = one.latest(text), text.partition(_BEGAN)[2].split()
    if at is None or not start:
        raise TrialError(f"job {number} did not say when it was there:\n{text[-2000:]}")
    return at - submitted, at - float(start[0])


def _wait(number: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        jobs = ask()
        if jobs is not None and (number not in jobs or jobs[number].ended):
            return
        time.sleep(0.5)
    subprocess.run(["scancel", number], capture_output=True, check=False, timeout=60)
    raise TrialError(f"job {number} has not ended after {DEADLINE_S:.0f} s")
