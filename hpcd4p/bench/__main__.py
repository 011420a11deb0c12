"""``python -m hpcd4p.bench [FIGURE ...]``: measure, print the table, keep the numbers."""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
from importlib import import_module
from pathlib import Path

from hpcd4p.bench import against as versus
from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Row
from hpcd4p.bench.peers import installed
from hpcd4p.bench.report import as_json, table, verdict
from hpcd4p.bench.trial import Launcher, TrialError
from hpcd4p.errors import Hpcd4pError

FIGURES = {
    "hops": "trivial elements: tuples per second",
    "keyed": "words counted by key: tuples per second",
    "cpu": "tasks of 5 ms of Python: speed-up",
    "sleep": "tasks that wait, 16 ranks",
    "hands": "every rank works while tasks wait: beside a pool of processes",
    "arrays": "1 MiB arrays: bytes per second",
    "floor": "one tuple, the whole program",
    "survival": "what checkpoints cost, how long they stop a rank, and how soon a death is made good",
    "live": "what it costs to tell the status of a run, and how soon `hpcd4p status` answers",
    "trace": "what `--trace` costs, and the export of a million spans",
    "order": "ordered elements behind the pool: tuples per second, latency, memory",
    "latency": "from a source's write to the sink, at 10 to 10,000 tuples a second",
    "raw": "redis-py and mpi4py alone",
    "commits": "tasks a second that one Redis carries",
    "epoch": "a checkpoint of 1,000 ranks: rank 0 and Redis",
    "bounded": "memory with 100 times the tuples",
    "waiting": "a rank with nothing to do",
    "parking": "a parked rank, and its wake-up",
    "paper": "the applications of the paper, 4 to 16 ranks",
    "simulation": "runs beside what `hpcd4p simulate` predicts",
    "autoscale": "the policies of the auto-scaler beside each other",
    "slurm": "from sbatch to the first tuple, 64 ranks on 4 nodes",
    "sweeping": "the driver of a study, for each point",
    "merge": "`collect --merge` of 500 run records beside a copy of them",
    "reporting": "`report` of a study of 500 runs: time and memory",
}

AGAINST = versus.FIGURES

IN_ROWS = ("survival",)
"""Figures of which rows can be measured by themselves."""

LONG = frozenset(
    {
        "survival",
        "live",
        "trace",
        "order",
        "simulation",
        "autoscale",
        "slurm",
        "sweeping",
        "merge",
        "reporting",
    }
)
"""Measured only if they are named: they take more than ten minutes each, or concern clusters and studies."""


def _parser() -> argparse.ArgumentParser:
    figures = "\n".join(f"  {name:<12}{what}" for name, what in FIGURES.items())
    made = argparse.ArgumentParser(
        prog="python -m hpcd4p.bench",
        description="Measure the engine, each figure beside a reference in the same run.",
        epilog=f"figures (default: all but {', '.join(sorted(LONG))}):\n{figures}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("figures", nargs="*", metavar="FIGURE")
    made.add_argument(
        "--repeats", type=int, default=5, metavar="N", help="samples of each (5); medians are shown"
    )
    made.add_argument(
        "--against",
        type=Path,
        metavar="DIR",
        help=f"only compare with the hpcd4p in DIR, a checkout of another commit ({', '.join(AGAINST)})",
    )
    made.add_argument(
        "--only",
        default="",
        metavar="WORDS",
        help=f"only rows with these words in their description ({', '.join(IN_ROWS)})",
    )
    made.add_argument("--quick", action="store_true", help="small sizes: to see that it works, not how fast")
    made.add_argument("--json", type=Path, metavar="FILE", help="write every sample")
    made.add_argument(
        "--peers", action="store_true", help="also every mapping of stream-d4py that can do the work"
    )
    made.add_argument(
        "--mpich-python",
        metavar="PATH",
        help="a Python with mpi4py for MPICH and hiredis, mpirun beside it (waiting, parking)",
    )
    return made


def main(argv: list[str]) -> int:
    """Measure and print; 0 unless a figure could not be measured. A missed target is no failure."""
    made = _parser()
    options = made.parse_args(argv)
    unknown = [name for name in options.figures if name not in FIGURES]
    if unknown:
        made.error(f"no figure {unknown[0]!r}; there are {', '.join(FIGURES)}")
    if options.against and not set(options.figures) <= set(AGAINST):
        made.error(f"--against compares {', '.join(AGAINST)}")
    if options.only and not (options.figures and set(options.figures) <= set(IN_ROWS)):
        made.error(f"--only chooses among the rows of {' and '.join(IN_ROWS)}: name one of them")
    if options.repeats < 1:
        made.error("--repeats must be 1 or more")
    try:
        launcher = Launcher()
    except Hpcd4pError as error:
        print(f"hpcd4p.bench: {error}", file=sys.stderr)
        return error.status
    bench = Bench(launcher, options.repeats, options.quick, options.peers, options.mpich_python, options.only)
    about = _about(bench)
    print(", ".join(f"{name} {value}" for name, value in about.items()), flush=True)
    names = options.figures or [n for n in (AGAINST if options.against else FIGURES) if n not in LONG]
    rows, failed = _measured(bench, names, options.against)
    print(verdict(rows, bench.wrong))
    if options.json:
        figures = as_json(rows, {**about, "wrong": bench.wrong})
        options.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 1 if failed or bench.wrong else 0


def _measured(bench: Bench, names: list[str], against: Path | None = None) -> tuple[list[Row], bool]:
    """Rows of every figure; each table is printed as soon as it is there."""
    rows: list[Row] = []
    failed = False
    for name in names:
        new: list[Row] = []
        trouble: TrialError | None = None
        try:
            # one by one: what could be measured before a failure is shown
            if against:
                new += versus.rows(bench, against, [name])
            else:
                new.extend(import_module(f"hpcd4p.bench.{name}").rows(bench))
        except TrialError as error:
            trouble, failed = error, True
        bench.say("")
        if new:
            print(f"\n{table(new)}", flush=True)
        if trouble is not None:
            print(f"\n{name} could not be measured{' further' if new else ''}: {trouble}", flush=True)
        rows += new
    print()
    return rows, failed


def _about(bench: Bench) -> dict[str, str]:
    return {
        "CPython": platform.python_version(),
        "MPI": bench.launcher.mpi.title,
        "cores": str(len(os.sched_getaffinity(0))),
        "load": f"{os.getloadavg()[0]:.1f}",
        "repeats": str(bench.repeats),
        "sizes": "quick" if bench.quick else "full",
        "others": ", ".join(installed()) or "none installed (extra `bench`)",
    }


if __name__ == "__main__":
    # a SIGTERM must end what is being measured, too: as an exception it passes every `finally`
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
