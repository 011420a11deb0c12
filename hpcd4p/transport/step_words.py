"""What a rank says to the script ``step``, in words; and which tasks it has. Pure.

Most numbers of a step go packed in one word: each word has to be written, sent and read by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from struct import Struct
from typing import TYPE_CHECKING, Any

from hpcd4p.transport.held import Held
from hpcd4p.transport.wanted import Wanted
from hpcd4p.wire.ask import Ask, Availability
from hpcd4p.wire.codec import block_of, weight
from hpcd4p.wire.messages import Commit, Entry, Publication

if TYPE_CHECKING:
    from hpcd4p.wire.nodes import Nodes
    from hpcd4p.wire.place import Lane

STRETCH = 1000
"""So many tasks are added with one command; Lua takes no more than 8000 words at once."""

SEATS = 10_000
"""The scores of the ranks of a node begin at a multiple of this, so that it can be rung before all others."""

_LAST = 1_000_000_000
"""Added to the score of a rank that is rung after the others; the head is rung after those."""

_HEADER = Struct("<iqi4b5iqi")
"""See ``step.lua``."""

_NO_ENTRY = Entry(b"", 0)


class StepWords:
    """The words of one rank.

    Parameters
    ----------
    streams
        Elements that have tasks.
    low
        Tasks and bytes that wait: the head is rung when they fall to so little.
    nodes
        The node of each rank.

    Attributes
    ----------
    held
        The tasks that the rank has.
    node
        Where it lives; None where all live on one.
    watch
        The lanes of which the last step wants the watermarks.
    """

    def __init__(
        self,
        rank: int,
        streams: Sequence[int],
        low: tuple[int, int],
        shared: bool,
        nodes: Nodes = (),
    ) -> None:
        self.held = Held(streams)
        self._rank = rank
        self._wanted = Wanted(streams)
        self._low = low
        self._shared = shared
        self.node: int | None = None
        self.watch: Sequence[Lane] = ()
        self._seat = rank
        """Its score among the idle."""
        if nodes:
            from hpcd4p.wire.nodes import node_of

            node = self.node = node_of(rank, nodes)
            self._seat = node * SEATS + nodes[:rank].count(node)

    def of(self, commit: Commit, ask: Ask, entry: Entry | None) -> list[Any]:
        """The words of a step; what is done in it is held until the answer is read."""
        leases = len(self.held)
        done, gone = self.held.finish(commit.done)
        count, nearby, size, published = self._stretches(commit.publish)
        take, spans = self._wanted.split(ask.take)
        rest = self._rest(commit, ask, gone, entry or _NO_ENTRY, leases)
        places: list[Any] = []
        self.watch = ()
        if ask.order is not None or commit.settled or commit.bounds or any(p.place for p in commit.publish):
            from hpcd4p.transport.place_words import place_words, sizes

            placed = [(each, entry_of(each)) for each in commit.publish if each.place is not None]
            places = place_words(commit, placed, ask.order)
            size += sizes(placed)
            self.watch = ask.order.watch if ask.order is not None else ()
        flags = ask.want_service, self._shared, bool(rest) + 2 * bool(places)
        lives = 0 if self.node is None else self.node + 1
        numbers = lives, done, len(commit.counts), count, nearby, size, len(take) - len(spans)
        header = _HEADER.pack(*self._low, self._score(ask.availability), ask.availability, *flags, *numbers)
        words = [self._rank, header, commit.tx or "", *chain.from_iterable(commit.counts.items())]
        words += published
        words += take or spans
        words += places
        words += rest
        return words

    def _score(self, availability: Availability) -> int:
        """Its place among the idle: the lowest is rung first."""
        if availability is not Availability.LENDS:
            return self._seat
        return _LAST + (self._rank or _LAST)

    def _stretches(self, publish: Sequence[Publication]) -> tuple[int, int, int, list[bytes | int]]:
        """As `stretches`, with how many of them, the last ones, are for the line of the rank's node."""
        if any(each.place for each in publish):
            publish = [each for each in publish if each.place is None]
        if self.node is None:
            count, size, words = stretches(publish)
            return count, 0, size, words
        far = [each for each in publish if block_of(each.payload) is None]
        near = [each for each in publish if block_of(each.payload) is not None]
        (count, size, words), (nearby, more, others) = stretches(far), stretches(near)
        return count + nearby, nearby, size + more, words + others

    def _rest(self, commit: Commit, ask: Ask, gone: list[int], entry: Entry, leases: int) -> list[Any]:
        """What seldom belongs to a step; empty if none of it does."""
        # what is done in the same step has no progress any more
        places = [(self.held.place((e, id_)), numbers) for e, id_, numbers in commit.progress]
        progress = [(place, " ".join(map(str, numbers))) for place, numbers in places if place is not None]
        plain = (ask.ring, ask.congest, ask.relieve, gone)
        if not (entry.account or any(plain) or progress or commit.dead or commit.stats):
            return []
        words: list[Any] = [*entry, leases]
        for each in plain:
            words += (len(each), *each)
        words += (len(progress), *chain.from_iterable(progress))
        words += (len(commit.dead), *commit.dead)
        words += (len(commit.stats), *chain.from_iterable(commit.stats.items()))
        return words


def stretches(publish: Sequence[Publication]) -> tuple[int, int, list[bytes | int]]:
    """How many stretches of tasks of one element there are, their bytes, and their words.

    A task is a line with its element, tuples, attempts and progress, and the payload. Behind the attempts
    stands, after a slash, who died beside a rank.
    """
    words: list[bytes | int] = []
    count = size = start = 0
    last = -1
    for each in publish:
        if each.element != last or len(words) - start > STRETCH + 1:
            count, last, start = count + 1, each.element, len(words)
            words += (each.element, 0)
        words.append(entry_of(each))
        words[start + 1] = len(words) - start - 2
        size += weight(each.payload)
    return count, size, words


def entry_of(task: Publication) -> bytes:
    """The task as Redis keeps it; behind the attempts stands its place, if it has one."""
    element, tuples, payload, attempts, progress, beside, place = task
    parts = (b" %d" * len(progress)) % progress if progress else b""
    died = b"/" + beside.replace(" ", "_").encode() if beside else b""
    if place is not None:
        died = f"@{place.word}".encode() + died
    return b"".join([b"%d %d %d%b%b\n" % (element, tuples, attempts, died, parts), payload])
