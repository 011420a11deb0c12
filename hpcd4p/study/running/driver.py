"""Follows a study to its end: plans missing attempts, starts them, awaits their markers, notices dead ones.

Its state is in the study's folder: if it is killed and started again, it goes on where it was.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hpcd4p.backoff import Backoff
from hpcd4p.study.definition.points import Point
from hpcd4p.study.definition.study import Study
from hpcd4p.study.running.attempt import Attempt
from hpcd4p.study.running.folder import (
    OUT,
    PLAN,
    STUDY,
    StudyFolder,
    read_json,
    utc_now,
    write_end,
    write_json,
)
from hpcd4p.study.running.going_on import GOES_ON, left_in, read
from hpcd4p.study.running.launchers import Launcher, PlannedAttempt, launcher_of
from hpcd4p.study.running.squeue import JobState
from hpcd4p.study.running.states import LOST, RUNNING, UNDONE, PointState, point_state, to_do

LOOK_S = (0.02, 5.0)
"""Between two looks at the markers: at first, and at most, when nothing has changed for long."""

LOOK_S_PER_POINT = 0.001
"""A look costs a call of the file system for each point."""

ASK_S = (5.0, 60.0)
"""Between two questions to the scheduler, which answers for all jobs at once."""

GRACE_S = 10.0
"""Time for the marker of a job that has ended to arrive over the shared file system."""

OnEnd = Callable[[PointState], None]


class Driver:
    """One start of a study.

    Parameters
    ----------
    on_end
        Called with each point that has ended meanwhile.
    """

    def __init__(self, study: Study, folder: StudyFolder, points: Sequence[Point], on_end: OnEnd) -> None:
        self._study = study
        self._folder = folder
        self._points = points
        self._on_end = on_end
        self._launcher: Launcher = launcher_of(study, folder.path)
        self._gone: dict[str, float] = {}
        self._mine: set[str] = set()

    @property
    def adopted(self) -> int:
        """Points that an earlier driver started and that have not ended."""
        return sum(not s.ended and s.point.key not in self._mine for s in self.states())

    def states(self) -> list[PointState]:
        """Give where every point is."""
        return [self._state(p) for p in self._points]

    def start(self, retry: str | None, command: str) -> int:
        """Plan and start what is missing; gives the number of new attempts.

        Parameters
        ----------
        retry
            A word of `states.RETRY`: points that ended so are run again.
        command
            The command line of this driver, kept so that it can be repeated.

        Raises
        ------
        SettingsError, RecordError
            The cluster refuses them; the folder cannot be written.
        """
        write_json(self._folder.path / STUDY, {**self._study.as_dict(), "command": command})
        jobs = self._launcher.look()
        now = self.states()
        alive = {
            s.plan["job"]
            for s in now
            if s.plan.get("job") and (jobs is None or not _over(jobs, s.plan["job"]))
        }
        gone = [s for s in now if not s.ended and s.plan.get("job") and s.plan["job"] not in alive]
        # points that a lane on this machine never reached are planned again; for jobs, Slurm can say more
        lost = [s for s in gone if s.state == RUNNING or self._study.launch.cluster == "slurm"]
        self._leave_markers(lost, jobs or {})
        missing = to_do(self.states(), alive, retry)
        planned = [self._plan(s) for s in missing]
        self._mine = {s.point.key for s in missing}
        if planned:
            self._launcher.start(planned, _submitted)
        return len(planned)

    def follow(self) -> None:
        """Wait until every point has ended.

        Raises
        ------
        KeyboardInterrupt
            Asked to stop; attempts on this machine have been stopped, jobs of Slurm go on.
        """
        try:
            self._follow()
        except KeyboardInterrupt:
            self._launcher.cancel()
            raise

    def _follow(self) -> None:
        # those that were started here are reported even if they have ended by now
        waiting = {s.point.key: s for s in self.states() if not s.ended or s.point.key in self._mine}
        pause, patience = Backoff(*LOOK_S, by=1.3), Backoff(*ASK_S)
        asked = time.monotonic()
        while waiting:
            changed = False
            for key, before in list(waiting.items()):
                if self._folder.ended(key, before.attempt):
                    del waiting[key]
                    ended = self._state(before.point)
                    self._on_end(ended)
                    changed = True
                    if ended.end.get("goes_on") and ended.state not in UNDONE:
                        waiting[key] = self._again(ended)
            if waiting and time.monotonic() - asked > patience.now_s:
                changed = self._ask(list(waiting.values())) or changed
                asked = time.monotonic()
                if changed:
                    patience.reset()
                else:
                    patience.next()
            if waiting:
                if changed:
                    pause.reset()
                time.sleep(min(max(pause.next(), LOOK_S_PER_POINT * len(waiting)), LOOK_S[1]))

    def _again(self, ended: PointState) -> PointState:
        """Start another attempt at a point that goes on, and whose job did not come back."""
        self._launcher.start([self._plan(ended)], _submitted)
        return self._state(ended.point)

    def _ask(self, waiting: Sequence[PointState]) -> bool:
        """Ask the scheduler about points without a marker; whether some are dead."""
        jobs = self._launcher.look()
        if jobs is None:
            return False
        now = time.monotonic()
        dead = []
        for each in waiting:
            job = str(each.plan.get("job") or "")
            if not job or not _over(jobs, job):
                self._gone.pop(each.point.key, None)
            elif now - self._gone.setdefault(each.point.key, now) >= GRACE_S:
                dead.append(each)
        self._leave_markers(dead, jobs)
        return bool(dead)

    def _leave_markers(self, dead: Sequence[PointState], jobs: Mapping[str, JobState]) -> None:
        """Leave the markers of attempts that could not leave one."""
        forgotten = sorted({job for each in dead if jobs.get(job := str(each.plan.get("job"))) is None})
        known = self._launcher.ended(forgotten) if forgotten else {}
        for each in dead:
            if self._folder.ended(each.point.key, each.attempt):
                continue
            job = str(each.plan.get("job"))
            ended = jobs.get(job) or known.get(job)
            reason = f"its job {job} ended without a word"
            if ended is not None and ended.words:
                reason += f"; Slurm says {ended.words}"
            state = ended.state if ended is not None else LOST
            write_end(self._folder.attempt(each.point.key, each.attempt), state, reason=reason, job=job)

    def _plan(self, before: PointState) -> PlannedAttempt:
        point = before.point
        fresh = before.ended or before.attempt == 0 or before.state == RUNNING
        number = before.attempt + 1 if fresh else before.attempt
        mark = os.urandom(6).hex()
        folder = self._folder.attempt(point.key, number)
        write_json(
            folder / PLAN,
            {
                "goes_on": self._goes_on(before),
                "study": self._study.name,
                "key": point.key,
                "attempt": number,
                "repeat": point.repeat,
                "scaling": self._study.scaling,
                "axes": point.axes,
                "ranks": point.ranks,
                "nodes": point.nodes,
                "words": list(point.words),
                "mark": mark,
                "planned": utc_now(),
                "submitted": None,
                "job": None,
            },
        )
        return PlannedAttempt(
            Attempt(folder.resolve(), self._study.time_s, mark, self._study.launch.goes_on),
            point.ranks,
            point.nodes,
        )

    def _goes_on(self, before: PointState) -> dict[str, Any] | None:
        """What the next attempt at a point goes on from: where the last one says so, or was lost."""
        if before.state == LOST:
            left = self._folder.attempt(before.point.key, before.attempt)
            found = left_in(left, read(read_json(left / GOES_ON) or before.plan.get("goes_on")))
            return found.as_dict() if found is not None else None
        return before.end.get("goes_on") or None

    def _state(self, point: Point) -> PointState:
        number, plan, end = self._folder.last(point.key)
        started = number > 0 and end is None and (self._folder.attempt(point.key, number) / OUT).exists()
        return point_state(point, number, plan, end, started)


def _submitted(planned: Sequence[PlannedAttempt], jobs: Sequence[str]) -> None:
    """Write the jobs into the plans, so that a driver knows them again after it was killed."""
    for each, job in zip(planned, jobs, strict=True):
        plan = read_json(each.attempt.folder / PLAN) or {}
        write_json(each.attempt.folder / PLAN, {**plan, "job": job, "submitted": utc_now()})


def _over(jobs: Mapping[str, JobState], job: str) -> bool:
    """Whether a job will not leave a marker any more; a job that is not known is over."""
    state = jobs.get(job)
    return state is None or state.ended
