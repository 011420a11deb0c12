"""Whether an element has changed anything that it can keep from one tuple to the next.

Owns one element's fingerprint from before its first tuple, and how often it is compared: after 1, 2, 4, 8,
... tuples, and before each commit as long as that takes no more than a `SHARE` of the element's own time.
"""

from __future__ import annotations

import gc
import sys
from collections import Counter
from typing import Any

from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.execute.fingerprint import Same, digest, fingerprint
from hpcd4p.workflow.generic import GenericPE
from hpcd4p.workflow.places import Place, held_by, places

SHARE = 1 / 256
"""Part of the time inside an element that looking for changes may take."""

FREE_S = 0.01
"""Seconds on top of that: the first tuples tell most."""

SLOW_S = 0.005
"""A value whose fingerprint takes longer is compared by identity only. Seconds of a core: on a full machine
any may take long by the clock, and a change that nobody looks for is a wrong answer that nobody tells."""

ENGINE = ("_sink", "_log_sink", "inputconnections", "outputconnections", "pickleIgnore")
"""Attributes that are the engine's, not the element's."""

_BY_NAME = sys.version_info >= (3, 13)
"""Reading ``__dict__`` of an object makes its attributes slower in earlier versions of Python (DECISIONS)."""

_ABSENT = "absent"
_DATA = frozenset(
    {"list", "tuple", "deque", "dict", "defaultdict", "OrderedDict", "Counter", "set", "frozenset",
     "bytearray", "array", "ndarray", "bool", "float", "again"}
)  # fmt: skip

Held = dict[Any, Any]


class Watched:
    """One element, and what it held before its first tuple.

    Parameters
    ----------
    caches
        What it may change, by the plan's reading of its source (`ElementPlan.caches`).
    only
        If given, only these are looked at; in the words of `workflow.places`.
    own
        Whether its own attributes are looked at.

    Attributes
    ----------
    next
        Tuples after which to look again in any case.
    unseen
        Whether something was committed since the last look.
    """

    def __init__(
        self,
        pe: GenericPE,
        clock: Clock,
        caches: tuple[str, ...] = (),
        only: tuple[str, ...] | None = None,
        own: bool = True,
    ) -> None:
        self._cpu = clock.cpu
        self.pe = pe
        self.places: list[Place] = places(pe)
        self.next = 1
        self.unseen = False
        self.spent_s = 0.0
        self._caches = frozenset(caches)
        self._only = None if only is None else frozenset(only)
        self._own = own
        self._by_name = _BY_NAME or any(name.startswith("self.") for name in caches)
        self._dull: dict[Any, Any] = {}
        self._before = self._read(first=True)
        again = self._read()
        for name in [n for n in again if again[n] != self._before.get(n)]:
            self._dull[name] = None  # it is never the same, so a change of it means nothing
            self._before[name] = None

    def worth(self, busy_s: float) -> bool:
        """Whether one more look is affordable for an element that has worked for `busy_s`."""
        return self.spent_s <= FREE_S + SHARE * busy_s

    def look(self, tuples: int) -> list[str]:
        """What has changed since the last look, in words; the next look compares with the present state.

        Parameters
        ----------
        tuples
            How many the element has worked on so far.
        """
        began = self._cpu()
        while self.next <= tuples:
            self.next *= 2
        now = self._read()
        before, self._before = self._before, now
        changed: list[str] = []
        self.fills = ""
        if now != before:
            changed = self._changed(before, now)
        self.spent_s += self._cpu() - began
        return changed

    fills = ""
    """Of the last look: if all that changed was that nothing became an object (a model was loaded), its
    content in short."""

    def _changed(self, before: Held, now: Held) -> list[str]:
        own = [
            dict(p for p in held.items() if isinstance(p[0], int) or p[0].startswith("self."))
            for held in (before, now)
        ]
        names = [n for n in {**now, **before} if now.get(n, _ABSENT) != before.get(n, _ABSENT)]
        if any(isinstance(n, int) for n in names):
            extra = Counter(own[1].values()) - Counter(own[0].values())
            gone = Counter(own[0].values()) - Counter(own[1].values())
            names = [n for n in names if n not in own[0] and n not in own[1]]
            if extra or gone:
                self._by_name = True
                self._before = named = self._read()
                mine = [
                    n for n in named if isinstance(n, str) and n.startswith("self.") and named[n] in extra
                ]
                if all(old is None for old in gone) and not names:
                    self._note_fill([None], list(extra))
                return [*(mine or ["its attributes"]), *names]
            return names
        self._note_fill([before.get(n) for n in names], [now.get(n) for n in names])
        return names

    def _note_fill(self, before: list[Any], now: list[Any]) -> None:
        if now and all(old is None for old in before) and all(map(_is_object, now)):
            self.fills = digest(sorted(now, key=repr))

    # ---- what is there

    def _read(self, first: bool = False) -> Held:
        prints: Held = {}
        for name, value in self._values():
            if name in self._caches:
                continue
            if name in self._dull:
                prints[name] = self._dull[name] and Same(value)
                continue
            began = self._cpu()
            prints[name] = fingerprint(value)
            if first and self._cpu() - began > SLOW_S:
                self._dull[name] = True
                prints[name] = Same(value)
        return prints

    def _values(self) -> list[tuple[Any, Any]]:
        pairs: list[tuple[Any, Any]] = []
        for place in self.places:
            pairs += place.held().items()
        if self._only is not None:
            return [pair for pair in pairs if pair[0] in self._only]
        if not self._own:
            return pairs
        pe = self.pe
        ours = (type(pe), *(getattr(pe, name, None) for name in ENGINE))
        held = [v for v in gc.get_referents(pe) if not any(v is each for each in ours)]
        if self._by_name or any(type(v) is dict and "pickleIgnore" in v for v in held):
            named = [pair for held in held_by(pe) for pair in held.items()]
            pairs += [(f"self.{n}", v) for n, v in named if n not in ENGINE]
        else:
            pairs += enumerate(held)
        return pairs


def _is_object(print_: Any) -> bool:
    """Whether a fingerprint is that of something other than plain data."""
    return isinstance(print_, Same) or (isinstance(print_, tuple) and print_[0] not in _DATA)
