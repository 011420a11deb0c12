"""Where the numbers of a report come from: command, commit, versions, machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from hpcd4p.errors import RecordError
from hpcd4p.study.running.states import COMPLETED

if TYPE_CHECKING:
    from hpcd4p.study.results.reader import Results

TRIED = 5
"""Records, before a report does without."""

_RUN = {
    "git_commit": "commit",
    "git_branch": "branch",
    "hpcd4p": "hpcd4p",
    "python": "Python",
    "packages": "packages",
    "platform": "platform",
    "cores": "cores of a node for the run",
}
"""Of a run, or where no record can be read of the study."""

_COLLECTED = {"hosts": "collected on", "host": "collected on", "command_line": "collected with"}

_SLURM = {"SLURM_CLUSTER_NAME": "cluster", "SLURM_JOB_PARTITION": "partition", "SLURM_JOB_QOS": "QOS"}


class Origin(NamedTuple):
    """How to make the study again, and where it was made."""

    command: str
    facts: list[tuple[str, str]]


def origin(results: Results, other: Results | None, run: Mapping[str, Any]) -> Origin:
    """Give the origin of `results`, compared with `other`.

    Parameters
    ----------
    run
        The provenance of one of the runs; empty if no record can be read.
    """
    study, collected = results.study, results.provenance
    config = study.get("source") or f"configs/{results.name}.toml"
    command = str(study.get("command") or f"python -m hpcd4p sweep {config}")
    about = {**collected, **run}
    facts = [(title, _text(about[name])) for name, title in _RUN.items() if about.get(name)]
    if about.get("git_dirty"):
        facts = [(t, f"{v}, with changes that were not committed" if t == "commit" else v) for t, v in facts]
    slurm = run.get("slurm")
    if isinstance(slurm, dict):
        facts += [(f"Slurm {title}", _text(slurm[n])) for n, title in _SLURM.items() if slurm.get(n)]
    facts += [(title, _text(collected[name])) for name, title in _COLLECTED.items() if collected.get(name)]
    facts.append(("results file", _file(results)))
    report = f"python -m hpcd4p report {results.path}"
    if other is not None:
        commit = _text(other.provenance.get("git_commit") or "")
        facts.append(("compared with", _file(other) + (f", commit {commit}" if commit else "")))
        report += f" --against {other.path}"
    return Origin(f"{command}\n{report}", facts)


def provenance_of_a_run(results: Results) -> dict[str, Any]:
    """Give the provenance in the record of a completed run; empty if none of the first can be read."""
    done = [row for row in results.rows if row.get("state") == COMPLETED and results.has_record(row)]
    for row in done[:TRIED]:
        try:
            with results.open_record(row) as record:
                return dict(record.summary.provenance)
        except RecordError:
            continue
    return {}


def _file(results: Results) -> str:
    when = results.created[:19].replace("T", " ")
    return f"{results.path.name}, written {when} UTC by hpcd4p {results.hpcd4p}"


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{n} {v}" for n, v in value.items())
    return str(value)
