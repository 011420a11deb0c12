"""Which porters of other nodes live, and what is lost with one that does not. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from hpcd4p.control.liveness import LOOKS
from hpcd4p.wire.nodes import PORTERS


class Porters:
    """Those of one run; one is there from its first word on."""

    def __init__(self) -> None:
        self._unseen: dict[int, int] = {}
        """By porter: looks in a row that did not see it."""

    def look(self, heard: Collection[int], alive: Collection[int] | None) -> list[int]:
        """Note who has ever sent something, and, if that is known, who is connected; gives who has died."""
        for porter in heard:
            if porter >= PORTERS:
                self._unseen.setdefault(porter, 0)
        here = self.here()
        if alive is not None:
            for porter in here:
                self._unseen[porter] = 0 if porter in alive else self._unseen[porter] + 1
        return [porter for porter in here if self._unseen[porter] >= LOOKS]

    def here(self) -> list[int]:
        """Porters that can be given orders."""
        return [porter for porter, looks in self._unseen.items() if looks < LOOKS]

    def lost(self, lines: Mapping[int, int]) -> int | None:
        """A node whose porter has died while tasks wait in its line; `lines`: how many, by node."""
        died = [porter - PORTERS for porter in self._unseen if porter not in self.here()]
        return next((node for node in died if lines.get(node)), None)
