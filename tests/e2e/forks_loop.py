"""Elements that have other processes work for them, again and again: ``python -m tests.e2e.forks_loop``.

Each way (multiprocessing.Pool, os.fork, ...) in each place (a source, the pool, a stateful element), on 4
ranks and in one process, 50 times each, or as often as ``--times`` says. A run must be over in time, with the
right answer, status 0 and nothing on the standard error. ``--python .venv/mpich/bin/python``: on another MPI.
`test_forks.py` does some of it once.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.e2e.conftest import clean_environment

WORKFLOW = Path(__file__).parent / "workflows" / "forks.py"
WAYS = ("pool", "executor", "subprocess", "fork", "joblib", "loky")
PLACES = ("source", "stateless", "stateful")
TUPLES = 6
EXPECTED = [sum(2 * i for i in range(n)) for n in range(1, TUPLES + 1)]
DEADLINE_S = 180.0


def fault(python: str, way: str, where: str, ranks: int, *words: str) -> str:
    """What was wrong with one run; nothing if nothing was."""
    with tempfile.TemporaryDirectory(prefix="forks-") as folder:
        start = ["-n", str(ranks)] if ranks > 1 else []
        line = [python, "-m", "hpcd4p", "run", *start, "-i", str(TUPLES), *words, str(WORKFLOW)]
        process = subprocess.Popen(
            [*line, "--way", way, "--where", where],
            cwd=folder, env=clean_environment() | {"PYTHONPATH": str(Path(__file__).parents[2])},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            process_group=0,
        )  # fmt: skip
        try:
            out, err = process.communicate(timeout=DEADLINE_S)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGTERM)  # the launcher ends its ranks
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
            return f"not over after {DEADLINE_S:.0f} s"
        if process.returncode or err:
            return f"status {process.returncode}: {err or out}"
        (record,) = Path(folder, "results").glob("*.h5")
        shown = subprocess.run(
            [python, "-m", "hpcd4p", "show", "--json", record], capture_output=True, check=True
        )
        values = json.loads(shown.stdout)["outputs"]["Stateful2.output"]["values"]
        return "" if sorted(values) == EXPECTED else f"the answer is {values}, not {EXPECTED}"


def main() -> int:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    made.add_argument("--times", type=int, default=50)
    made.add_argument("--python", default=sys.executable)
    made.add_argument("--way", nargs="*", choices=WAYS, default=WAYS)
    made.add_argument("--where", nargs="*", choices=PLACES, default=PLACES)
    made.add_argument("--ranks", nargs="*", type=int, default=[1, 4])
    given = made.parse_args()
    failed = 0
    for ranks in given.ranks:
        for where in given.where:
            for way in given.way:
                faults = Counter(fault(given.python, way, where, ranks) for _ in range(given.times))
                clean = faults.pop("", 0)
                print(f"{ranks} ranks, {where:<10}{way:<11}{clean} of {given.times} clean", flush=True)
                for text, count in faults.items():
                    print(f"  {count} times {text}", flush=True)
                failed += given.times - clean
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
