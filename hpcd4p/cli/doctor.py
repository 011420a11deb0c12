"""``hpcd4p doctor``: what this machine has, what it lacks, and what to do about each lack."""

from __future__ import annotations

from hpcd4p.cli.options import Parser
from hpcd4p.cli.ranks import OtherRanks
from hpcd4p.cli.words import say


def command(argv: list[str], ranks: OtherRanks) -> int:
    """Give the exit status of ``hpcd4p doctor ARGV``: 1 if something is lacking."""
    made = Parser(prog="hpcd4p doctor", description="Check MPI, Redis, h5py, Slurm and say what to do.")
    made.add_argument("--json", action="store_true", help="for programs")
    found = made.parse(argv)

    from hpcd4p.launch.doctor import examine

    findings = examine()
    if found.json:
        import json

        say(json.dumps([f._asdict() for f in findings], indent=2))
    else:
        width = max(len(f.name) for f in findings)
        for finding in findings:
            say(f"{'ok' if finding.ok else '--'}  {finding.name:<{width}}  {finding.found}")
            if finding.advice and not finding.ok:
                say(f"    {'':<{width}}  -> {finding.advice}")
    return 0 if all(f.ok for f in findings) else 1
