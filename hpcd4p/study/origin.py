"""Where the numbers of a report come from: command, commit, versions, machine. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from hpcd4p.study.results import Results

_NAMES = {
    "git_commit": "commit",
    "git_branch": "branch",
    "hpcd4p": "hpcd4p",
    "python": "Python",
    "mpi": "MPI",
    "platform": "platform",
    "cores": "cores",
    "host": "collected on",
    "command": "collected with",
    "command_line": "collected with",
}


class Origin(NamedTuple):
    """How to make the study again, and where it was made."""

    command: str
    facts: list[tuple[str, str]]


def origin(results: Results, other: Results | None = None) -> Origin:
    """Give the origin of `results`."""
    study, found = results.study, results.provenance
    command = str(
        study.get("command")
        or f"python -m hpcd4p sweep {study.get('source') or f'configs/{results.name}.toml'}"
    )
    facts = [(title, _text(found[name])) for name, title in _NAMES.items() if found.get(name)]
    if found.get("git_dirty"):
        facts = [(t, f"{v}, with changes that were not committed" if t == "commit" else v) for t, v in facts]
    packages = found.get("packages") or found.get("versions")
    if isinstance(packages, dict):
        facts.append(("packages", ", ".join(f"{n} {v}" for n, v in packages.items())))
    facts.append(("results file", _file(results)))
    report = f"python -m hpcd4p report {results.path.name}"
    if other is not None:
        commit = _text(other.provenance.get("git_commit") or "")
        facts.append(("compared with", _file(other) + (f", commit {commit}" if commit else "")))
        report += f" --against {other.path.name}"
    return Origin(f"{command}\n{report}", facts)


def _file(results: Results) -> str:
    when = results.created[:19].replace("T", " ")
    return f"{results.path.name}, written {when} UTC by hpcd4p {results.hpcd4p}"


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{n} {v}" for n, v in value.items())
    return str(value)
