"""The checkpoints that ``hpcd4p run`` was asked for, and the run that it is to go on with."""

from __future__ import annotations

import math
import os
import shlex
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hpcd4p.cli.words import mention, say
from hpcd4p.errors import (
    BrokerLost,
    CheckpointError,
    CheckpointNotWritten,
    LauncherLost,
    RankLost,
    RunStopped,
    SettingsError,
    UsageError,
)
from hpcd4p.launch.siblings import in_slurm_job
from hpcd4p.launch.status_note import Rest, leave_rest

if TYPE_CHECKING:
    from hpcd4p.cli.job import Job
    from hpcd4p.cli.settings import Resolved
    from hpcd4p.launch.checkpointing import Checkpoints
    from hpcd4p.plan.model import Plan
    from hpcd4p.runtime.run_spec import RunSpec

LEAST_S = 0.05
"""More often, a run would do little else."""

MOST_S = 10 * 365 * 86400.0

AUTO = "auto"

REQUIRED = "required"
"""As often as with `auto`; but a run of which none can be made is refused."""

ANSWER = ("partitions", "ordered_outputs", "attr", "workflow")
"""Settings that count for the answer."""


class Asked(NamedTuple):
    """What the command line says of an earlier run."""

    words: list[str]
    """Of this command."""
    resume: str | None
    """Folder of the checkpoints of the run that this one goes on with; None: it begins."""
    anyway: bool
    """Go on even if something has changed."""
    job: Job | None = None
    """The batch job that this command is in."""


def interval(word: str) -> float | None:
    """Seconds between two checkpoints; None: `auto` or `required`, and infinity: `off`."""
    if word in ("off", AUTO, REQUIRED):
        return math.inf if word == "off" else None
    try:
        seconds = float(word)
    except ValueError:
        seconds = math.nan
    if not LEAST_S <= seconds <= MOST_S:
        raise SettingsError(
            f"checkpoint must be off, auto, required, or a number of seconds from {LEAST_S} on, not {word!r}"
        )
    return seconds


def checkpoints(
    settings: Resolved,
    spec: RunSpec,
    inputs: Any,
    record: Path,
    asked: Asked,
) -> Checkpoints | None:
    """Those of the run, or None.

    Parameters
    ----------
    inputs
        As the user has given them.
    record
        Where the record will be.
    asked
        What the command line says of an earlier run.

    Raises
    ------
    CheckpointError
        See `launch.checkpointing.Checkpoints`.
    """
    word = settings.values["checkpoint"]
    every_s = interval(word)
    if every_s == math.inf and asked.resume is None:
        return None
    from hpcd4p.launch.checkpointing import Checkpoints

    every_s = None if every_s == math.inf else every_s
    required = word == REQUIRED
    if required:
        _refuse_unkept(spec)
    named = settings.values["checkpoint_dir"]
    folder = Path(asked.resume or named or record.with_suffix(".checkpoints"))
    folder = folder.absolute()  # elements may change the working folder
    if asked.resume is not None:
        spec.plan = _as_before(spec.plan, folder)
        identity = _identity(settings, spec, inputs, asked.words)
        return Checkpoints.go_on(folder, identity, every_s, spec.by_value, required, asked.anyway)
    identity = _identity(settings, spec, inputs, asked.words)
    if word == AUTO and not named:
        kept = Checkpoints.begin_later(folder, identity, spec.by_value)
    else:
        kept = Checkpoints.begin(folder, identity, every_s, spec.by_value, required)
    if not named:
        kept.files.lie_beside_the_record()
    return kept


def _refuse_unkept(spec: RunSpec) -> None:
    """Raise `CheckpointError` if reading shows elements that a checkpoint would not hold whole."""
    from hpcd4p.plan.keeping import all_not_kept

    not_kept = all_not_kept(spec.plan, spec.elements)
    if not_kept:
        raise CheckpointError(
            f"--checkpoint {REQUIRED}: {'; '.join(not_kept)}. With --checkpoint auto it runs without them"
        )


