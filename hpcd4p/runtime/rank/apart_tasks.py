"""Tasks that run apart from their rank: what is made of their results, which come in parts.

The process is in `runtime.rank.apart`; who has a task run there is in `suspects` and `lending`. Nothing of
such a task is unpickled here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hpcd4p.runtime.commit.lease import Lease
from hpcd4p.runtime.execute.deaths import had_died
from hpcd4p.runtime.execute.flow import Flow
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.runtime.execute.probation import Probation
from hpcd4p.runtime.rank.given import Given
from hpcd4p.runtime.rank.link import Link
from hpcd4p.runtime.rank.tasks import Tasks
from hpcd4p.wire.codec import TAG_BYTES, TASK, about
from hpcd4p.wire.messages import Commit, Publication, Task
from hpcd4p.wire.reports import Judged
from hpcd4p.wire.statistics import Cause

if TYPE_CHECKING:
    from hpcd4p.runtime.execute.letters import Failure
    from hpcd4p.runtime.rank.cell import EndedProcess, Part


class ApartTasks:
    """The tasks of one rank that run apart.

    Parameters
    ----------
    fail
        Called with each failure.
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
        self._rank = given.rank
        self._plan = given.plan
        self._elements = given.elements
        self._codec = given.codec
        self._blocks = given.blocks
        self._spans = given.spans
        self._clock = given.clock
        self._flow = flow
        self._link = link
        self._probation = probation
        self._tasks = tasks
        self._fail = fail
        self._proxies: dict[int, Instance] = {}

    def instances(self) -> list[Instance]:
        """The instances that count what ran apart."""
        return list(self._proxies.values())

    def body(self, task: Task) -> memoryview:
        """The sealed tuples of `task`, when its tag has been checked, with its large buffers in them."""
        body = self._codec.check(task.payload, about(TASK, task.element, task.tuples))
        return body if self._blocks is None else self._codec.whole(body, self._blocks.open)

    def lease(self, task: Task) -> Lease:
        """A lease of `task`, not begun."""
        return Lease(task, self.proxy(task.element), self._clock.now())

    def judge(self, task: Task, guilty: bool) -> None:
        """Report what has become of a suspect; `guilty`: a tuple has ended the process."""
        if task.attempts:
            self._link.report(Judged(self._rank, task.element, guilty))

    def begin(self, task: Task) -> Lease:
        """Begin `task`."""
        lease = self._tasks.begin(task, self.proxy(task.element))
        lease.apart = True
        return lease

    def take_in(self, lease: Lease, part: Part) -> None:
        """Put what `part` has brought into the current transaction."""
        task = lease.task
        if part.changed:
            self._probation.doubt(task.element, part.changed)
        for failure in part.failures:
            self._fail(failure)
        lease.instance.stands_for(part.tuples, part.busy_s, part.out)
        if self._spans is not None:
            self._spans.beside(task.element, lease.began, part.busy_s, part.tuples)
        if part.killed is not None and part.tuples:
            self._write_death(task, part.tuples, part.killed)
        self._tasks.forward_apart(lease)

    def _write_death(self, task: Task, tuples: int, killed: EndedProcess) -> None:
        which = f"tuple {killed.first + 1}" if killed.first >= 0 else f"{tuples} tuples"
        shown = killed.shown or f"{which} of {_describe(task)}"
        error = f"it ended its process {killed.how}{had_died(task)}"
        self._letter(task, tuples, killed.port, shown, error, killed.trace)

    def give_back(self, task: Task, died: str = "") -> None:
        """Have another rank run `task`, of which nothing is done.

        `died`: how a process beside this rank died with it.
        """
        back = Commit()
        back.done.append((task.element, task.id))
        attempts, beside = task.attempts + bool(died), f"{self._rank} {died}" if died else task.beside
        again = Publication(task.element, task.tuples, task.payload, attempts, (), beside, task.place)
        back.publish.append(again)
        self._link.exchange(back)

    def refuse(self, task: Task, tuples: int, why: str) -> None:
        """Make dead letters of `tuples` of `task` that were not run."""
        shown = f"{tuples} tuples of {_describe(task)}"
        self._letter(task, tuples, "", shown, f"not tried again: {why}{had_died(task)}", "")

    def _letter(self, task: Task, tuples: int, port: str, shown: str, error: str, trace: str) -> None:
        from hpcd4p.record.summary import DeadLetter, kind_of
        from hpcd4p.runtime.execute.letters import Failure

        letter = DeadLetter(
            element=self._plan.elements[task.element].name,
            input=port,
            value_text=shown,
            error=error,
            traceback=trace or error,
            rank=self._rank,
            time_s=self._clock.elapsed(),
        )
        self._fail(Failure(task.element, Cause.RAISED, kind_of(letter), tuples, letter))

    def proxy(self, element: int) -> Instance:
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
