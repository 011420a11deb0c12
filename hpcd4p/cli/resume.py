"""``hpcd4p resume``: go on with a run that was stopped, from its last checkpoint, on any number of ranks."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from hpcd4p.cli import run
from hpcd4p.cli.options import split, unknown_argument
from hpcd4p.cli.ranks import OtherRanks
from hpcd4p.cli.words import say
from hpcd4p.errors import CheckpointError, SettingsError, UsageError
from hpcd4p.launch.starting_again import newest

_ABOUT = """Go on with a run that was stopped, from its last checkpoint: with the same workflow, options and
inputs, on as many ranks as before, or on N. RUN is its record, the folder of its checkpoints, or a folder
with some of them; without RUN the newest one in results/ is meant."""


def command(argv: list[str], ranks: OtherRanks) -> int:
    """Give the exit status of ``hpcd4p resume ARGV``."""
    made = run.parser(explain=False)
    if {"-h", "--help"} & {*argv}:
        say(f"usage: hpcd4p resume [RUN] [-n N] [options of run]\n\n{_ABOUT}\n")
        return 0
    parts = split(argv, made.arity)
    if parts.rest:
        word = parts.rest[0]
        raise SettingsError(f"{unknown_argument(word, sorted(made.arity))}; resume takes the options of run")
    options = made.parse(parts.own)
    folder = find(Path(parts.workflow or options.results or "results")).resolve()
    words, cwd, size = _said(folder)
    with suppress(OSError):  # where it was started: its words may name files from there
        os.chdir(cwd)
    if ranks.size == 1 and options.ranks is None and size > 1:
        parts.own.extend(("-n", str(size)))
    return run.command(["--resume", str(folder), *_overridden(words, parts.own)], ranks)


def _overridden(words: list[str], own: list[str]) -> list[str]:
    """The words of the run, with options that count more: of one that is said twice the last counts."""
    said = split(words, run.parser(explain=False).arity)
    workflow = [said.workflow] if said.workflow else []
    return [*said.own, *own, *workflow, *(["--", *said.rest] if said.rest else [])]


def find(path: Path) -> Path:
    """The folder of checkpoints that `path` means: itself, that of a record, or the newest one in it.

    Raises
    ------
    CheckpointError
        There is none.
    """
    if path.suffix == ".h5":
        path = _of_record(path)
    if (path / "run.json").exists():
        return path
    found = [each.parent for each in path.glob("*/run.json")] if path.is_dir() else []
    if not found:
        raise CheckpointError(
            f"{path} has no run that can go on: a run makes its first checkpoint after 10 s, and removes "
            "them when it has finished"
        )
    # one that has ended before its first checkpoint is only told of where there is no other
    return max(found, key=lambda each: (bool(newest(str(each))[0]), (each / "run.json").stat().st_mtime))


def _of_record(record: Path) -> Path:
    """The folder of checkpoints beside a record, unless that has its end."""
    folder = record.with_suffix(".checkpoints")
    if folder.exists() or not record.exists():
        return folder
    from hpcd4p.record.reader import read_record

    with read_record(record) as found:
        state = found.summary.state
    if state == "completed":
        raise CheckpointError(f"the run of {record} has finished: there is nothing to go on with")
    raise CheckpointError(f"the run of {record} has no checkpoint, or has gone on since; start it again")


def _said(folder: Path) -> tuple[list[str], str, int]:
    """The words of the run, where it was started, and its ranks."""
    from hpcd4p.checkpoint.place import identity_in

    identity = identity_in(folder)
    try:
        return list(map(str, identity["words"])), str(identity["cwd"]), int(identity["ranks"])
    except (KeyError, TypeError, ValueError):
        raise UsageError(f"{folder / 'run.json'} does not say how the run was started") from None
