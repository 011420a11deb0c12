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

from hpcd4p.record.point import POINT_VARIABLE
from hpcd4p.slurm_job import number_of
from hpcd4p.study.running import going_on
from hpcd4p.study.running.folder import ERR, OUT, PLAN, read_json, utc_now, write_end
from hpcd4p.study.running.states import BY_STATUS, CANCELLED, COMPLETED, CONTINUED, FAILED, STOPPED, TIMED_OUT

PATIENCE_S = (30.0, 10.0)
"""At the limit the run gets a first signal to stop; after the first of these times a stronger one, after both
it is killed."""

REASON_LENGTH = 500


class Attempt:
    """What submitit calls. `folder` holds the plan; `time_s` is the limit of the run in seconds.

    The plan has the same `mark`. If it has another one, a driver that did not know of this job has planned
    the attempt again, and the folder is left to the new one.

    A run that has checkpoints goes on after its limit, or a preemption, `most` times.
    """

    def __init__(self, folder: Path, time_s: float, mark: str, most: int = 0) -> None:
        self.folder = folder
        self.time_s = time_s
        self.mark = mark
        self.most = most
        self.asked = ""  # the signal that ended it, if one did
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self) -> str:
        """Run it; gives its state."""
        plan = read_json(self.folder / PLAN) or {}
        if plan.get("mark") != self.mark:
            return CANCELLED
        # left by an earlier start of this job, which is back from the queue
        for old in (*self.folder.glob("*.h5"), *self.folder.glob(".*.part")):
            old.unlink(missing_ok=True)
        began, started = time.monotonic(), utc_now()
        now = going_on.begin(self.folder, plan)
        before = self._catch()
        further, stays = None, ""
        try:
            while True:
                status, timed_out = self._run(plan, now)
                state = self._state(status, timed_out)
                further = self._further(now, state)
                if further is None or self.asked or number_of(os.environ):
                    break
                now = further
                going_on.note(self.folder, now)
            if further is not None and number_of(os.environ):
                stays = going_on.why_job_stays(os.environ)
                if not stays:
                    return CONTINUED
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        reason, took_s = self._reason(state, status), round(time.monotonic() - began, 3)
        if further is not None:
            reason += f"; it can go on: hpcd4p resume {further.checkpoints}" + (stays and f" ({stays})")
        write_end(
            self.folder, state, status, reason, took_s, os.uname().nodename, number_of(os.environ), started,
            now.times, further.as_dict() if further is not None else None,
        )  # fmt: skip
        return state

    def _state(self, status: int, timed_out: bool) -> str:
        ended = BY_STATUS.get(status, FAILED)
        if ended == COMPLETED:  # it was asked to end, and had done all by then
            return ended
        return TIMED_OUT if timed_out else CANCELLED if self.asked else ended

    def _further(self, now: going_on.GoingOn, state: str) -> going_on.GoingOn | None:
        """What a run that has ended before its work was done goes on from, if it came further than `now`."""
        if state not in (TIMED_OUT, CANCELLED, STOPPED):
            return None
        found = going_on.left_in(self.folder, now)
        gained = found is not None and found.newest > now.newest and found.times <= self.most
        return found if gained else None

    def _run(self, plan: dict[str, Any], now: going_on.GoingOn) -> tuple[int, bool]:
        point = {name: plan.get(name) for name in ("study", "key", "attempt", "repeat", "axes", "scaling")}
        environ = {**os.environ, POINT_VARIABLE: json.dumps(point)}
        words = [str(w) for w in plan.get("words", [])]
        # the run's own options come before the workflow and its options
        line = [
            sys.executable,
            "-m",
            "hpcd4p",
            *words[:1],
            *now.words(),
            f"--results={self.folder}",
            *words[1:],
        ]
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
