"""Ranks that have been at work without a commit, and what the kernel says of those on the node of rank 0."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence, Set
from collections.abc import Mapping as Table
from typing import TYPE_CHECKING, NamedTuple

from hpcd4p.live.facts import InCall, Kernel
from hpcd4p.live.kernel import Looks, in_words, is_file_lock, lock_in_words, waits_in
from hpcd4p.plan.model import Mapping, Role

if TYPE_CHECKING:
    from hpcd4p.plan.model import Plan

IN_CALL_S = 1.5
"""A rank that has committed nothing for so long is told of."""

MOST_CALLS = 16
"""Ranks that are looked at each time, and that are told of: 40 µs each."""

RESTS = ("poll", "nanosleep")
"""Part of the name of the function of the kernel in which a rank rests; the second in the static mapping."""

LOOKS = 5
"""That are remembered."""


class _Found(NamedTuple):
    """A rank with work at one look."""

    rank: int
    pid: int
    blocked: bool
    """It waits for a file in the kernel."""
    locked: bool
    """It waits for a file lock."""
    waits_for: str


class NodeCalls:
    """Of one run."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._here = os.uname().nodename
        self._rests = RESTS[plan.mapping is Mapping.STATIC]
        self._looks = Looks()
        self._past: deque[list[_Found]] = deque(maxlen=LOOKS)

    def look(
        self,
        at_work: Sequence[tuple[int, float]],
        processes: Table[int, int],
        pending: Table[int, int],
        holds: Callable[[int], Set[int]],
        now: float,
    ) -> tuple[list[InCall], Kernel]:
        """Those that are in a call for long, and what ranks with work do in the kernel.

        Parameters
        ----------
        at_work
            See `RankStates.at_work`.
        processes
            Of ranks on this node.
        holds
            Elements of which a rank holds partitions.
        """
        eldest = sorted(at_work, key=lambda each: -each[1])
        here = [each for each in eldest if each[0] in processes][:MOST_CALLS]
        calls = {rank: since for rank, since in eldest[:MOST_CALLS] if since >= IN_CALL_S}
        known: dict[int, InCall] = {}
        found: list[_Found] = []
        self._looks.keep([str(processes[rank]) for rank, _ in here])
        for rank, since in here:
            pid = processes[rank]
            look = self._looks.look(str(pid), now)
            if look is None:
                continue
            function = waits_in(str(pid)) if look.state in "SD" else ""
            locked = is_file_lock(function)
            waits_for = lock_in_words(pid) if locked else in_words(function)
            found.append(_Found(rank, pid, look.state == "D", locked, waits_for))
            if since >= IN_CALL_S and not self._may_rest(rank, function):
                known[rank] = InCall(
                    rank, since, (), self._here, pid, cpu=look.cpu, state=look.state, waits_for=waits_for
                )
        self._past.append(found)
        told = [
            known[rank] if rank in known else InCall(rank, since, (), "")
            for rank, since in calls.items()
            if rank in known or (rank not in processes and rank in self._plan.pool_ranks)
        ]
        return [
            call._replace(elements=self._names(call.rank, pending, holds)) for call in told
        ], self._kernel()

    def _may_rest(self, rank: int, function: str) -> bool:
        """Whether a rank with partitions waits as it does where it has nothing to do; tasks say who works."""
        return rank not in self._plan.pool_ranks and self._rests in function

    def _names(self, rank: int, pending: Table[int, int], holds: Callable[[int], Set[int]]) -> list[str]:
        """Elements in which a rank may be: those that it holds or, of a rank of the pool, all of the pool."""
        held = holds(rank)
        under_way = [e for e in self._plan.elements if pending.get(e.index)]
        found = [e.name for e in under_way if e.index in held]
        if rank in self._plan.pool_ranks:
            found += [e.name for e in under_way if e.role is Role.POOL]
        return found or [e.name for e in under_way if e.role is Role.ROOT]

    def _kernel(self) -> Kernel:
        found = [each for past in self._past for each in past]
        blocked, locked = [each for each in found if each.blocked], [each for each in found if each.locked]
        either = blocked or locked
        if not either:
            return Kernel(len(self._past))
        last = either[-1]
        return Kernel(
            len(self._past),
            len(blocked) / len(found),
            len(locked) / len(found),
            sorted({each.rank for each in either}),
            last.waits_for,
            self._here,
            last.pid,
        )
