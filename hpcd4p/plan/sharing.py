"""Elements that share what one of them changes: a global, a class, the default of a function.

In one process there is one such thing, on several ranks one for each. So if reading the source shows that one
element changes what another one mentions, both are placed on one rank. Where that is not possible (a source
is on the head), and for what reading does not show, `ElementPlan.shared` names what is shared, and the rank
that runs the element watches whether it changes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from hpcd4p.plan.changes import caches, changed_places
from hpcd4p.plan.model import HEAD, ElementPlan, Role
from hpcd4p.workflow.generic import GenericPE
from hpcd4p.workflow.places import Search

Word = tuple[tuple[str, int], str]
"""Key of a place, and the name in it, in words."""


class Sharing:
    """What the elements `pes` share; those with ``stateful = False`` are left out.

    Parameters
    ----------
    by_value
        Whether the content of ``__main__`` travels with each element: then on other ranks no two share it.
    """

    def __init__(self, pes: Sequence[GenericPE], by_value: bool) -> None:
        self._pes = pes
        self._users: dict[Word, list[int]] = {}
        self._torn: set[Word] = set()
        self._groups: list[set[int]] = []
        for i, pe in enumerate(pes):
            for place in Search(pe).places.values() if pe.stateful is not False else ():
                for name in place.data():
                    word = place.key, name
                    self._users.setdefault(word, []).append(i)
                    if by_value and place.in_main:
                        self._torn.add(word)
        self._users = {word: users for word, users in self._users.items() if len(users) > 1}

    def together(self, plans: list[ElementPlan]) -> list[ElementPlan]:
        """The same elements; those that share what one with a fixed place changes have a fixed place, too."""
        made = list(plans)
        words: dict[int, list[Word]] = {}
        for word, users in self._users.items():
            for i in users:
                words.setdefault(i, []).append(word)
        done = set(self._torn)
        for e in plans:
            mine = [word for word in words.get(e.index, ()) if word not in done]
            if not mine or e.role is not Role.STATE:
                continue
            changed = changed_places(self._pes[e.index])
            for word in mine:
                if word[1] in changed:
                    done.add(word)
                    users = self._users[word]
                    self._group(users)
                    for i in users:
                        made[i] = _joined(made[i], f"{word[1]}, which {e.name} changes")
        return made

    def _group(self, users: list[int]) -> None:
        joined = {*users}.union(*(g for g in self._groups if g & {*users}))
        self._groups = [*(g for g in self._groups if not g & joined), joined]

    def in_line(self, plans: list[ElementPlan]) -> list[ElementPlan]:
        """The same elements; those that share something begin at the same rank."""
        made = list(plans)
        for group in self._groups:
            fixed = [i for i in group if made[i].role.fixed]
            for i in fixed:
                made[i] = made[i]._replace(first=min(plans[k].first for k in fixed))
        return made

    def shared(
        self, plans: Sequence[ElementPlan], hosts: Sequence[int], pool: Sequence[int]
    ) -> list[ElementPlan]:
        """The same elements with what they share and may not have in common.

        Parameters
        ----------
        hosts, pool
            Ranks of the stateful group, and of the pool.
        """
        words: dict[int, list[str]] = {}
        for word, users in self._users.items():
            if word not in self._torn:
                if all(plans[i].role is Role.POOL for i in users):
                    continue  # a rank on which it changes claims all of them
                if len(_ranks((plans[i] for i in users), hosts, pool)) == 1:
                    continue
            for i in users:
                words.setdefault(i, []).append(word[1])
        harmless = {word for i in words for word in caches(self._pes[i])}
        harmless -= {word for i in words if harmless for word in changed_places(self._pes[i])}
        for i, mine in words.items():
            words[i] = sorted(set(mine) - harmless)
        return [e._replace(shared=tuple(words.get(e.index, ()))) for e in plans]


def _ranks(plans: Iterable[ElementPlan], hosts: Sequence[int], pool: Collection[int]) -> set[int]:
    """Ranks on which an instance of any of them may be."""
    ranks: set[int] = set()
    for e in plans:
        if e.role is Role.ROOT:
            ranks.add(HEAD)
        if e.role is Role.POOL or e.movable:
            ranks |= set(pool)
        elif e.role.fixed:
            ranks |= {e.host(p, hosts) for p in range(e.partitions)}
    return ranks


def _joined(e: ElementPlan, words: str) -> ElementPlan:
    if e.role is Role.ROOT:
        return e._replace(movable=False)  # it stays with the head
    if e.role is Role.POOL:
        reason = f"holds state: it shares {words}"
        return e._replace(role=Role.STATE, partitions=1, reason=reason, caches=(), together=words)
    return e._replace(together=e.together or words)
