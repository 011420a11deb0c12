"""Every tuple is delivered or a dead letter, once: any place, any cause, any order of events.

One seed makes a workflow (a source on the head or in the pool, then one to three elements, stateless or
stateful), gives some of its tuples a fault, and runs it on a cluster of some size, in which ranks may die.

    python -m tests.sim.letters 5000        # seeds 0 to 4999; says which failed
"""

from __future__ import annotations

import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any
from unittest.mock import patch

from hpcd4p import GenericPE, IterativePE, WorkflowGraph
from hpcd4p.control import sealing
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.record.summary import FAILED_TUPLES, Summary
from hpcd4p.runtime.commit import outgoing, sealer
from hpcd4p.runtime.execute import instance
from hpcd4p.testing.cluster import Cluster

LARGE = 100_000
"""Bytes that are too many for a tuple in this simulation."""

HOPS = {
    "pool": ("unpicklable", "unreadable", "large"),
    "state": ("unpicklable", "unreadable", "key"),
    "sink": ("unpicklable", "unreadable"),
}
"""What may befall a tuple on its way to an element of that kind."""


class Item:
    """A tuple. `fault` is what befalls it, at the element with the number `at`, in its end or before."""

    def __init__(self, number: int, fault: str = "", at: int = 0, is_held: bool = False) -> None:
        self.number, self.fault, self.at, self.is_held = number, fault, at, is_held

    def __repr__(self) -> str:
        return f"item {self.number};"


class Unreadable(Item):
    """Pickles, and raises when it is made again."""

    def __reduce__(self):
        return explode, (self.number,)


def explode(number):
    raise ValueError(f"item {number}; cannot be made again")


def written(item: Item, at: int):
    """What element `at` writes for `item`: a pair, with the fault of the item if this is the place."""
    fault = item.fault if item.at == at else ""
    if fault == "key":
        return object(), item
    if fault == "unreadable":
        changed: Any = Unreadable(item.number)
    else:
        changed = Item(item.number, item.fault, item.at, item.is_held)
    if fault == "unpicklable":
        changed.lock = Lock()
    elif fault == "large":
        changed.padding = bytes(LARGE + 1)
    return item.number % 7, changed


def check(item: Item, at: int) -> None:
    if item.fault == "raises" and item.at == at:
        raise ValueError(f"item {item.number}; is refused")


class Source(GenericPE):
    """Writes an item for each call; the rest of them in the end."""

    def __init__(self, late: list[Item]) -> None:
        super().__init__()
        self._add_input("item")
        self._add_output("output")
        self.late = late

    def process(self, inputs):
        check(inputs["item"], 0)
        return {"output": written(inputs["item"], 0)}

    def postprocess(self):
        for item in self.late:
            self.write("output", written(item, 0))


class Free(Source):
    """A source whose calls may be tasks of the pool."""

    def __init__(self) -> None:
        super().__init__([])

    postprocess = GenericPE.postprocess


class Pool(IterativePE):
    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at

    def _process(self, pair):
        check(pair[1], self.at)
        return written(pair[1], self.at)


class State(GenericPE):
    """Writes at once, and what it is told to hold in the end."""

    stateful = True

    def __init__(self, at: int) -> None:
        super().__init__(numprocesses=3)
        self._add_input("input", grouping=[0])
        self._add_output("output")
        self.at = at
        self.held: list[Any] = []

    def process(self, inputs):
        _, item = inputs["input"]
        check(item, self.at)
        if item.is_held:
            self.held.append(item)
        else:
            self.write("output", written(item, self.at))

    def postprocess(self):
        for item in self.held:
            self.write("output", written(item, self.at))


