"""The batch text of one run, as `slurm/run.sh` has it, without a script to edit. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")

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

_SIGNALS = """
# USR1 comes before the time limit, TERM from scancel and preemption: the run stops in order, its record says
# how far it was, and the status is 3
child=
asked=
stop() {
  asked=yes
  if [ -n "$child" ]; then kill -USR1 "$child" 2>/dev/null || true; fi
}
trap stop USR1 TERM"""

_RUN = """
if [ "${SLURM_RESTART_COUNT:-0}" -gt 0 ]; then
  echo "hpcd4p: Slurm has put this job back into its queue (restart $SLURM_RESTART_COUNT): it starts again"
fi
if [ -n "$asked" ]; then exit 3; fi
status=0
COMMAND &
child=$!
wait "$child" || status=$?
while [ "$status" -gt 128 ] && kill -0 "$child" 2>/dev/null; do
  status=0
  wait "$child" || status=$?
done
if [ "$status" -gt 128 ]; then
  status=0
  wait "$child" || status=$?
fi
exit "$status"
"""


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
        Options of sbatch without their dashes; an empty value is a flag. They come over the usual ones.
    setup
        Shell lines before the run.
    package_home
        Folder to import hpcd4p from, where it is not installed.
    """
    lines = ["#!/bin/bash"]
    for name, value in {**_HEAD, **resources}.items():
        lines.append(f"#SBATCH --{name}={_quoted(value)}" if value else f"#SBATCH --{name}")
    lines += ["set -euo pipefail", _SIGNALS]
    if setup:
        lines += ["set +u", *setup, "set -u"]  # modules and conda read variables that are not set
    lines += [f'export {name}="${{{name}:-${{SLURM_CPUS_PER_TASK:-1}}}}"' for name in THREADS]
    lines.append(
        'if [ -n "${SLURM_CPUS_PER_TASK:-}" ]; then export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK; fi'
    )
    if package_home is not None:
        lines.append(f"export PYTHONPATH={shlex.quote(package_home)}${{PYTHONPATH:+:$PYTHONPATH}}")
    command = f'{shlex.quote(python)} -m hpcd4p run -n "$SLURM_NTASKS" {shlex.join(words)}'
    return "\n".join(lines) + _RUN.replace("COMMAND", command)


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value