def asked_of(words: list[str], resume: str | None, anyway: bool, settings: Resolved) -> Asked:
    """What the command line says; or the batch job, if it was started before and has left checkpoints."""
    job = None
    if in_slurm_job():
        from hpcd4p.cli.job import job_here

        job = job_here()
    if job is not None and resume is None:
        named = settings.values["checkpoint_dir"]
        left = [Path(named)] if named else [*Path(settings.values["results"]).glob("*.checkpoints")]
        resume = job.earlier(left, words)
    elif job is not None and resume is not None:
        job.resumed(resume)
    return Asked(words, resume, anyway, job)


@contextmanager
def kept_up(kept: Checkpoints, shown: Path, job: Job | None) -> Iterator[None]:
    """Within it the run uses its checkpoints; afterwards it is said whether, and how, it can go on.

    Parameters
    ----------
    shown
        Their folder, as a reader can use it.
    job
        The batch job that comes back for the rest.
    """
    folder = str(kept.files.path.resolve())

    def tell() -> None:
        leave_rest(Rest(folder))  # whoever launched the ranks knows it, if this one is killed

    kept.files.on_set_up = tell
    if kept.files.are_there:
        tell()
    try:
        with ExitStack() as stack:
            if in_slurm_job():
                from hpcd4p.launch.time_watch import TimeWatch

                kept.left_s = stack.enter_context(TimeWatch()).left_s
            yield
    except RunStopped as stop:
        kept.stopped = stop
        raise
    except CheckpointError:  # the run was refused: of one that has just begun nothing stays
        kept.refused = True
        raise
    finally:
        try:
            kept.end()
        except CheckpointNotWritten:  # all is done, whatever has become of the folder
            mention(
                f"the checkpoints of the run could not be removed, and are of no use any more: remove {shown}"
            )
        ended = kept.stopped
        died = (ended is None and not kept.refused) or isinstance(ended, BrokerLost | LauncherLost | RankLost)
        rest = Rest(folder if kept.can_go_on else "", died, "" if ended is None else str(ended))
        if not leave_rest(rest) and rest.folder:
            go_on_later(shown, ended.status if isinstance(ended, RunStopped) else 0, job)


def go_on_later(folder: Path, status: int, job: Job | None) -> None:
    """Put the batch job back into the queue, or print the line to type."""
    if job is not None and status == RunStopped.status and job.comes_back(folder):
        return
    say(f"Go on from the last checkpoint:  hpcd4p resume {shlex.quote(str(folder))}\n")


def restarts(settings: Resolved) -> int:
    """How often a run is started again from one checkpoint."""
    most: int = settings.values["restarts"]
    if most < 0:
        raise SettingsError(f"restarts must be 0 or more, not {most}")
    return most


def _as_before(plan: Plan, folder: Path) -> Plan:
    """The plan with as many instances of pinned elements as the run had, however many ranks there are now."""
    from hpcd4p.checkpoint.place import identity_in
    from hpcd4p.plan.model import Role

    try:
        had = {str(name): int(count) for name, count in identity_in(folder)["elements"]}
    except (KeyError, TypeError, ValueError):
        raise UsageError(f"{folder / 'run.json'} does not say which elements the run had") from None
    elements = [
        e._replace(partitions=had[e.name]) if e.role is Role.PINNED and had.get(e.name) else e
        for e in plan.elements
    ]
    return plan._replace(elements=tuple(elements))


def _identity(settings: Resolved, spec: RunSpec, inputs: Any, words: list[str]) -> dict[str, Any]:
    from hpcd4p.checkpoint.identity import identify
    from hpcd4p.plan.model import ORDERED_COLLECTOR

    path = spec.module[1] if spec.module is not None else None
    options: dict[str, Any] = {f"--{name.replace('_', '-')}": settings.values[name] for name in ANSWER}
    if path is not None:
        del options["--workflow"]  # the file is told as such
    options["options of the workflow"] = spec.argv
    options["inputs"] = inputs
    plan = spec.plan
    same = identify(
        workflow=plan.name,
        sources=[path] if path else [],
        options=options,
        mapping=plan.mapping.value,
        elements=[(e.name, e.partitions) for e in plan.elements if e.name != ORDERED_COLLECTOR],
    )
    return {**same, "words": words, "cwd": os.getcwd(), "ranks": plan.size, "job": _job_number()}


def _job_number() -> str:
    if not in_slurm_job():
        return ""
    from hpcd4p.slurm_job import number_of

    return number_of(os.environ)
