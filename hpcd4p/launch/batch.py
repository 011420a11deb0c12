"""The batch text of one run: what `slurm/run.sh` does, without a script. Pure but for reading `batch.sh`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

_SHELL = Path(__file__).with_name("batch.sh")

_HEAD = {
    "job-name": "hpcd4p",
    "nodes": "1",
    "ntasks-per-node": "4",
    "time": "1:00:00",
    "output": "%x-%j.out",
    "open-mode": "append",
    "signal": "B:USR1@120",
    "requeue": "",
}


def batch_text(
    python: str,
    words: Sequence[str],
    resources: Mapping[str, str],
    setup: Sequence[str] = (),
    package_home: str | None = None,
) -> str:
    """Give the text for ``sbatch``.

    Parameters
    ----------
    python
        The interpreter, as the nodes find it.
    words
        What follows ``hpcd4p run -n RANKS``.
    resources
        Options of sbatch without their dashes; an empty value is a flag. They replace the default ones.
    setup
        Shell lines before the run.
    package_home
        Folder to import hpcd4p from, where it is not installed.
    """
    lines = ["#!/bin/bash"]
    usual = {n: v for n, v in _HEAD.items() if "no-" + n not in resources}
    for name, value in {**usual, **resources}.items():
        lines.append(f"#SBATCH --{name}={_quoted(value)}" if value else f"#SBATCH --{name}")
    lines += ["set -euo pipefail", "", _SHELL.read_text(encoding="utf-8")]
    if setup:
        lines += ["set +u  # modules and conda read variables that are not set", *setup, "set -u"]
    lines.append(f"python={shlex.quote(python)}")
    if package_home is not None:
        lines.append(f"export PYTHONPATH={shlex.quote(package_home)}${{PYTHONPATH:+:$PYTHONPATH}}")
    lines.append(f'run "$SLURM_NTASKS" {shlex.join(words)}')
    return "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value
