"""The places of what a run finds in the checkpoint that it goes on from: before all that it writes itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpcd4p.wire.place import END, PAST, Place, origin_of, past, step

if TYPE_CHECKING:
    from hpcd4p.plan.order import Order
    from hpcd4p.wire.messages import Commit

NO_RANK = (1 << 20) - 1
"""In the place of the rank of tasks that have no place: a run in one process knows none. They are calls of
sources, begun after all that was under way before."""


def put_first(again: Commit, order: Order, epoch: int) -> None:
    """Give the tasks of `again`, all that a checkpoint has, places in the past; say that there is no more."""
    for number, task in enumerate(again.publish):
        reach = order.reach.get(task.element)
        if reach is None:
            continue
        if task.place is not None:
            again.publish[number] = task._replace(place=past(task.place, epoch))
            continue
        path = step(epoch) + step(origin_of(task.element, NO_RANK)) + step(number) + step(0)
        # behind the progress of a task with a place stands how many of its numbers are taken
        done = (*task.progress, 0) if task.progress else ()
        again.publish[number] = task._replace(place=Place(reach, PAST, 0, path), progress=done)
    again.bounds[PAST] = END
    for reach in range(len(order.reaches)):  # a rank may have asked before this is known
        again.ring_at(Place(reach, PAST, 0, step(epoch)))
