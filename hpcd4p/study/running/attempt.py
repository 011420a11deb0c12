"""One attempt at a point, where it is run: in the batch job, or on this machine.

It starts ``python -m hpcd4p run`` as a process of its own, ends it at the time limit, and in any case writes
``end.json`` at its end. submitit pickles it; where it runs it needs nothing but its folder.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from hpcd4p.record.provenance import POINT_VARIABLE
from hpcd4p.study.running.folder import ERR, OUT, PLAN, read_json, utc_now, write_end
from hpcd4p.study.running.states import BY_STATUS, CANCELLED, FAILED, TIMED_OUT

PATIENCE_S = (30.0, 10.0)
"""At the limit the run gets a first signal to stop; after the first of these times a stronger one, after both
it is killed."""

REASON_LENGTH = 500


class Attempt:
    """What submitit calls. `folder` holds the plan; `time_s` is the limit of the run in seconds.

    The plan has the same `mark`. If it has another one, a driver that did not know of this job has planned
    the attempt again, and the folder is left to the new one.
    """

    def __init__(self, folder: Path, time_s: float, mark: str) -> None:
        self.folder = folder
        self.time_s = time_s
        self.mark = mark
        self.asked = ""  # the signal that ended it, if one did
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self) -> str:
        """Run it; gives its state."""
        plan = read_json(self.folder / PLAN) or {}
        if plan.get("mark") != self.mark:
            return CANCELLED
        # left by an earlier start of this job, which Slurm has requeued
        for old in (*self.folder.glob("*.h5"), *self.folder.glob(".*.part")):
            old.unlink(missing_ok=True)
        began, started = time.monotonic(), utc_now()
        before = self._catch()
        try:
            status, timed_out = self._run(plan)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        state = TIMED_OUT if timed_out else CANCELLED if self.asked else BY_STATUS.get(status, FAILED)
        reason, took_s = self._reason(state, status), round(time.monotonic() - began, 3)
        write_end(self.folder, state, status, reason, took_s, os.uname().nodename, job_number(), started)
        return state

    def _run(self, plan: dict[str, Any]) -> tuple[int, bool]:
        point = {name: plan.get(name) for name in ("study", "key", "attempt", "repeat", "axes", "scaling")}
        environ = {**os.environ, POINT_VARIABLE: json.dumps(point)}
        words = [str(w) for w in plan.get("words", [])]
        # the run's own options come before the workflow and its options
        line = [sys.executable, "-m", "hpcd4p", *words[:1], f"--results={self.folder}", *words[1:]]
        with (self.folder / OUT).open("wb") as out, (self.folder / ERR).open("wb") as err:
            self._process = subprocess.Popen(
                line, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environ, start_new_session=True
            )
            try:
                return self._process.wait(self.time_s), False
            except subprocess.TimeoutExpired:
                return self._end(self._process), True

    def _end(self, process: subprocess.Popen[bytes]) -> int:
        for number, patience in zip((signal.SIGUSR1, signal.SIGTERM), PATIENCE_S, strict=True):
            with suppress(ProcessLookupError):
                process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                return process.wait(patience)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        return process.wait()

    def _catch(self) -> dict[int, Any]:
        """Forward signals to the run: Slurm's before the limit, and those of scancel and preemption."""

        def ask(number: int, frame: Any) -> None:
            self.asked = self.asked or signal.Signals(number).name
            if self._process is not None:
                with suppress(ProcessLookupError):
                    self._process.send_signal(signal.SIGUSR1)

        try:
            return {
                n: signal.signal(n, ask)
                for n in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM, signal.SIGINT)
            }
        except ValueError:  # not the main thread
            return {}

    def _reason(self, state: str, status: int) -> str:
        if state == TIMED_OUT:
            return f"longer than the limit of {self.time_s:g} s; ended with status {status}"
        if state == CANCELLED:
            return f"ended by {self.asked} from outside"
        return "" if status == 0 else last_words(self.folder / ERR) or f"ended with status {status}"


def last_words(path: Path) -> str:
    """Give the last error message of a run, in one line."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    lines = [line.strip() for line in lines if line.strip()]
    errors = [line for line in lines if "error:" in line]
    return (errors or lines or [""])[-1][:REASON_LENGTH]


def job_number() -> str:
    """Give the number of the Slurm job, ``17`` or ``17_3`` of an array; empty where there is none."""
    array, task = os.environ.get("SLURM_ARRAY_JOB_ID"), os.environ.get("SLURM_ARRAY_TASK_ID")
    if array and task:
        return f"{array}_{task}"
    return os.environ.get("SLURM_JOB_ID", "")
