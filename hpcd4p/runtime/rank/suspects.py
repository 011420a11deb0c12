"""Runs tasks that may kill their rank in a process apart; `control.suspects` says which.

Owns what is done with the results; the process is in `runtime.rank.apart`. No such task is unpickled here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hpcd4p.control.suspects import Way, way
from hpcd4p.runtime.execute.flow import Flow
from hpcd4p.runtime.rank.apart_tasks import ApartTasks
from hpcd4p.runtime.rank.given import Given
from hpcd4p.runtime.rank.link import Link
from hpcd4p.runtime.rank.tasks import Tasks
from hpcd4p.wire.messages import Task

if TYPE_CHECKING:
    from hpcd4p.runtime.execute.setup import Setup
    from hpcd4p.runtime.rank.cell import Cell


TEND_S = 0.02
"""Between two looks of the rank at its other work, while the process works."""


class Suspects:
    """The suspects of one rank.

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
        tasks: Tasks,
        work: ApartTasks,
    ) -> None:
        self.make: Callable[[], Cell] | None = None
        self._flow = flow
        self._link = link
        self._tasks = tasks
        self._work = work
        self._clock = given.clock
        self._cell: Cell | None = None

    def prepare(self, setup: Setup) -> None:
        """Allow processes apart from now on, with the elements of `setup`."""
        bare = setup._replace(secret=b"", redis=None)  # with it nobody can read what the ranks send

        def make() -> Cell:
            from hpcd4p.runtime.rank.apart import ProcessCell

            return ProcessCell(bare, self._link.rank, self._clock, self._flow.log.keep_all)

        self.make = make

    def new_cell(self) -> Cell | None:
        """What runs a task apart, or None."""
        return None if self.make is None else self.make()

    def take(self, task: Task) -> bool:
        """Run `task` apart, or refuse it, if the rank itself must not run it; whether that was so."""
        if self._link.owners.get(task.element) == self._link.rank:
            return False  # its state is here
        how = way(task.attempts, self._link.careful, self.make is not None)
        if how is Way.APART and self._run_apart(task):
            return True
        how = way(task.attempts, self._link.careful, self.make is not None)
        if how is Way.REFUSED:
            lease = self._work.begin(task)
            self._work.refuse(task, task.tuples, "no process apart could be started to try it again")
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
        body = self._work.body(task)
        # a task may begin while another one waits for room
        cell, self._cell = self._cell or self.make(), None
        lease = self._work.begin(task)
        left, guilty = task.tuples, False
        try:
            for part in cell.run(task.element, body, task.tuples):
                if part is None:
                    self._tend(cell)
                    continue
                left -= part.tuples
                guilty = guilty or part.killed is not None
                self._work.take_in(lease, part)
                self._tasks.part_if_heavy(lease)
        except CannotPart as error:
            self.make = None
            if left == task.tuples:
                self._tasks.drop(lease)
                return False
            self._work.refuse(task, left, f"no process apart could be started for it: {error}")
        except BaseException:
            cell.close()
            raise
        self._tasks.finish(lease, task.tuples)
        self.close()
        self._cell = cell
        self._work.judge(task, guilty)
        return True

    def _tend(self, cell: Cell) -> None:
        cell.wait(TEND_S)
        self._tasks.tend(self._clock.now())
