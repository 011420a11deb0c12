"""Elements between a fork and the end at which its paths meet, in the static mapping.

They run where their input is written, depth first, as in one process: what comes of each write is at the
end before what comes of the next one, whichever way it has gone. They hold no state, and each rank that has a
fork has instances of its own.
"""

from __future__ import annotations

from typing import Any

from hpcd4p.plan.model import Plan, Role
from hpcd4p.runtime.commit.outgoing import Outgoing
from hpcd4p.runtime.execute.depth import Nesting, Work, depth_first
from hpcd4p.runtime.execute.flow import Flow
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.runtime.execute.probation import Probation
from hpcd4p.runtime.rank.account import RankAccount
from hpcd4p.runtime.rank.given import Given
from hpcd4p.runtime.rank.pump import Pump
from hpcd4p.wire.messages import Segment


class Inline:
    """Those of one rank.

    Parameters
    ----------
    outgoing
        Where to put what goes to elements that have a rank; it hands on what is written (`Outgoing.inline`).
    """

    def __init__(
        self,
        given: Given,
        flow: Flow,
        outgoing: Outgoing,
        probation: Probation,
        account: RankAccount,
        pump: Pump,
    ) -> None:
        self._plan = given.plan
        self._elements = given.elements
        self._most = given.settings.max_task_tuples
        self._clock = given.clock
        self._flow = flow
        self._outgoing = outgoing
        self._probation = probation
        self._account = account
        self._pump = pump
        self._nesting = Nesting()
        self._in_turn = _of_several_inputs(given.plan)
        self._instances: dict[int, Instance] = {}

    def instances(self) -> list[Instance]:
        """All instances that have run here."""
        return list(self._instances.values())

    def route(self, element: int, out: list[tuple[str, list[Any]]]) -> None:
        """Do with what `element` has written all that is to be done here, and put the rest where it leads."""
        depth_first(self._written(element, out))

    def _written(self, element: int, out: list[tuple[str, list[Any]]]) -> Work:
        for route, partition, values in self._flow.spread(element, out):
            if self._plan.elements[route.target].role is Role.POOL:
                yield self._run(route.target, route.input, values)
            elif route.target in self._in_turn:
                # segments of an owner keep their order, also from one input to another
                self._outgoing.send_on(Segment(route.target, partition, route.input, values))
            else:
                self._outgoing.deliver(route, partition, values)

    def _run(self, element: int, port: str, values: list[Any]) -> Work:
        instance = self._instances.get(element) or self._begin(element)
        at = 0
        while at < len(values):
            part = values[at : at + min(instance.chunk_tuples, self._most)]
            began = self._clock.now()
            instance.run(port, part)
            self._account.worked(began, self._clock.now())
            self._account.tuples += len(part)
            self._probation.inspect(instance)
            at += len(part)
            out = instance.take()
            if out:
                yield self._written(element, out)

    def _begin(self, element: int) -> Instance:
        instance = self._flow.instance(self._plan.elements[element], self._elements[element])
        instance.on_overflow = self._overflow
        instance.start()
        self._instances[element] = instance
        if len(self._plan.writers(element)) > 1:  # others have instances, too
            self._probation.begin(instance)
        else:
            self._probation.begin_fixed(instance)
        return instance

    def _overflow(self, instance: Instance) -> None:
        """Hand on what it has written in the middle of a call, for it holds as much as it may."""
        if self._nesting.allows(instance.held, instance.overflow_at):
            self._pump.aside(instance, lambda: self._spill(instance))

    def _spill(self, instance: Instance) -> None:
        element = instance.plan.index
        with self._nesting:
            self.route(element, instance.take())
        if self._outgoing.heavy:
            self._pump.relieve(element)


def _of_several_inputs(plan: Plan) -> frozenset[int]:
    """Ordered elements that get tuples at several inputs."""
    inputs: dict[int, set[str]] = {}
    for route in plan.routes:
        if plan.elements[route.target].ordered and plan.elements[route.target].role is not Role.COLLECT:
            inputs.setdefault(route.target, set()).add(route.input)
    return frozenset(element for element, names in inputs.items() if len(names) > 1)
