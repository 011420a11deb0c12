"""``hpcd4p submit``: a run as a job of Slurm."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hpcd4p.cli.options import Parser, resolved_settings, split, whole_number
from hpcd4p.cli.precheck import refusal
from hpcd4p.cli.ranks import OtherRanks
from hpcd4p.cli.words import say
from hpcd4p.errors import SettingsError
from hpcd4p.launch.batch import batch_text
from hpcd4p.launch.mpirun import package_home
from hpcd4p.plan.settings import MAX_RANKS

if TYPE_CHECKING:
    from hpcd4p.cli.until_done import UntilDone

SBATCH_S = 60.0

_TIME = re.compile(r"(\d+-)?\d+(:\d+){0,2}")

_PLAIN = {
    "partition": "of the cluster",
    "account": "to be charged",
    "qos": "quality of service",
    "constraint": "features of the nodes",
    "mem": "memory of a node, 16G",
    "cpus-per-task": "cores for each rank",
    "job-name": "(default hpcd4p)",
    "output": "file for what the job prints (default %x-%j.out)",
    "dependency": "afterok:JOB, say",
}


def command(argv: list[str], ranks: OtherRanks) -> int:
    """Give the exit status of ``hpcd4p submit ARGV``."""
    made = _parser()
    if "-h" in argv or "--help" in argv:
        say(made.format_help())
        return 0
    options = made.parse(split(argv, made.arity).own)
    words = _others(argv, made.arity)
    nodes = whole_number(options.nodes, "--nodes", 1, MAX_RANKS, 1) or 1
    each = whole_number(options.ntasks_per_node, "--ntasks-per-node", 1, MAX_RANKS, 4) or 4
    if any(word in ("-n", "--ranks") or re.match(r"-n\d|-n=|--ranks=", word) for word in words):
        raise SettingsError("submit takes no -n: the ranks are --nodes times --ntasks-per-node")
    if not _TIME.fullmatch(options.time):
        raise SettingsError(f"--time must be a limit such as 30, 1:00:00 or 2-00:00:00, not {options.time!r}")
    resources = {"nodes": str(nodes), "ntasks-per-node": str(each), "time": options.time}
    resources |= {n: v for n in _PLAIN if (v := getattr(options, n.replace("-", "_"))) is not None}
    for name, value in resources.items():
        if not value.isprintable() or '"' in value:
            raise SettingsError(
                f"--{name}: {value!r} has characters that do not fit into a line of a batch script"
            )
    if options.exclusive:
        resources["exclusive"] = ""
    if options.no_requeue:
        resources["no-requeue"] = ""
    why = refusal([f"-n={nodes * each}", *words])
    if why:
        raise SettingsError(f"nothing was submitted: {why}")

    def text(words: Sequence[str]) -> str:
        setup = [*_site(), *(options.setup or ())]
        return batch_text(sys.executable, words, resources, setup, package_home())

    def submitted(words: Sequence[str]) -> str:
        return _submit(text(words), resources)

    following = _following(submitted, words) if options.until_done else None
    if options.dry_run:
        say(text(words))
        return 0
    number = submitted(words)
    output = resources.get("output", "%x-%j.out")
    output = output.replace("%x", resources.get("job-name", "hpcd4p")).replace("%j", number)
    say(f"Job {number}: {nodes * each} ranks on {nodes} nodes; output: {output}, record: results/")
    say(f"Look: squeue -j {number}   Stop it in order: scancel {number}")
    return following.follow(number) if following is not None else 0


def _following(submitted: Callable[[Sequence[str]], str], words: list[str]) -> UntilDone:
    from hpcd4p.cli import run
    from hpcd4p.cli.until_done import UntilDone

    made = run.parser(explain=False)
    parts = split(words, made.arity)
    return UntilDone(submitted, words, resolved_settings(made.parse(parts.own), parts.workflow))


def _site() -> list[str]:
    """The shell line that takes in what the site needs: of the checkout, or written here by `hpcd4p init`."""
    site = Path(package_home() or Path.cwd(), "slurm", "site.env")
    return [f". {shlex.quote(str(site))}"] if site.is_file() else []


def _parser() -> Parser:
    made = Parser(
        prog="hpcd4p submit", usage="hpcd4p submit [options] WORKFLOW [options of run and of the workflow]",
        description="Run a workflow as a job of Slurm; what `sbatch slurm/run.sh` does, without a script.",
    )  # fmt: skip
    made.add_argument("--nodes", metavar="N", help="(default 1)")
    made.add_argument("--ntasks-per-node", metavar="N", help="ranks of a node (default 4)")
    made.add_argument("--time", metavar="LIMIT", default="1:00:00", help="(default 1:00:00)")
    for name, text in _PLAIN.items():
        made.add_argument(f"--{name}", metavar="TEXT", help=text)
    made.add_argument("--exclusive", action="store_true", help="no other job on the nodes")
    made.add_argument(
        "--no-requeue", action="store_true",
        help="a job that ends with checkpoints (--checkpoint) before its work is done does not come back",
    )  # fmt: skip
    made.add_argument(
        "--until-done", action="store_true",
        help="wait, and submit the rest as another job until the run is done; the status is the run's",
    )  # fmt: skip
    made.add_argument(
        "--setup", metavar="LINE", action="append", help="a shell line before the run; repeatable"
    )
    made.add_argument("--dry-run", action="store_true", help="print the batch text")
    return made


def _others(argv: list[str], arity: dict[str, int]) -> list[str]:
    """The words that are not of submit itself, in their order; all after ``--`` are the workflow's."""
    others: list[str] = []
    words = iter(argv)
    for word in words:
        name, equals, _ = word.partition("=")
        if word == "--":
            return [*others, word, *words]
        if name not in arity:
            others.append(word)
        elif arity[name] and not equals:
            next(words, None)
    return others


def _submit(text: str, resources: Mapping[str, str]) -> str:
    if shutil.which("sbatch") is None:
        raise SettingsError(
            "there is no sbatch on PATH: submit from a login node, or look at the text with --dry-run"
        )
    try:
        done = subprocess.run(
            ["sbatch", "--parsable"],
            input=text,
            capture_output=True,
            text=True,
            timeout=SBATCH_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SettingsError(
            f"sbatch gave no answer within {SBATCH_S:.0f} s; was it taken? Look with squeue"
        ) from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        said = " ".join(line.removeprefix("sbatch: error: ") for line in lines) or f"status {done.returncode}"
        raise SettingsError(f"Slurm does not take the job: {said}; sinfo shows partitions and nodes")
    return done.stdout.strip().partition(";")[0]
