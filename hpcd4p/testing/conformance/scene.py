"""What cases about places have in common: how tasks with places are written, taken and finished."""

from __future__ import annotations

from collections.abc import Mapping

from hpcd4p.testing.conformance.worlds import STREAMS, BrokerWorld
from hpcd4p.wire.ask import Ask, OrderAsk
from hpcd4p.wire.messages import Commit, Publication, Reply, Task
from hpcd4p.wire.place import Lane, Place, outstanding

OWNER = 1
"""A rank that holds partitions of something ordered."""

LANE = (0, 0)
HERE = (LANE,)


def placed(path: str, origin: int = 0, age: int = 0, reach: int = 0) -> Place:
    """A place."""
    return Place(reach, origin, age, path)


def publish(world: BrokerWorld, *places: Place, element: int = 0, bound: str = "99") -> None:
    """Have the head publish a task at each of these places."""
    commit = Commit()
    for place in places:
        commit.publish.append(Publication(element, 1, place.path.encode(), place=place))
        commit.bounds[place.origin] = bound
    commit.counts[element] = len(places)
    world[0].step(commit)


def finish(world: BrokerWorld, rank: int, task: Task) -> None:
    """Have a rank finish a task."""
    commit = Commit(0, {task.element: -task.tuples})
    commit.done.append((task.element, task.id))
    assert task.place is not None
    commit.settled.append(outstanding(task.place, task.progress))
    world[rank].step(commit)


def ask(world: BrokerWorld, lanes: tuple[Lane, ...] = HERE, waits: Mapping[Lane, str] | None = None) -> Reply:
    """Have the owner ask."""
    return world[OWNER].step(Commit(), Ask(order=OrderAsk(lanes, waits or {})))


def mark(world: BrokerWorld, lanes: tuple[Lane, ...] = HERE) -> str | None:
    """The watermark that the owner hears."""
    return ask(world, lanes).watermarks.get(lanes[0][1])


def look(world: BrokerWorld, rank: int, oldest: tuple[int, ...] = (), take: tuple[int, ...] = ()) -> Reply:
    """Have a rank look for a task; `oldest`: of elements that it leaves out."""
    return world[rank].step(Commit(), Ask(take=take, order=OrderAsk(oldest=oldest)))


def take(world: BrokerWorld, rank: int) -> Task:
    """Have a rank take a task."""
    task = look(world, rank, take=STREAMS).task
    assert task is not None
    return task
