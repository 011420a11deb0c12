"""Where a run came from: code, versions, command line, hosts, Slurm. Read once, at the end of the run.

Only what a process knows already, or one `git` that ran beside the run: nothing here may cost a run
more than milliseconds. It must never import a package to ask for its version, and never keep a secret.
"""

from __future__ import annotations

import getpass
import json
import os
import platform
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import hpcd4p
from hpcd4p.record.point import POINT_VARIABLE
from hpcd4p.record.summary import Summary

PACKAGES = ("mpi4py", "redis", "hiredis", "h5py", "numpy", "scipy", "pandas", "submitit", "cloudpickle")
"""Packages whose versions are recorded if the run has loaded them."""

GIT_S = 1.0
"""`git status` had the whole run; if it is not done after this time more (a huge tree on a slow disk), its
answer is left out."""

_PASSWORD = re.compile(r"(rediss?://[^\s:/@]*:)[^\s@]+@")
_SECRET_NAME = re.compile(r"(?i)password|secret|token|_jwt|_key$")


class GitState:
    """Commit and cleanness of the folder of the workflow; `git` works while the run does.

    Parameters
    ----------
    folder
        Any folder; outside a repository there are no facts.
    """

    def __init__(self, folder: Path) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        if not any((up / ".git").exists() for up in (folder, *folder.parents)):
            return
        command = ["git", "-C", str(folder), "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
        try:
            # a lock would disturb people who work in the repository; a pager or a prompt would wait forever
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"},
                start_new_session=True,
            )
        except OSError:  # no git here
            self._process = None

    def facts(self) -> dict[str, Any]:
        """Give ``git_commit``, ``git_branch`` and ``git_dirty``, as far as they are known."""
        process, self._process = self._process, None
        if process is None:
            return {}
        try:
            text = process.communicate(timeout=GIT_S)[0].decode("utf-8", "replace")
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return {}
        return read_status(text)


def read_status(text: str) -> dict[str, Any]:
    """Give what the text of ``git status --porcelain=v2 --branch`` says."""
    status: dict[str, Any] = {}
    dirty = False
    for line in text.splitlines():
        if line.startswith("# branch.oid "):
            status["git_commit"] = line.split()[2]
        elif line.startswith("# branch.head "):
            status["git_branch"] = line.split(maxsplit=2)[2]
        elif line and not line.startswith("#"):
            dirty = True
    if status:
        status["git_dirty"] = dirty
    return status


def gather(summary: Summary, git: dict[str, Any] | None = None) -> dict[str, Any]:
    """Give the provenance of the run of `summary`; what it says itself (``provenance``) wins."""
    hosts = list(dict.fromkeys(r.host for r in summary.ranks_figures if r.host)) or [platform.node()]
    facts: dict[str, Any] = {
        "hpcd4p": hpcd4p.__version__,
        "python": platform.python_version(),
        "packages": versions(),
        "platform": platform.platform(),
        "command_line": shlex.join(sys.orig_argv),
        "working_folder": _folder(),
        "user": _user(),
        "hosts": hosts,
        "cores": len(os.sched_getaffinity(0)),
        "hash_seed": os.environ.get("PYTHONHASHSEED", ""),
        "seed": summary.config.get("seed"),
        "point": _point(os.environ.get(POINT_VARIABLE, "")),
        "slurm": {
            name: value
            for name, value in sorted(os.environ.items())
            if name.startswith("SLURM_") and not _SECRET_NAME.search(name)
        },
        **(git or {}),
        **summary.provenance,
    }
    return {name: value for name, value in facts.items() if value not in (None, "", {})}


def versions() -> dict[str, str]:
    """Give the versions of `PACKAGES` and of HDF5, of those that are loaded."""
    by_package = {}
    for name in PACKAGES:
        version = getattr(sys.modules.get(name), "__version__", None)
        if version is not None:
            by_package[name] = str(version)
    hdf5 = getattr(getattr(sys.modules.get("h5py"), "version", None), "hdf5_version", None)
    return {**by_package, "HDF5": str(hdf5)} if hdf5 else by_package


def redacted(value: Any) -> Any:
    """Give `value` (dicts, lists, text) without passwords: a record is often passed on."""
    if isinstance(value, str):
        return _PASSWORD.sub(r"\1***@", value)
    if isinstance(value, dict):
        return {name: redacted(v) for name, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [redacted(v) for v in value]
    return value


def _point(text: str) -> dict[str, Any] | None:
    """The point of a study; nothing if `text` is no JSON object: a run does not fail for its provenance."""
    try:
        point = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return point if isinstance(point, dict) else None


def _folder() -> str:
    try:
        return str(Path.cwd())
    except OSError:  # it was removed
        return ""


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without an entry, as in containers
        return str(os.getuid())
