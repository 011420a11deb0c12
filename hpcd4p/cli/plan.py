"""``hpcd4p plan``: which rank would do what, without running."""

from __future__ import annotations

from hpcd4p.cli.options import Parser, add_settings, resolved_settings, split, whole_number
from hpcd4p.cli.prepare import planned
from hpcd4p.cli.ranks import OtherRanks
from hpcd4p.cli.words import say
from hpcd4p.plan.settings import MAX_RANKS


def command(argv: list[str], ranks: OtherRanks) -> int:
    """Give the exit status of ``hpcd4p plan ARGV``."""
    made = Parser(
        prog="hpcd4p plan", usage="hpcd4p plan [options] [WORKFLOW] [options of the workflow]",
        description="Check a workflow and show which rank would do what, without running it.",
    )  # fmt: skip
    made.add_argument(
        "-n", "--ranks", metavar="N", help="number of ranks (default: those of this MPI program, else 1)"
    )
    made.add_argument("--json", action="store_true", help="for programs")
    made.add_argument(
        "--config", metavar="FILE", help="TOML file of settings (else HPCD4P_CONFIG, ./hpcd4p.toml)"
    )
    add_settings(made, explain="-h" in argv or "--help" in argv)
    parts = split(argv, made.arity)
    options = made.parse(parts.own)
    settings = resolved_settings(options, parts.workflow)
    size = whole_number(options.ranks, "-n", 1, MAX_RANKS, ranks.size)

    from hpcd4p.control.policies.choose import check
    from hpcd4p.plan.describe import as_json, describe
    from hpcd4p.plan.keeping import all_not_kept
    from hpcd4p.plan.repeating import not_repeated

    found = planned(settings, parts.rest, size or 1, sorted(made.arity))
    plan, not_kept = found.plan, all_not_kept(found.plan, found.elements)
    may_differ = not_repeated(plan, found.elements)
    check(settings.engine(), plan)
    if options.json:
        import json

        say(json.dumps({**as_json(plan), "not_kept": not_kept, "not_repeated": may_differ}, indent=2))
    else:
        say(describe(plan))
        if not_kept:
            say("\nNo checkpoint\n" + "\n".join(f"  {each}" for each in not_kept))
        if may_differ:
            say("\nAfter a checkpoint\n" + "\n".join(f"  {each}" for each in may_differ))
    return 0
