"""Scenes of the long proof: a seed makes a workflow, a run of it, and runs that go on from its checkpoints.

The seed decides everything: how many ranks each run has and how little room, who dies and when, which
partitions move, how ranks are parked, and from which checkpoint the next run goes on. Whoever comes to the
end must have the answer of one process, and leave nothing behind.

`tests.sim.proof` plays them by thousands.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple
from unittest.mock import patch

from hpcd4p.control import cutting, sealing
from hpcd4p.errors import RunStopped
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.record.memory import MemorySink
from hpcd4p.runtime.commit import outgoing
from hpcd4p.runtime.execute import instance, touched
from hpcd4p.testing import turns
from hpcd4p.testing.checkpoints import MemoryCheckpoint
from hpcd4p.testing.cluster import Cluster
from tests.sim import test_order
from tests.sim.compare import answer, leftovers, of_one_process
from tests.sim.gallery import GALLERY, SHORT_BURSTS, Case
from tests.sim.keyed_states import KEYED
from tests.sim.one_process import OneProcess
from tests.sim.random_dealer import RandomDealer
from tests.sim.test_checkpoints_alone import WRITE_MUCH
from tests.sim.test_order_moving import both_ways
from tests.sim.test_scaling import CHAOS

MOST_TURNS = 1_000_000
"""A run that is not over by then hangs."""

MOST_RUNS = 5
"""Of one seed, until it has its answer."""

SIZES = (1, 2, 3, 4, 5, 6, 8, 12, 16)

EVERY_S = (0.0005, 0.003, 0.02)
"""Between two checkpoints; a run takes some hundredths of a second."""

TINY = test_order.TINY
SMALL = TINY._replace(inbox_high_tuples=64, max_task_tuples=64)

Bound = tuple[Any, str, float]
"""What is else a constant: the module, the name, the value."""

NARROW: tuple[Bound, ...] = (
    (sealing, "PARTIAL_TUPLES", 30),
    (instance, "OVERFLOW_TUPLES", 16),
    (instance, "CHUNK_TUPLES", 8),
)
"""A call that writes more than thirty tuples writes more than is held."""

TENTH: tuple[Bound, ...] = (
    (sealing, "PARTIAL_TUPLES", sealing.PARTIAL_TUPLES // 10),
    (instance, "OVERFLOW_TUPLES", instance.OVERFLOW_TUPLES // 10),
)
"""The same for calls that write in bulk, see `gallery.hold_a_tenth`."""

EAGER: tuple[Bound, ...] = ((touched, "MOST_SHARE", 1e9), (cutting, "MOST_CHANGED", 1e9))
"""Checkpoints hold only what has changed, however much that is."""


class Subject(NamedTuple):
    """A workflow, and what is compared of what came out of it."""

    name: str
    build: Callable[[], tuple[Any, Any]]
    expected: Any
    seen: Callable[[MemorySink], Any]
    failures: int = 0
    bounds: tuple[Bound, ...] = ()
    mapping: str = "hybrid"


def any_answer(dice: random.Random) -> Subject:
    """A workflow of the galleries: its outputs, and the tuples that failed, as multisets."""
    gallery = dice.choices((GALLERY, KEYED, WRITE_MUCH, SHORT_BURSTS), (10, 4, 2, 1))[0]
    name, case = dice.choice([*gallery.items()])
    assert isinstance(case, Case)
    bounds: tuple[Bound, ...] = ()
    if gallery is SHORT_BURSTS:
        bounds = TENTH
    elif gallery is WRITE_MUCH:
        bounds = ((instance, "OVERFLOW_TUPLES", 64),)
    if dice.random() < 0.5:
        bounds += EAGER
    return Subject(name, case.build, of_one_process(case), answer, case.failures, bounds)


def any_order(dice: random.Random) -> Subject:
    """Mostly a random graph: the sequence at each partition of each ordered element."""
    bounds = NARROW if dice.random() < 0.3 else ()
    if dice.random() < 0.7:
        number = dice.randrange(10**9)
        name, build = f"graph {number}", test_order.build_of(number)
    else:
        gallery = test_order.ALL | test_order.FLOODS | {"both ways": both_ways}
        name, build = dice.choice([*gallery.items()])
        bounds = NARROW if name in test_order.FLOODS else bounds
    expected = test_order.of_one_process(*build())
    static = dice.random() < 0.2
    return Subject(name, build, expected, test_order.heard, 0, bounds, "static" if static else "hybrid")


SUBJECTS = {"checkpoints": any_answer, "order": any_order}


class Scene:
    """What happens for one seed.

    Attributes
    ----------
    way
        What has happened so far, in words.
    tally
        How many runs there were, and of them how many went on from a checkpoint and how many died; and what
        happened in them.
    """

    def __init__(self, proof: str, seed: int) -> None:
        self._dice = random.Random(f"{proof} {seed}")
        self._seed = seed
        self._subject = SUBJECTS[proof](self._dice)
        self._sizes = SIZES if self._subject.mapping == "hybrid" else _sizes_alike(self._subject, self._dice)
        self.way = [self._subject.name]
        self.tally: Counter[str] = Counter()
        self._before: Cluster | None = None

    def play(self) -> None:
        """All runs of the seed.

        Raises
        ------
        Exception
            Anything: then something is wrong.
        """
        resume: MemoryCheckpoint | None = None
        runs = self._dice.randint(2, MOST_RUNS)
        with self._bounds():
            for turn in range(runs):
                run = self._run(turn, resume, ends=turn == runs - 1)
                kept = run.keeper.complete_ones
                self.tally["checkpoints made"] += len(kept)
                # one that dies before its first checkpoint leaves the one that it began from
                choice = [resume, *kept]
                resume = self._dice.choice((choice[-1], self._dice.choice(choice)))

    @contextmanager
    def _bounds(self) -> Iterator[None]:
        send = self._dice.choice((2, 5, 4096))
        bounds = (*self._subject.bounds, (outgoing, "SEND_TUPLES", send), (turns, "MOST_TURNS", MOST_TURNS))
        with ExitStack() as stack:
            for module, name, value in bounds:
                stack.enter_context(patch.object(module, name, value))
            yield

    def _settings(self, moves: bool) -> EngineSettings:
        settings = self._dice.choice((EngineSettings(), SMALL, TINY))
        if self._dice.random() < 0.3:
            settings = settings._replace(autoscale=CHAOS.autoscale, scale_s=CHAOS.scale_s)
        lend = self._dice.choice(("auto", "auto", "off"))
        return settings._replace(lend=lend, move="all" if moves else self._dice.choice(("group", "off")))

    def _run(self, turn: int, resume: MemoryCheckpoint | None, ends: bool) -> Cluster | OneProcess:
        size, every_s = self._dice.choice(self._sizes), self._dice.choice(EVERY_S)
        moves = size > 3 and self._subject.mapping == "hybrid" and self._dice.random() < 0.4
        settings = self._settings(moves)
        self.way.append(f"from {'the start' if resume is None else resume.epoch} on {size}")
        graph, inputs = self._subject.build()
        seed = self._dice.randrange(10**9)
        self.tally["runs"] += 1
        self.tally["of them from a checkpoint"] += resume is not None
        if size == 1:
            one = OneProcess(graph, inputs, seed, every_s, resume, settings)
            one.run()
            self._compare(one)
            return one
        kills, suspects = self._mortals(size)
        doomed = () if ends else self._doomed(size)
        cluster = Cluster(
            graph, size, inputs, seed, kills, suspects, settings, self._subject.mapping, doomed=doomed,
            checkpoint_s=every_s, resume=resume, absent=() if resume is None else self._absent(size),
            before=self._before,
        )  # fmt: skip
        if moves:
            self._have_it_move(cluster, kills + suspects)
        self._to_its_end(cluster, doomed)
        self.tally["messages of runs before, refused"] += cluster.net.refused
        self._before = cluster
        return cluster

    def _mortals(self, size: int) -> tuple[int, int]:
        """How many of the pool die, and how many are taken for dead."""
        if size < 4 or self._dice.random() < 0.4:
            return 0, 0
        return self._dice.randint(0, 2), self._dice.randint(0, 1)

    def _doomed(self, size: int) -> tuple[int | str, ...]:
        """Who dies whatever comes of it: perhaps nobody, perhaps two."""
        who: list[int | str] = [0, 1, "broker", self._dice.randrange(size)]
        return tuple(dict.fromkeys(self._dice.sample(who, self._dice.choice((0, 0, 1, 1, 2)))))

    def _absent(self, size: int) -> set[int]:
        """Ranks that have died before: at least two are left, rank 0 among them."""
        if size < 3 or self._dice.random() < 0.7:
            return set()
        return set(self._dice.sample(range(1, size), self._dice.randint(1, size - 2)))

    def _have_it_move(self, cluster: Cluster, dying: int) -> None:
        """Partitions move at random; ranks that are to die hold none."""
        pool = cluster.head.spec.plan.pool_ranks
        mortal = pool[-dying - 1 :] if dying else ()
        cluster.fates.spare([rank for rank in range(cluster.head.spec.plan.size) if rank not in mortal])
        dealer = RandomDealer(self._dice.randrange(10**9), self._dice.choice((0.3, 1.0)), frozenset(mortal))
        cluster.head.coordinator.mover.dealer = dealer

    def _to_its_end(self, cluster: Cluster, doomed: tuple[int | str, ...]) -> None:
        """Run it; it may die if somebody is doomed, and else has the answer and leaves nothing."""
        before = len(cluster.sink.events)
        try:
            cluster.run()
        except RunStopped:
            if not doomed:
                raise
        if cluster.summary is None:
            assert doomed, "it has no summary"
            self.way.append("died")
            self.tally["of them died"] += 1
            return
        self._compare(cluster)
        self.tally["ranks lost on the way"] += len(cluster.lost)
        self.tally["partitions moved"] += sum(
            kind == "moved" and text.startswith("partition") for _, kind, text in cluster.sink.events[before:]
        )
        left = leftovers(cluster)
        assert doomed or not left, f"it leaves {left}"
        assert not any(cluster.store.places.outstanding.values()), "places are open"

    def _compare(self, run: Cluster | OneProcess) -> None:
        expected, got = self._subject.expected, self._subject.seen(run.sink)
        assert got == expected, difference(expected, got)
        assert run.summary is not None
        assert run.summary.failed == self._subject.failures, f"{run.summary.failed} tuples have failed"


def _sizes_alike(subject: Subject, dice: random.Random) -> tuple[int, ...]:
    """Sizes on which elements have the same partitions in the static mapping: on others no run goes on."""
    partitions = {size: _partitions(subject, size) for size in SIZES[1:]}
    first = dice.choice([*partitions])
    return tuple(size for size, each in partitions.items() if each == partitions[first])


def _partitions(subject: Subject, size: int) -> list[int]:
    plan, _ = make_plan(subject.build()[0], size, EngineSettings(), mapping=subject.mapping)
    return [element.partitions for element in plan.elements]


def difference(expected: Any, got: Any) -> str:
    """Where two answers are not the same, in a line."""
    if isinstance(expected, tuple):
        return "; ".join(
            difference(one, other) for one, other in zip(expected, got, strict=True) if one != other
        )
    wrong = [key for key in expected.keys() | got.keys() if expected.get(key) != got.get(key)]
    key = min(wrong, key=repr)
    one, other = expected.get(key), got.get(key)
    if isinstance(one, Counter) and isinstance(other, Counter):
        return f"{key!r}: missing {one - other}, too many {other - one}"[:2000]
    if isinstance(one, list) and isinstance(other, list):
        at = next(
            (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
        )
        return f"{key!r}, from {at} on: expected {one[at : at + 5]}, got {other[at : at + 5]}"
    return f"{key!r}: expected {one!r}, got {other!r}"[:2000]
