"""Undeclared state that shows at run time: which rank may commit what a changed element has done.

Every rank of the pool looks whether the elements that it runs have changed (`Watched`), after their first
tuple and before it commits. As long as an element has not, all instances are alike, and what each has done
could have been done first in one process. A rank whose instance has changed *claims* the element: the first
to ask owns it from then on, and gets all its tasks; whoever asks in vain forgets what it has not committed
and gives its task back. So the result is that of one instance. Nothing begins again, and elements that do not
change wait for nobody. Owns these rules for one rank; `Broker.claim` decides between ranks. (The idea is that
of optimistic concurrency control: Kung and Robinson, ACM Trans. Database Syst. 6:213, 1981.)

An element that first fills something in (loads a model) and then stays the same holds no state: its owner
releases it, and the others may go on if they find the same content.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TYPE_CHECKING

from hpcd4p.logs import module_log
from hpcd4p.plan.model import Plan, Role
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.runtime.execute.loops import Leave
from hpcd4p.runtime.execute.watch import Watched
from hpcd4p.transport.broker import Claim
from hpcd4p.wire.reports import Claimed, Doubted
from hpcd4p.workflow.places import Place, places

if TYPE_CHECKING:
    from hpcd4p.workflow.generic import GenericPE

QUIET_TUPLES = 2
"""An element that has filled something in and is the same after so many more tuples holds no state."""

ToHead = Callable[[Claimed | Doubted], None]

AskClaim = Callable[[int, Claim, str], bool]

NOBODY: Mapping[int, int] = {}
"""The owners when no element has one."""


_log = module_log(__name__)


def refuse(element: int, claim: Claim, digest: str) -> bool:
    """The `claim` of a `Probation` that only inspects: there is nothing to claim."""
    raise NotImplementedError


class Abandoned(Leave):
    """Raised through a call: another rank has to do what this rank has not committed."""


class Probation:
    """The elements of the pool that one rank runs.

    Parameters
    ----------
    tell
        Called with reports for the head.
    claim
        See `Broker.claim`; `refuse` where elements are only inspected.
    owners
        What the broker said last: rank by element. Kept up to date by the rank.
    """

    def __init__(
        self,
        plan: Plan,
        elements: list[GenericPE],
        rank: int,
        tell: ToHead,
        clock: Clock,
        claim: AskClaim = refuse,
        owners: Mapping[int, int] = NOBODY,
    ) -> None:
        self.owners = owners
        self._plan = plan
        self._elements = elements
        self._rank = rank
        self._ask = claim
        self._clock = clock
        self._tell = tell
        self._watched: dict[int, Watched] = {}
        self._mine: set[int] = set()
        self._of_others: set[int] = set()
        self._filled: dict[int, tuple[str, int]] = {}  # digest, tuples by then; no answer or a free one yet
        self._said: set[tuple[type, int]] = set()
        self._held_by: dict[Hashable, list[int]] | None = None

    def begin(self, instance: Instance) -> None:
        """Watch a new instance; not one of ``stateful = False``, for its author knows."""
        element = instance.plan
        if instance.pe.stateful is None:
            watched = self._watched[element.index] = Watched(instance.pe, self._clock, element.caches)
            self._note(element.index, watched.places)  # `preprocess` may have made some

    def begin_fixed(self, instance: Instance) -> None:
        """Watch an instance with a fixed rank, as far as elements elsewhere share what it may change."""
        element = instance.plan
        if element.role is Role.PINNED and element.partitions > 1:
            self.begin(instance)
        elif element.shared and element.index not in self._watched:
            self._watched[element.index] = Watched(instance.pe, self._clock, element.caches, element.shared)

    # ---- who runs what

    def elsewhere(self, element: int) -> bool:
        """Whether only another rank may run `element`."""
        return element in self._of_others or self.owners.get(element, self._rank) != self._rank

    def here(self, wanted: list[int]) -> list[int]:
        """Those of `wanted` that this rank may run."""
        if not self.owners and not self._of_others:
            return wanted
        return [e for e in wanted if not self.elsewhere(e)]

    def alone(self, element: int) -> bool:
        """Whether `element` must not be run inside another one's task now.

        A rank that owns an element could not forget its transaction if `element` turned out to belong to
        another rank.
        """
        return bool(self._mine) and element not in self._mine and self._is_new(element)

    def _is_new(self, element: int) -> bool:
        watched = self._watched.get(element)
        return watched.next == 1 if watched is not None else self._says_nothing(element)

    def _says_nothing(self, element: int) -> bool:
        return self._elements[element].stateful is None

    # ---- what has changed

    def due(self, instance: Instance) -> bool:
        """Whether to look at `instance` now, in the middle of a task."""
        watched = self._watched.get(instance.plan.index)
        return watched is not None and instance.tuples >= watched.next

    def vouch(self, ran: Iterable[Instance], clean: Callable[[set[int]], bool]) -> None:
        """Make sure that what `ran` did may be committed.

        Parameters
        ----------
        clean
            Whether the current transaction could be forgotten, given the elements that this rank owns.

        Raises
        ------
        Abandoned
            It may not be committed, and must be forgotten.
        """
        for instance in ran:
            e = instance.plan.index
            watched = self._watched.get(e)
            if watched is None:
                continue
            pending = self._filled.get(e)
            if pending is None and instance.tuples < watched.next and not watched.worth(instance.busy_s):
                watched.unseen = True
                continue
            what = watched.look(instance.tuples)
            unseen, watched.unseen = watched.unseen, False
            if what:
                self._changed(e, what, watched.fills, instance.tuples, unseen, clean)
            elif pending is not None:
                self._quiet(e, *pending, instance.tuples, clean)

    def inspect(self, instance: Instance, must: bool = False) -> None:
        """Look at an element that has instances elsewhere: a change can only be reported, not prevented.

        Parameters
        ----------
        must
            Whether to look even if it is not affordable.
        """
        e = instance.plan.index
        watched = self._watched.get(e)
        if watched is None:
            return
        if not must and instance.tuples < watched.next and not watched.worth(instance.busy_s):
            watched.unseen = True
            return
        watched.unseen = False
        what = watched.look(instance.tuples)
        if what and watched.fills and e not in self._filled:
            self._filled[e] = watched.fills, instance.tuples  # once: a model, say
        elif what:
            del self._watched[e]
            self.doubt(e, _in_words(what))

    def _changed(
        self,
        e: int,
        what: list[str],
        fills: str,
        tuples: int,
        unseen: bool,
        clean: Callable[[set[int]], bool],
    ) -> None:
        words = _in_words(what)
        if unseen:
            self._say(Doubted(self._rank, e, words))
        if fills and e not in self._filled and not unseen:
            self._filled[e] = fills, tuples
            if not self._claim(e, Claim.FILL, fills):
                self._refused(e, words, clean, spoiled=False)
            return
        if set(what) & set(self._plan.elements[e].shared):
            self.doubt(e, words)  # who shares it has a fixed place
        kin = self._kin(e, what)
        self._filled.pop(e, None)
        for each in kin:
            if self._claim(each, Claim.REAL):
                self._mine.add(each)
                self._watched.pop(each, None)
            elif each == kin[0]:  # everybody asks in this order
                self._refused(e, words, clean, spoiled=True)
                return
            else:
                self._say(Doubted(self._rank, e, words))
        self._say(Claimed(self._rank, e, words))

    def _quiet(self, e: int, fills: str, at: int, tuples: int, clean: Callable[[set[int]], bool]) -> None:
        """Handle that `e` has filled something in and not changed since."""
        if not self._claim(e, Claim.FILL, fills):
            self._refused(e, "what it keeps", clean, spoiled=False)
        elif tuples >= at + QUIET_TUPLES:
            self._claim(e, Claim.RELEASE, fills)
            del self._filled[e]

    def _refused(self, e: int, words: str, clean: Callable[[set[int]], bool], spoiled: bool) -> None:
        """Handle that another rank owns `e`, or an element that shares its state."""
        if spoiled:
            self._of_others.add(e)
        if clean(self._mine):
            raise Abandoned
        self._say(Doubted(self._rank, e, words))

    def _claim(self, element: int, claim: Claim, digest: str = "") -> bool:
        granted = self._ask(element, claim, digest)
        name, what = self._plan.elements[element].name, "granted" if granted else "refused"
        _log.debug("%s has changed here: claim %s was %s", name, claim.name, what)
        return granted

    def _kin(self, e: int, what: list[str]) -> list[int]:
        """`e`, and the elements that share some of what has changed with it."""
        watched = self._watched[e]
        keys = {place.key for place in watched.places if any(name in what for name in place.held())}
        if not keys:
            return [e]
        holders = self._holders()
        return sorted({e}.union(*(holders.get(key, ()) for key in keys)))

    def _holders(self) -> dict[Hashable, list[int]]:
        """Elements that can keep something at a place, by its key; made when the first has changed."""
        if self._held_by is None:
            self._held_by = {}
            for e in filter(self._says_nothing, self._plan.streams):
                watched = self._watched.get(e)
                self._note(e, watched.places if watched is not None else places(self._elements[e]))
        return self._held_by

    def _note(self, e: int, of_it: list[Place]) -> None:
        if self._held_by is not None:
            for place in of_it:
                self._held_by.setdefault(place.key, []).append(e)

    def filled(self, e: int) -> str:
        """Content, in short, of what `e` has filled in here and not changed since; empty if it has not."""
        return self._filled[e][0] if e in self._filled else ""

    def doubt(self, e: int, words: str) -> None:
        """Report that `e` has changed after several ranks have run it."""
        self._say(Doubted(self._rank, e, words))

    def _say(self, report: Claimed | Doubted) -> None:
        key = type(report), report.element
        if key not in self._said:
            self._said.add(key)
            self._tell(report)

    def end(self, instances: Iterable[Instance]) -> list[Doubted]:
        """Elements whose change was not seen in time; called after the last commit."""
        changed = []
        for instance in instances:
            watched = self._watched.get(instance.plan.index)
            if watched is not None and watched.unseen:
                what = watched.look(instance.tuples)
                if what:
                    changed.append(Doubted(self._rank, instance.plan.index, _in_words(what)))
        return changed


def _in_words(what: list[str]) -> str:
    return ", ".join(what[:3]) + (" and more" if len(what) > 3 else "")
