"""What a step says of places, in words, and what its answer says of them. Pure; few runs have any."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from hpcd4p.wire.ask import Awaited, OrderAsk
from hpcd4p.wire.codec import weight
from hpcd4p.wire.messages import Commit, Publication, Reply
from hpcd4p.wire.place import Lane, Place, outstanding, read, watermarks

NOTHING_ASKED = OrderAsk()


def place_words(
    commit: Commit, published: Sequence[tuple[Publication, bytes]], ask: OrderAsk | None
) -> list[Any]:
    """The words, behind their number; `published` has the tasks with places as ``step.lua`` keeps them."""
    ask = ask or NOTHING_ASKED
    tasks: list[Any] = []
    for each, entry in published:
        assert each.place is not None
        place = each.place
        known = _outstanding(outstanding(place, each.progress))
        tasks += (each.element, place.age, f"{place.path}/{place.origin}/{place.reach}", known, entry)
    origins = dict.fromkeys(origin for _, origin in ask.watch)
    waits = [(_lane(lane), path) for lane, path in ask.waits.items()]
    at = [] if ask.at is None else [_lane(ask.at.lane), ask.at.path]
    words: list[Any] = []
    for each_of, list_ in (
        (2, [*chain.from_iterable(commit.bounds.items())]),
        (5, tasks),
        (1, list(map(_outstanding, commit.begun))),
        (1, list(map(_outstanding, commit.settled))),
        (1, list(ask.oldest)),
        (1, list(map(_lane, ask.watch))),
        (1, list(origins)),
        (2, [*chain.from_iterable(waits)]),
        (2, at),
    ):
        words += (len(list_) // each_of, *list_)
    return [len(words), *words]


def sizes(published: Iterable[tuple[Publication, bytes]]) -> int:
    """Bytes that wait for the sake of these tasks."""
    return sum(weight(each.payload) for each, _ in published)


def read_places(
    reply: Reply, watch: Sequence[Lane], least: list[bytes], bounds: list[bytes], stalled: int
) -> None:
    """Add to a reply what an answer says of places."""
    paths = [place.decode().rpartition(":")[2] or None for place in least]
    origins = dict.fromkeys(origin for _, origin in watch)
    known = {origin: bound.decode() for origin, bound in zip(origins, bounds, strict=True) if bound}
    reply.watermarks = watermarks(dict(zip(watch, paths, strict=True)), known, tuple(watch))
    reply.stalled = bool(stalled)


def awaited(found: list[bytes], leased: list[Any]) -> list[Awaited]:
    """What ``awaited.lua`` has found."""
    tasks: dict[tuple[Lane, str], tuple[int, int | None]] = {}
    for holder, line in zip(leased[::2], leased[1::2], strict=True):
        element, _, died, *progress = line.decode().split()
        place = read(died.partition("@")[2].partition("/")[0])
        path = outstanding(place, [int(number) for number in progress]).path
        tasks[place.lane, path] = int(element), int(holder)
    told = []
    for field, least, in_line in zip(found[::3], found[1::3], found[2::3], strict=True):
        word, rank = field.decode().split()
        reach, origin = map(int, word.split(":"))
        lane, path = (reach, origin), least.decode()
        task = (int(in_line), None) if in_line else tasks.get((lane, path))
        if task is not None:
            told.append(Awaited(int(rank), lane, path, *task))
    return told


def _lane(lane: Lane) -> str:
    return f"{lane[0]}:{lane[1]}"


def _outstanding(place: Place) -> str:
    return f"{place.reach}:{place.origin}:{place.path}"
