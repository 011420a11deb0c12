"""The state of an instance as pickles: all of it in one, or key by key where that is the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from hpcd4p.runtime.rank.alone import are_alone, are_plain
from hpcd4p.runtime.rank.changes import Since, changed
from hpcd4p.runtime.rank.image_file import AGAIN, FRESH, KEYS, WHOLE, ImageWriter, Written
from hpcd4p.workflow.elements import KeyedPE
from hpcd4p.workflow.nameless import are_nameless, dump_nameless

if TYPE_CHECKING:
    from hpcd4p.runtime.execute.instance import Instance
    from hpcd4p.wire.resumption import Key

Dump = Callable[[Any, Written], None]

FIRST_KEYS = 16
MOST_KEYS = 4096
PART_BYTES = 1 << 20
"""A part has the states of as many keys as take about this; the first one tells how large they are."""


class StateWriter:
    """Writes states.

    Parameters
    ----------
    dump
        Pickles into a file.

    Attributes
    ----------
    shared
        Elements of which states of keys could not be written each by itself.
    """

    def __init__(self, writer: ImageWriter, dump: Dump) -> None:
        self.shared: set[int] = set()
        self._writer = writer
        self._dump = dump

    def write(self, key: Key, instance: Instance, since: Since | None) -> None:
        """Write that of an instance.

        Parameters
        ----------
        since
            What has changed of it, if the files before this one have the rest.
        """
        table = instance.table
        if since is not None:
            old, new = changed(table, since)
            keys = [*old, *new]
            if are_plain(old) and _apart(map(table.__getitem__, keys)):
                self._put(key, AGAIN, instance.pe)
                self._put_keys(key, zip(keys, map(table.__getitem__, keys), strict=True))
                return
        keyed = isinstance(instance.pe, KeyedPE)
        if keyed and _apart(iter(table.values())):
            self._put(key, FRESH, instance.pe)
            self._put_keys(key, iter(table.items()))
            return
        if keyed:
            self.shared.add(key[0])
        self._put(key, WHOLE, (instance.pe, table))

    def _put(self, key: Key, kind: int, thing: Any, dump: Dump | None = None) -> int:
        self._writer.begin(key, kind)
        before = self._writer.bytes[kind]
        (dump or self._dump)(thing, self._writer)
        self._writer.end()
        return self._writer.bytes[kind] - before

    def _put_keys(self, key: Key, pairs: Iterator[tuple[Any, Any]]) -> None:
        count = FIRST_KEYS
        while part := list(islice(pairs, count)):
            dump = dump_nameless if are_nameless(part) else self._dump
            size = self._put(key, KEYS, part, dump)
            count = max(1, min(MOST_KEYS, len(part) * PART_BYTES // max(1, size)))


def _apart(states: Iterator[Any]) -> bool:
    """Whether the states of keys can be saved without each other."""
    while True:
        part = [list(islice(states, MOST_KEYS))]
        if not part[0]:
            return True
        if not are_alone(part.pop()):  # nobody else may hold what is looked at
            return False
