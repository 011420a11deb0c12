"""``hpcd4p doctor``: what this machine has and lacks, what to do about it, and what killed runs left."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from hpcd4p.cli.options import Parser
from hpcd4p.cli.ranks import OtherRanks
from hpcd4p.cli.words import say

if TYPE_CHECKING:
    import argparse

_CLEAN = """only remove what runs of yours that were killed have left on this node and that belongs to no
living process: unfinished records, their status, folders of their Redis, shared memory and sessions of MPI,
keys on the Redis of --redis-url"""


def command(argv: list[str], ranks: OtherRanks) -> int:
    """Give the exit status of ``hpcd4p doctor ARGV``: 1 if something is lacking, or could not be removed."""
    made = Parser(prog="hpcd4p doctor", description="Check MPI, Redis, h5py, Slurm and say what to do.")
    made.add_argument("--json", action="store_true", help="for programs")
    made.add_argument("--clean", action="store_true", help=_CLEAN)
    made.add_argument("--results", metavar="DIR", default="results", help="folder of the records")
    made.add_argument(
        "--scratch", metavar="DIR", help="where runs put the folder of their Redis, as run has it"
    )
    made.add_argument(
        "--redis-url", metavar="URL", help="with --clean: a Redis that runs share, as run has it"
    )
    options = made.parse(argv)
    scratch = Path(options.scratch) if options.scratch else None
    if options.clean:
        return _clean(options, scratch)

    from hpcd4p.launch.doctor import examine

    findings = examine(Path(options.results), scratch)
    if options.json:
        import json

        say(json.dumps([f._asdict() for f in findings], indent=2))
    else:
        width = max(len(f.name) for f in findings)
        for finding in findings:
            say(f"{'ok' if finding.ok else '--'}  {finding.name:<{width}}  {finding.found}")
            if finding.advice and not finding.ok:
                say(f"    {'':<{width}}  -> {finding.advice}")
    return 0 if all(f.ok for f in findings) else 1


def _clean(asked: argparse.Namespace, scratch: Path | None) -> int:
    from hpcd4p.launch.leftovers import find, remove

    left = find([Path(asked.results)], scratch)
    gone = set(remove(left))
    url = asked.redis_url or os.environ.get("HPCD4P_REDIS_URL")
    runs = 0
    if url:
        from hpcd4p.launch.shared_redis import sweep_runs

        runs = sweep_runs(url)
    if asked.json:
        import json

        files = [{"kind": each.kind, "path": str(each.path), "removed": each in gone} for each in left]
        say(json.dumps({"leftovers": files, "runs_on_redis": runs}, indent=2))
    else:
        for each in left:
            say(f"{'removed' if each in gone else 'still there'}  {each.kind}  {each.path}")
        if runs:
            say(f"removed  the keys of {runs} dead run{'s' * (runs != 1)} on the shared Redis")
        if not left and not runs:
            say("nothing to remove: runs that were killed have left nothing here")
    return 0 if len(gone) == len(left) else 1
