"""Runs tasks that may kill their rank in a process apart; `control.suspects` says which.

Owns what is done with the results; the process is in `runtime.rank.apart`. No such task is unpickled here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hpcd4p.control.suspects import Way, way
from hpcd4p.runtime.commit.lease import Lease
from hpcd4p.runtime.execute.flow import Flow
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.runtime.execute.probation import Probation
from hpcd4p.runtime.rank.given import Given
from hpcd4p.runtime.rank.link import Link
from hpcd4p.runtime.rank.tasks import Tasks
from hpcd4p.wire.codec import TAG_BYTES, TASK, about
from hpcd4p.wire.messages import Task
from hpcd4p.wire.reports import Judged
from hpcd4p.wire.statistics import Cause

if TYPE_CHECKING:
    from hpcd4p.runtime.execute.letters import Failure
    from hpcd4p.runtime.execute.setup import Setup
    from hpcd4p.runtime.rank.cell import Cell, EndedProcess, Part


class Suspects:
    """The suspects of one rank.

    Parameters
    ----------
    fail
        Called with each failure.

    Attributes
    ----------
    make
        Gives what runs a task apart; None where that cannot be had.
    """

    def __init__(
        self,
        given: Given,
        flow: Flow,
        link: Link,
        probation: Probation,
        tasks: Tasks,
        fail: Callable[[Failure], None],
    ) -> None:
        self.make: Callable[[], Cell] | None = None
        self._plan = given.plan
        self._elements = given.elements
        self._codec = given.codec
        self._flow = flow
        self._link = link
        self._probation = probation
        self._tasks = tasks
        self._fail = fail
        self._clock = given.clock
        self._cell: Cell | None = None
        self._proxies: dict[int, Instance] = {}

    def instances(self) -> list[Instance]:
        """The instances that count what ran apart."""
        return list(self._proxies.values())

    def prepare(self, setup: Setup) -> None:
        """Allow processes apart from now on, with the elements of `setup`."""
        bare = setup._replace(secret=b"", redis=None)  # with it nobody can read what the ranks send

        def make() -> Cell:
            from hpcd4p.runtime.rank.apart import ProcessCell

            clock, link = self._clock, self._link

            def tend() -> None:
                self._tasks.tend(clock.now())

            return ProcessCell(bare, link.rank, clock.started, tend, self._flow.log.keep_all)

        self.make = make

    def take(self, task: Task) -> bool:
        """Run `task` apart, or refuse it, if the rank itself must not run it; whether that was so."""
        if self._link.owners.get(task.element) == self._link.rank:
            return False  # its state is here
        how = way(task.attempts, self._link.careful, self.make is not None)
        if how is Way.APART and self._run_apart(task):
            return True
        how = way(task.attempts, self._link.careful, self.make is not None)
        if how is Way.REFUSED:
            lease = self._tasks.begin(task, self._proxy(task.element))
            self._refuse(task, task.tuples, "no process apart could be started to try it again")
            self._tasks.finish(lease, task.tuples)
            return True
        self.close()
        return False

    def close(self) -> None:
        """End the process, for nothing is suspected any more."""
        if self._cell is not None:
            self._cell.close()
            self._cell = None

    def _run_apart(self, task: Task) -> bool:
        """Run `task` apart; False if nothing was run, because that cannot be had."""
        from hpcd4p.runtime.rank.cell import CannotPart

        assert self.make is not None
        body = self._codec.check(task.payload, about(TASK, task.element, task.tuples))
        # a task may begin while another one waits for room
        cell, self._cell = self._cell or self.make(), None
        lease = self._tasks.begin(task, self._proxy(task.element))
        lease.apart = True
        left, guilty = task.tuples, False
        try:
            for part in cell.run(task.element, body, task.tuples):
                left -= part.tuples
                guilty = guilty or part.killed is not None
                self._take_in(task, lease, part)
        except CannotPart as error:
            self.make = None
            if left == task.tuples:
                self._tasks.drop(lease)
                return False
            self._refuse(task, left, f"no process apart could be started for it: {error}")
        except BaseException:
            cell.close()
            raise
        self._tasks.finish(lease, task.tuples)
        self.close()
        self._cell = cell
        if task.attempts:
            self._link.report(Judged(self._link.rank, task.element, guilty))
        return True

    def _take_in(self, task: Task, lease: Lease, part: Part) -> None:
        if part.changed:
            self._probation.doubt(task.element, part.changed)
        for failure in part.failures:
            self._fail(failure)
        lease.instance.stands_for(part.tuples, part.busy_s, part.out)
        if part.killed is not None and part.tuples:
            self._write_death(task, part.tuples, part.killed)
        self._tasks.forward_apart(lease)
        self._tasks.part_if_heavy(lease)

    def _write_death(self, task: Task, tuples: int, killed: EndedProcess) -> None:
        which = f"tuple {killed.first + 1}" if killed.first >= 0 else f"{tuples} tuples"
        shown = killed.shown or f"{which} of {_describe(task)}"
        error = f"it ended its process {killed.how}{_deaths(task)}"
        self._letter(task, tuples, killed.port, shown, error, killed.trace)

    def _refuse(self, task: Task, tuples: int, why: str) -> None:
        shown = f"{tuples} tuples of {_describe(task)}"
        self._letter(task, tuples, "", shown, f"not tried again: {why}{_deaths(task)}", "")

    def _letter(self, task: Task, tuples: int, port: str, shown: str, error: str, trace: str) -> None:
        from hpcd4p.record.summary import DeadLetter, kind_of
        from hpcd4p.runtime.execute.letters import Failure

        letter = DeadLetter(
            element=self._plan.elements[task.element].name,
            input=port,
            value_text=shown,
            error=error,
            traceback=trace or error,
            rank=self._link.rank,
            time_s=self._clock.elapsed(),
        )
        self._fail(Failure(task.element, Cause.RAISED, kind_of(letter), tuples, letter))

    def _proxy(self, element: int) -> Instance:
        """An instance that is never started: it holds the results that came from apart, and counts them."""
        instance = self._proxies.get(element)
        if instance is None:
            instance = self._flow.instance(self._plan.elements[element], self._elements[element])
            self._proxies[element] = instance
        return instance


def _describe(task: Task) -> str:
    """A task in words, without unpickling it."""
    digest = task.payload[:TAG_BYTES].hex()
    return f"a task of {task.tuples} tuples, {len(task.payload):,} bytes, digest {digest}"


def _deaths(task: Task) -> str:
    if not task.attempts:
        return ""
    ranks = "1 rank" if task.attempts == 1 else f"{task.attempts} ranks"
    return f"; {ranks} had died with the task that it came in"
