"""Kill a rank at a random moment of its start, again and again, and see that everybody ends in time.

    python -m tests.e2e.start_kills --times 100    # plain mpirun --enable-recovery, plain srun:
    python -m tests.e2e.start_kills --times 100 --ranks 8 --srun "--mpi=pmix -N4 --ntasks-per-node=2"

Each line: which rank was killed, when, the status, the time from the kill to the end, and what was said.
A run must end within 10 s of the kill, with at most one message of hpcd4p, and leave no process.
A kill may come when the run is at work already: then a rank of the pool costs nothing, as ever. Nobody can
tell of a node's only rank that it was killed in its first 50 ms, so give each node two.
"""

from __future__ import annotations

import argparse
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hpcd4p.launch.mpi_program import command, environment, find_mpi
from tests.e2e.conftest import clean_environment
from tests.e2e.processes import environ_of, oldest_first, processes

ENDS_S = 10.0
"""From the kill to the end of every process, on a machine that nobody else uses."""

UP_S = 60.0
"""Until the process of the rank that is to be killed is there."""

WORKFLOW = Path(__file__).parent / "workflows" / "load.py"

NUMBERS = (b"OMPI_COMM_WORLD_RANK=", b"SLURM_PROCID=")


def main() -> int:
    """Give the status: 1 if a run did not end as it must."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--ranks", type=int, default=4)
    parser.add_argument("--within", type=float, default=0.5, help="seconds from the first sight of the rank")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--srun", metavar="OPTIONS", help="start them with srun and these options")
    given = parser.parse_args()
    wrong = 0
    for number in range(given.times):
        rank, moment = victim(given.seed * 1_000_003 + number, given.ranks, given.within)
        words = by_mpirun(given.ranks) if given.srun is None else by_srun(given.ranks, given.srun.split())
        said, fine = trial(words, rank, moment)
        wrong += not fine
        print(
            f"{number + 1:>4} {'ok   ' if fine else 'WRONG'} rank {rank} at {moment:.3f} s: {said}",
            flush=True,
        )
    print(f"{given.times - wrong} of {given.times} ended as they must")
    return int(wrong > 0)


def victim(seed: int, ranks: int, within: float) -> tuple[int, float]:
    """Give which rank is to be killed, and when."""
    chance = random.Random(seed)
    return chance.randrange(ranks), chance.uniform(0, within)


def by_mpirun(ranks: int) -> list[str]:
    """Give what a user types who starts the ranks alone."""
    return command(find_mpi(), ranks, program(sys.executable))


def by_srun(ranks: int, options: list[str], python: str = sys.executable) -> list[str]:
    """Give the same in a job of Slurm."""
    return ["srun", f"-n{ranks}", *options, *program(python)]


def program(python: str) -> list[str]:
    return [python, "-m", "hpcd4p", "run", str(WORKFLOW), "-i", "200", "--no-record"]


def trial(words: list[str], rank: int, moment: float, ends_s: float = ENDS_S) -> tuple[str, bool]:
    """Start, kill `rank` so long after it is seen, and wait: what happened, and whether it may."""
    mark = secrets.token_hex(8)
    environ = clean_environment() | {k: v for k, v in os.environ.items() if k.startswith("SLURM_")}
    environ = environment(find_mpi(), environ, str(WORKFLOW.parents[3])) | {"E2E_MARK": mark}
    folder = tempfile.mkdtemp(prefix="start-kills-")
    with open(f"{folder}/err", "wb") as err:
        process = subprocess.Popen(
            words, env=environ, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err,
            process_group=0,
        )  # fmt: skip
    try:
        pid = seen(mark, rank)
        time.sleep(moment)
        os.kill(pid, signal.SIGKILL)
        began = time.monotonic()
        ended = wait(process, mark, began + ends_s)
        took = time.monotonic() - began
        text = Path(f"{folder}/err").read_text(errors="replace")
    finally:
        for left in marked(mark):
            os.kill(left, signal.SIGKILL)
        process.wait(UP_S)
        shutil.rmtree(folder)
    told = [words for words in text.splitlines() if words.startswith("hpcd4p: ")]
    by_mpi = "the words of MPI" if text.strip() else "nothing said"
    said = f"status {process.returncode}, {took:.1f} s, {' | '.join(told)[:100] or by_mpi}"
    silent = process.returncode != 0 and not text.strip()
    fine = ended and not silent and len(told) <= 1 and "Traceback" not in text
    return said if fine else f"{said}\n{text}", fine


def seen(mark: str, rank: int) -> int:
    """Wait for the process of that rank."""
    end = time.monotonic() + UP_S
    while time.monotonic() < end:
        for pid in marked(mark):
            if any(name + str(rank).encode() in environ_of(pid).split(b"\0") for name in NUMBERS):
                return pid
        time.sleep(0.001)
    raise SystemExit(f"rank {rank} did not come up within {UP_S:.0f} s")


def marked(mark: str) -> list[int]:
    """Processes of the run, oldest first."""
    word = f"E2E_MARK={mark}".encode()
    return oldest_first(pid for pid in processes() if word in environ_of(pid))


def wait(process: subprocess.Popen[bytes], mark: str, deadline: float) -> bool:
    """Whether the launcher and all that it started are gone in time."""
    while time.monotonic() < deadline:
        if process.poll() is not None and not marked(mark):
            return True
        time.sleep(0.02)
    return False


if __name__ == "__main__":
    sys.exit(main())