class Scene:
    """The workflow of a seed, and which of its tuples must fail, and which may.

    A fault on the way to another rank shows only if the tuple travels; the pool runs what follows at once
    where it can.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.size = self.random.choice((2, 3, 4, 6, 9))
        self.mapping = "static" if self.random.random() < 0.2 else "hybrid"
        self.on_head = self.random.random() < 0.6
        self.kinds = ["root", *self.random.choices(("pool", "state"), k=self.random.randint(1, 3)), "sink"]
        self.must: set[int] = set()
        self.may: set[int] = set()
        share = self.random.choice((0.03, 0.3, 0.9))
        items = [self._item(number, share) for number in range(self.random.randint(1, 60))]
        late = items[: len(items) // 4] if self.on_head else []
        self.numbers = set(range(len(items)))
        for item in late:
            if item.fault == "raises" and item.at == 0:
                item.fault = ""
                self.must.discard(item.number)
        source = Source(late) if self.on_head else Free()
        self.inputs = {source: [{"item": item} for item in items[len(late) :]]}
        self.graph = WorkflowGraph()
        last: GenericPE = source
        for at, kind in enumerate(self.kinds[1:-1], 1):
            element: GenericPE = Pool(at) if kind == "pool" else State(at)
            self.graph.connect(last, "output", element, "input")
            last = element

    def _item(self, number: int, share: float) -> Item:
        if self.random.random() > share:
            return Item(number, is_held=self.random.random() < 0.3)
        at = self.random.randrange(len(self.kinds) - 1)
        here, after = self.kinds[at], self.kinds[at + 1]
        fault = self.random.choice(("raises", *HOPS[after]))
        travels = self._travels(here, after) and (fault != "large" or self.mapping == "hybrid")
        if fault in ("raises", "key") or travels:
            self.must.add(number)
        elif fault != "large" or self.mapping == "hybrid":
            self.may.add(number)
        return Item(number, fault, at, self.random.random() < 0.3)

    def _travels(self, here: str, after: str) -> bool:
        """Whether tuples between these always go to another rank."""
        if self.mapping == "static":  # by MPI, without a bound
            return here == "root" or after == "sink"
        in_pool = here == "pool" or (here == "root" and not self.on_head)
        if after == "pool":
            return not in_pool
        # with few ranks, those of the pool and of the state may be the same
        return after == "sink" or (here == "root" and self.on_head)


@contextmanager
def narrow(random: random.Random) -> Iterator[None]:
    """Bounds at which things happen with few tuples, sometimes."""
    few = random.random() < 0.4
    with (
        patch.object(sealer, "MOST_TUPLE_BYTES", LARGE),
        patch.object(outgoing, "SEND_TUPLES", random.choice((2, 5, 4096))),
        patch.object(sealing, "PARTIAL_TUPLES", 10 if few else 50_000),
        patch.object(instance, "OVERFLOW_TUPLES", 4 if few else 8192),
    ):
        yield


def run(seed: int) -> str:
    """Run a seed; what is wrong with it, or nothing."""
    scene = Scene(seed)
    settings = EngineSettings(
        hopeless_after=10**6,
        max_task_bytes=LARGE // 2,
        max_task_tuples=scene.random.choice((1, 3, 16, 32768)),
    )
    kills = scene.random.choice((0, 0, 1, 2)) if scene.mapping == "hybrid" else 0
    cluster = Cluster(
        scene.graph, scene.size, scene.inputs, seed, kills, settings=settings, mapping=scene.mapping
    )
    with narrow(scene.random):
        summary = cluster.run()
    return _fault(scene, cluster, summary)


def _fault(scene: Scene, cluster: Cluster, summary: Summary) -> str:
    out = Counter(item.number for values in cluster.sink.results.values() for _, item in values)
    letters = Counter(_number(letter.value_text + letter.error) for letter in cluster.sink.letters)
    for number in scene.numbers:
        told = f"{out[number]} delivered, {letters[number]} dead letters"
        if out[number] + letters[number] != 1:
            return f"item {number}: {told}"
        if number in scene.must and not letters[number]:
            return f"item {number} must fail: {told}"
        if number not in scene.must | scene.may and letters[number]:
            return f"item {number} must not fail: {told}"
    failed = letters.total()
    if summary.failed != failed:
        return f"{summary.failed} failures are told, of {failed}"
    if (summary.status, summary.state == FAILED_TUPLES) != (int(failed > 0), failed > 0):
        return f"status {summary.status}, {summary.state}, with {failed} failures"
    return ""


def _number(text: str) -> int:
    found = re.search(r"item (\d+);", text)
    return int(found[1]) if found else -1


def main(words: list[str]) -> int:
    """Run as many seeds as the first word says."""
    wrong = 0
    for seed in range(int(words[0]) if words else 1000):
        try:
            told = run(seed)
        except Exception as error:  # noqa: BLE001  # the next seed may tell more
            told = f"{type(error).__name__}: {error}"
        if told:
            wrong += 1
            print(f"seed {seed}: {told}")
    print(f"{wrong} seeds went wrong")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
