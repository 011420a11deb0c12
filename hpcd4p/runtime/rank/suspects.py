"""Runs tasks that may kill their rank in a process apart; `control.suspects` says which.

Owns what is done with the results; the process is in `runtime.rank.apart`. No such task is unpickled here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hpcd4p.control.suspects import Way, way
from hpcd4p.runtime.execute.flow import Flow
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.runtime.execute.probation import Probation
from hpcd4p.runtime.rank.cpu import idle_s
from hpcd4p.runtime.rank.given import Given
from hpcd4p.runtime.rank.link import Link
from hpcd4p.runtime.rank.tasks import Tasks
from hpcd4p.wire.messages import Task

if TYPE_CHECKING:
    from hpcd4p.runtime.commit.lease import Leases
    from hpcd4p.runtime.execute.letters import Failure
    from hpcd4p.runtime.execute.setup import Setup
    from hpcd4p.runtime.rank.apart_tasks import ApartTasks
    from hpcd4p.runtime.rank.cell import Cell
    from hpcd4p.runtime.rank.committer import Committer
    from hpcd4p.runtime.rank.lending import Lending
    from hpcd4p.runtime.rank.room import Room


TEND_S = 0.02
"""Between two looks of the rank at its other work, while the process works."""


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
        self._given = given
        self._flow = flow
        self._link = link
        self._probation = probation
        self._tasks = tasks
        self._fail = fail
        self._work: ApartTasks | None = None
        self._clock = given.clock
        self._cell: Cell | None = None
        self._idle_since: tuple[float, float | None] | None = None

    def prepare(self, setup: Setup) -> None:
        """Allow processes apart from now on, with the elements of `setup`."""
        bare = setup._replace(secret=b"", redis=None)  # with it nobody can read what the ranks send

        def make() -> Cell:
            from hpcd4p.runtime.rank.apart import ProcessCell

            return ProcessCell(bare, self._link.rank, self._clock, self._flow.log.keep_all)

        self.make = make
        given, pool = self._given, self._given.plan.pool_ranks
        if given.measured and given.settings.lend != "off" and pool and given.rank not in pool:
            # by the time that it is asked to lend itself it knows whether a core is free
            self._idle_since = self._clock.now(), idle_s()

    def apart(self) -> ApartTasks:
        """What is made of the results of tasks that run apart; most ranks never have any."""
        if self._work is None:
            from hpcd4p.runtime.rank.apart_tasks import ApartTasks

            self._work = ApartTasks(
                self._given, self._flow, self._link, self._probation, self._tasks, self._fail
            )
        return self._work

    def instances(self) -> list[Instance]:
        """The instances that count what ran apart."""
        return [] if self._work is None else self._work.instances()

    def lending(self, committer: Committer, room: Room, leases: Leases) -> Lending:
        """What a rank lends the pool: whatever it takes runs apart, too."""
        from hpcd4p.runtime.rank.lending import Lending

        return Lending(
            self._given, committer, room, self._probation, self._tasks, self.apart(), leases, self.new_cell,
            self._idle_since,
        )  # fmt: skip

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
            work = self.apart()
            lease = work.begin(task)
            work.refuse(task, task.tuples, "no process apart could be started to try it again")
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
        work = self.apart()
        body = work.body(task)
        # a task may begin while another one waits for room
        cell, self._cell = self._cell or self.make(), None
        lease = work.begin(task)
        left, guilty = task.tuples, False
        try:
            for part in cell.run(task.element, body, task.tuples):
                if part is None:
                    self._tend(cell)
                    continue
                left -= part.tuples
                guilty = guilty or part.killed is not None
                work.take_in(lease, part)
                self._tasks.part_if_heavy(lease)
        except CannotPart as error:
            self.make = None
            if left == task.tuples:
                self._tasks.drop(lease)
                return False
            work.refuse(task, left, f"no process apart could be started for it: {error}")
        except BaseException:
            cell.close()
            raise
        self._tasks.finish(lease, task.tuples)
        self.close()
        self._cell = cell
        work.judge(task, guilty)
        return True

    def _tend(self, cell: Cell) -> None:
        cell.wait(TEND_S)
        self._tasks.tend(self._clock.now())
