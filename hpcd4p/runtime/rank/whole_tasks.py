"""Tasks with all their bytes: one that is carried to another node, and all of a snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpcd4p.errors import ForeignBytesError
from hpcd4p.wire.codec import TASK, Codec, about, block_of
from hpcd4p.wire.messages import Commit, Publication

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpcd4p.transport.broker import Blocks
    from hpcd4p.wire.messages import Snapshot, Task

PASSES = 20
"""Snapshots after which it is left: each takes only what has come since the one before, so few are needed."""


def whole(task: Publication, codec: Codec, blocks: Blocks | None) -> Publication:
    """The task with all its bytes, none of them in shared memory.

    Raises
    ------
    ForeignBytesError
        The payload is not this run's, or its block not what its writer has made: it has been used anew since
        the task was finished, say.
    """
    what = about(TASK, task.element, task.tuples)
    view = codec.check(task.payload, what)
    if block_of(task.payload) is None or blocks is None:
        return task
    return task._replace(
        payload=codec.seal_frames(codec.split(view, blocks.open), what, born=codec.born(task.payload))
    )


def carried(task: Task, codec: Codec, blocks: Blocks | None) -> Commit:
    """What publishes a leased task once more, with its bytes."""
    again = Commit()
    again.done.append((task.element, task.id))
    kept = Publication(
        task.element, task.tuples, task.payload, task.attempts, task.progress, task.beside, task.place
    )
    again.publish.append(whole(kept, codec, blocks))
    block = block_of(task.payload)
    if block is not None:
        again.spent.append(block)
    return again


def whole_snapshot(read: Callable[[], Snapshot], codec: Codec, blocks: Blocks | None) -> Snapshot:
    """What `read` gives, without references to shared memory.

    Blocks are read one after the other, and the pool goes on meanwhile: a block whose task has been finished
    may be used anew before its turn. Then there is another snapshot, in which that task is missing. What has
    been read of tasks that are still there counts for it.

    Raises
    ------
    ForeignBytesError
        A payload is not this run's, or the block of a task that is not finished not what its writer has made;
        or tasks were finished in each of `PASSES` passes before they were read.
    """
    copies: dict[bytes, bytes | memoryview] = {}
    wrong: dict[bytes, ForeignBytesError] = {}
    for _ in range(PASSES):
        seen, before, wrong = read(), wrong, {}
        for task in seen.tasks:
            key = bytes(task.payload)
            if key in copies:
                continue
            try:
                copies[key] = whole(task, codec, blocks).payload
            except ForeignBytesError as error:
                if key in before:
                    raise
                wrong[key] = error
        if not wrong:
            return seen._replace(
                tasks=[task._replace(payload=copies[bytes(task.payload)]) for task in seen.tasks]
            )
    raise next(iter(wrong.values()))
