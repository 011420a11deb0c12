"""From an outbox to a transaction on its way: tasks are cut and pickled, what cannot travel fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from hpcd4p.control.granularity import Granularity
from hpcd4p.control.sealing import goes_aside
from hpcd4p.errors import TupleTooLargeError
from hpcd4p.plan.model import Plan, Route
from hpcd4p.runtime.commit.outbox import Outbox
from hpcd4p.runtime.commit.owners import Owners
from hpcd4p.runtime.commit.window import Prepared
from hpcd4p.transport.broker import Blocks, Mesh
from hpcd4p.weight import weigh
from hpcd4p.wire.block import Block
from hpcd4p.wire.codec import LETTER, TASK, Codec, about, frame_sizes
from hpcd4p.wire.messages import MARK, Commit, Publication, Segment
from hpcd4p.wire.statistics import count_buffers

if TYPE_CHECKING:
    from hpcd4p.plan.settings import EngineSettings
    from hpcd4p.runtime.clock import Clock
    from hpcd4p.runtime.commit.placing import Placing
    from hpcd4p.wire.place import Numbering, Turn

MOST_TUPLE_BYTES = 128 << 20
"""Redis refuses values of 512 MB, and holds up to four copies of a payload while it goes in or out."""

WriteLetter = Callable[[int, Route | None, Any, Exception], None]
"""Makes a dead letter, in the outbox that is being sealed: (element that it was for, route that it was
written on or None if it is given back, tuple, why it cannot travel)."""


class Sealer:
    """Turns an outbox into a prepared transaction."""

    def __init__(
        self,
        plan: Plan,
        rank: int,
        mesh: Mesh,
        codec: Codec,
        granularity: Granularity,
        write_letter: WriteLetter,
        settings: EngineSettings,
        clock: Clock,
        owners: Owners,
        blocks: Blocks | None = None,
        placing: Placing | None = None,
    ) -> None:
        self._clock = clock
        self._placing = placing
        self._owners = owners
        self._blocks = blocks
        self._most_bytes = settings.max_task_bytes
        self._shared_bytes = settings.shared_bytes
        self._plan = plan
        self._rank = rank
        self._mesh = mesh
        self._codec = codec
        self._granularity = granularity
        self._write_letter = write_letter
        self._tx = 0
        routes = [*plan.routes, *map(plan.undeclared, range(plan.collector))]
        self._routes = {(r.target, r.input): r for r in routes}

    def seal(self, outbox: Outbox) -> Prepared:
        """Number the transaction, cut tasks, send messages. `outbox` must not be used again."""
        commit = Commit(self._tx + 1)
        commit.done = outbox.done
        commit.progress = outbox.progress
        commit.spent = outbox.spent
        placing, publish = self._placing, list(outbox.publish.items())
        if placing is not None:
            placing.begin(outbox)
            publish = placing.in_turn(publish)
        for route, values in publish:
            self._cut(route.target, route.input, values, commit, outbox, route)
        for piece in outbox.pieces.published if outbox.pieces is not None else ():
            target, port = piece.route.target, piece.route.input
            self._cut(target, port, piece.values, commit, outbox, piece.route, piece.numbers)
        for element, port, rest in outbox.rest:
            # tuples of the task itself, given back: they are pending already
            outbox.count(element, -len(rest))
            self._cut(element, port, rest, commit, outbox, None)
        self.send(outbox)
        self._tx += 1
        if placing is not None:
            placing.end(outbox, commit)
        # last: by now all tuples that cannot travel are known
        commit.counts = {e: delta for e, delta in outbox.counts.items() if delta}
        commit.stats = outbox.failed
        commit.dead = [self._codec.seal(row, about(LETTER)) for row in outbox.letters]
        commit.dead += [
            self._codec.seal((kind, tuples, None), about(LETTER)) for kind, tuples in outbox.alike.items()
        ]
        return Prepared(commit, outbox, self._clock.now())

    def _cut(
        self,
        element: int,
        port: str,
        values: list[Any] | range,
        commit: Commit,
        outbox: Outbox,
        route: Route | None,
        piece: Numbering | None = None,
    ) -> None:
        at = 0
        # a range of calls weighs nothing
        light = max(1, int(self._most_bytes / weigh(values))) if isinstance(values, list) else len(values)
        while at < len(values):
            part = values[at : at + min(self._granularity.cut_task(element), light)]
            try:
                frames = self._codec.frames((port, part))
            except Exception as error:  # noqa: BLE001  # user classes: pickling them may raise anything
                if len(part) == 1:
                    self._write_letter(element, route, part[0], error)
                    at += 1
                    continue
                good = self._picklable(list(part), element, route)
                if len(good) == len(part):  # each can be pickled alone, only all together cannot
                    light = 1
                values, at = good + list(values[at + len(part) :]), 0
                continue
            sizes = frame_sizes(frames)
            if sum(sizes) > self._most_bytes and len(part) > 1:
                light = len(part) // 2  # the guess was wrong: tuples are not alike
                continue
            at += len(part)
            place = (
                None
                if self._placing is None
                else self._placing.of_task(outbox, element, element if route is None else route.source, piece)
            )
            block = self._put_aside(frames[1:], sum(sizes[1:]), outbox, place is not None)
            through_redis = sizes[0] if block is not None else sum(sizes)
            if through_redis > MOST_TUPLE_BYTES:
                self._write_letter(
                    element, route, part[0], _too_large(through_redis, self._plan.elements[element].name)
                )
                continue
            payload = self._codec.seal_frames(frames, about(TASK, element, len(part)), block, outbox.born)
            outbox.count(element, len(part))
            commit.publish.append(
                Publication(element, len(part), payload, int(outbox.suspect), (), outbox.beside, place)
            )

    def _put_aside(self, buffers: list[Any], size: int, outbox: Outbox, placed: bool) -> Block | None:
        """Put the buffers of a task into shared memory, if that is the place for them."""
        if self._blocks is None or not goes_aside(size, self._shared_bytes):
            return None
        line = self._blocks.line
        # what lies in the line may have to be carried to another node; and it is in no order
        if line is not None and (placed or size > MOST_TUPLE_BYTES or not line.takes_one()):
            return None
        block = self._blocks.put(buffers)
        count_buffers(outbox.failed, size, block is not None)
        return block

    def send(self, outbox: Outbox) -> None:
        """Send what there is for partitions as part of the transaction that is being collected.

        Their owners set it aside until the transaction is committed.
        """
        for owner, segments, turn in self._messages(outbox):
            if owner == self._rank:
                outbox.local.append((segments, turn, outbox.born))
            else:
                place = "" if turn is None else f"{turn[0]}:{turn[1]}"
                try:
                    frames = self._codec.pack(segments, place, outbox.born)
                except Exception:  # noqa: BLE001  # user classes: pickling them may raise anything
                    segments = [
                        s._replace(
                            values=self._picklable(s.values, s.element, self._routes.get((s.element, s.port)))
                        )
                        for s in segments
                    ]
                    frames = self._codec.pack(segments, place, outbox.born)
                outbox.tickets.append((owner, self._mesh.send(owner, self._tx + 1, frames)))
            for segment in segments:
                outbox.count(segment.element, len(segment.values))
        outbox.keyed, outbox.onward = {}, []
        outbox.unsent = 0

    def _messages(self, outbox: Outbox) -> Iterator[tuple[int, list[Segment], Turn | None]]:
        """What there is to send: to whom, and its place if it has to wait for its turn.

        What is sent on while a task is at hand has nothing to do with its place, and is by itself.
        """
        placing, numbers = self._placing, outbox.numbers
        found: dict[tuple[int, bool], list[Segment]] = {}
        for key, values in outbox.keyed.items():
            goes_by_place = placing is not None and numbers is not None and key[0] in placing.ordered
            path = numbers.prefix if goes_by_place and numbers is not None else None
            for owner, segment in self._ways(Segment(*key, values), path):
                found.setdefault((owner, False), []).append(segment)
        for segment in outbox.onward:
            heir, _ = self._owners.heir((segment.element, segment.partition))
            found.setdefault((heir, numbers is not None), []).append(segment)
        for (owner, sent_on), segments in found.items():
            yield owner, segments, None if placing is None or sent_on else placing.turn_of(outbox, segments)
        for turn, segments, _ in outbox.pieces.take_sent() if outbox.pieces is not None else ():
            by_rank: dict[int, list[Segment]] = {}
            for segment in segments:
                for owner, each in self._ways(segment, None if turn is None else turn[1]):
                    by_rank.setdefault(owner, []).append(each)
            for owner, of_owner in by_rank.items():
                yield owner, of_owner, turn

    def _ways(self, segment: Segment, path: str | None) -> Iterator[tuple[int, Segment]]:
        """Where a segment goes: by its place, if it has one; else a mark goes the old way before it."""
        key = element, partition = segment.element, segment.partition
        if path is not None and self._placing is not None:
            yield self._owners.at(element, partition, self._placing.moves_before(path)), segment
            return
        mark = self._owners.take_mark(key)
        if mark is not None:
            former, epoch = mark
            yield former, Segment(element, partition, MARK, [(self._rank, epoch)])
        yield self._owners.of(element, partition), segment

    def _picklable(self, values: list[Any], element: int, route: Route | None) -> list[Any]:
        """The values for `element` that can be pickled; the others become dead letters."""
        good = []
        for value in values:
            try:
                self._codec.frames(value)
            except Exception as each:  # noqa: BLE001  # user classes: pickling them may raise anything
                self._write_letter(element, route, value, each)
                continue
            good.append(value)
        return good


def _too_large(size: int, target: str) -> TupleTooLargeError:
    return TupleTooLargeError(
        f"it takes {size >> 20:,} MiB and is for {target}, which is in the pool. Tuples go there "
        f"through Redis, {MOST_TUPLE_BYTES >> 20} MiB at most (if all ranks are on one node, the data of "
        "arrays stays in shared memory, where there is room): write it to a file and pass the name, or give "
        "the input of that element a grouping, for what has a fixed place travels by MPI, without a limit"
    )
