"""Sources that go on where a cut has found them: what was taken before it and after it is the whole."""

from __future__ import annotations

import pickle
import random
import time
from collections import deque
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from hpcd4p import GenericPE, ProducerPE, WorkflowGraph
from hpcd4p.errors import ElementFailed
from hpcd4p.plan.inputs import resolve_inputs
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.record.memory import MemorySink
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.commit.outgoing import Outgoing
from hpcd4p.runtime.execute import seeking
from hpcd4p.runtime.execute import source as source_module
from hpcd4p.runtime.execute.letters import Failure
from hpcd4p.runtime.execute.repetition import Repetition
from hpcd4p.runtime.execute.seeking import MOST_MARKS
from hpcd4p.runtime.head.head import Head
from hpcd4p.runtime.rank.room import Room
from hpcd4p.runtime.run_spec import RunSpec
from hpcd4p.transport.memory_broker import MemoryBroker
from hpcd4p.transport.memory_mesh import MemoryMesh
from hpcd4p.transport.memory_store import MemoryStore
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.position import SourcePosition, Stage

SETTINGS = EngineSettings()
SEEDS = range(60)
DEADLINE_S = 60.0

Came = dict[str, list[Any]]
"""What was taken, by output; what failed under '!'."""


@pytest.fixture(autouse=True)
def asking_is_cheap(monkeypatch):
    """A clock that ticks whenever it is read says that it takes seconds."""
    monkeypatch.setattr(seeking, "SHARE", 1e9)


class Script(GenericPE):
    """Does what a seed says: some writes on each output, a failure now and then in between or at the end."""

    stateful = True

    def __init__(self, seed: int) -> None:
        super().__init__()
        for name in ("a", "b", "c"):
            self._add_output(name)
        self.seed = seed
        self.call = 0

    def preprocess(self):
        self._deed(-1, fails=False)

    def process(self, inputs):
        self.call += 1
        return self._deed(self.call)

    def postprocess(self):
        self._deed(10**6)

    def _deed(self, call: int, fails: bool = True) -> dict[str, Any]:
        chance = random.Random(f"{self.seed} {call}")
        for i in range(chance.choice([0, 1, 3, 40])):
            self.write(chance.choice("aab"), (call, i))
        if fails and chance.random() < 0.3:
            raise ValueError(call)
        return {"c": call}


class Sought(Script):
    """Says where it is between its calls."""

    sought: list[int] = []

    def position(self):
        return self.call

    def seek(self, position):
        self.sought.append(position)
        self.call = position


class SoughtInside(GenericPE):
    """Says where it is inside its calls, too. Each call writes what is left of its part, and fails or not."""

    stateful = True
    seeks_in_calls = True
    sought: list[Any] = []

    def __init__(self, seed: int) -> None:
        super().__init__()
        for name in ("a", "b", "c"):
            self._add_output(name)
        self.seed = seed
        self.call = self.next = 0

    def preprocess(self):
        self.write("a", "ready")

    def process(self, inputs):
        chance = random.Random(f"{self.seed} {self.call}")
        most = chance.choice([0, 3, 50])
        while self.next < most:
            self.next += 1
            self.write("aab"[self.next % 3], (self.call, self.next))
        self.call, self.next = self.call + 1, 0
        if chance.random() < 0.3:
            raise ValueError(self.call)
        return {"c": self.call}

    def postprocess(self):
        for i in range(self.seed % 40):
            self.write("a", i)

    def position(self):
        return self.call, self.next

    def seek(self, position):
        self.sought.append(position)
        self.call, self.next = position


class World:
    """A head with its sources; what they give is kept by what they are taken."""

    def __init__(
        self, pe: GenericPE, inputs: Any, monkeypatch, positions=None, threads=False, tick_s=1.0
    ) -> None:
        ticks = count(1)
        graph = WorkflowGraph()
        graph.add(pe)
        plan, elements = make_plan(graph, 2, SETTINGS)
        spec = RunSpec(plan, elements, resolve_inputs(plan, elements, inputs), SETTINGS)
        self.store = MemoryStore()
        broker, mesh = MemoryBroker(self.store, 0), MemoryMesh(0, [deque(), deque()])
        self.sink = MemorySink()
        clock = Clock(lambda: next(ticks) * tick_s) if not threads else Clock()
        self.head = Head(spec, broker, mesh, Codec(b"test"), self.sink, clock)
        self.feeder = self.head.feeder
        self.came: Came = {}
        self.taken = 0
        self.most: dict[str, int] = {}
        self.feeder.start(threads, positions)
        outgoing = self.head.loop.outgoing
        monkeypatch.setattr(self.feeder, "_prepare_rounds", lambda source: self.most)
        monkeypatch.setattr(outgoing, "route", self._route)
        monkeypatch.setattr(self.head.loop, "fail", self._fail)
        monkeypatch.setattr(self.feeder, "_is_early", lambda source: False)
        monkeypatch.setattr(self.feeder, "_prepare_round", lambda element: 13)
        self.given: list[Any] = []
        self._seal = outgoing.seal
        monkeypatch.setattr(outgoing, "seal", self._note_and_seal)

    def _route(self, element: int, out: list[tuple[str, list[Any]]]) -> None:
        for name, values in out:
            self.came.setdefault(name, []).extend(values)
            self.taken += len(values)

    def _note_and_seal(self) -> None:
        self.given += [call for _, _, part in self.head.loop.outgoing.outbox.rest for call in part]
        self._seal()

    def _fail(self, failure: Failure) -> None:
        assert failure.letter is not None
        self.came.setdefault("!", []).append(failure.letter.error)

    def work(self, most: dict[str, int] | None = None) -> None:
        self.most = most or {}
        self.feeder.work()

    def finish(self) -> Came:
        end = time.monotonic() + DEADLINE_S
        while self.feeder.sources:
            assert time.monotonic() < end
            self.work()
        return self.came

    @property
    def told(self) -> list[str]:
        """What the story says of sources."""
        return [text for _, kind, text in self.sink.events if kind == "source"]


def joined(parts: list[Came]) -> Came:
    names = {name for part in parts for name in part}
    return {n: [v for part in parts for v in part.get(n, [])] for n in sorted(names)}


def cut_at_random(make, calls: int, chance: random.Random, monkeypatch, tick_s=1.0) -> Iterator[Came]:
    """Run to the end with up to three cuts; gives what came in each part."""
    positions = None
    for _ in range(chance.randrange(1, 4)):
        world = World(make(), calls, monkeypatch, positions, tick_s=tick_s)
        for _ in range(chance.randrange(12 if tick_s == 1.0 else 60)):
            world.work({n: chance.choice([0, 1, 7, 1000]) for n in "abc" if chance.random() < 0.6})
        positions = pickle.loads(pickle.dumps(world.feeder.positions()))
        yield world.came
    yield World(make(), calls, monkeypatch, positions, tick_s=tick_s).finish()


@pytest.mark.parametrize("kind", [Script, Sought, SoughtInside])
@pytest.mark.parametrize("tick_s", [1.0, 1e-4], ids=["slow", "quick"])
def test_what_came_before_the_cuts_and_after_them_is_the_whole(kind, tick_s, monkeypatch):
    """Quick sources are called in batches, and say where they are now and then only."""
    for seed in SEEDS if tick_s == 1.0 else SEEDS[:20]:
        chance = random.Random(seed)
        calls = chance.choice([0, 1, 2, 5, 30] if tick_s == 1.0 else [5, 200])
        whole = World(kind(seed), calls, monkeypatch).finish()
        parts = list(cut_at_random(lambda seed=seed: kind(seed), calls, chance, monkeypatch, tick_s))
        assert joined(parts) == joined([whole]), f"seed {seed}"


@pytest.mark.parametrize("kind", [Sought, SoughtInside])
def test_an_element_that_says_where_it_is_is_not_repeated_from_its_start(kind, monkeypatch):
    kind.sought.clear()
    world = World(kind(1), 200, monkeypatch)
    for _ in range(150):
        world.work()
    (position,) = world.feeder.positions()
    assert position.mark is not None
    assert position.mark.calls > 50
    again = World(kind(1), 200, monkeypatch, [position])
    again.work()
    assert len(kind.sought) == 1
    (source,) = again.feeder.sources
    assert source.instance.pe.call >= position.mark.calls
    whole = World(kind(1), 200, monkeypatch)
    whole.finish()
    again.finish()
    assert joined([world.came, again.came]) == joined([whole.came])
    # its instance counts as if it had done all
    (one,), (other,) = whole.feeder.instances(), again.feeder.instances()
    assert (one.tuples, one.written, one.written_by) == (other.tuples, other.written, other.written_by)


class Endless(ProducerPE):
    """One call that writes as long as it is asked for; in a thread."""

    stateful = True

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def _process(self, inputs):
        for i in range(self.size):
            self.write("output", i)


class EndlessSought(Endless):
    seeks_in_calls = True

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.next = 0

    def _process(self, inputs):
        while self.next < self.size:
            self.next += 1
            self.write("output", self.next - 1)

    def position(self):
        return self.next

    def seek(self, position):
        self.next = position


@pytest.mark.parametrize("kind", [Endless, EndlessSought])
def test_a_thread_that_runs_ahead_is_cut_in_the_middle_of_a_call(kind, monkeypatch):
    size = 200_000
    parts, positions = [], None
    for most in (1, 30_000, 80_000):
        world = World(kind(size), 1, monkeypatch, positions, threads=True)
        end = time.monotonic() + DEADLINE_S
        while world.taken < most:
            assert time.monotonic() < end
            world.work({"output": 5000})
        positions = world.feeder.positions()
        world.feeder.stop()
        parts.append(world.came)
    assert (positions[0].mark is not None) == (kind is EndlessSought)
    last = World(kind(size), 1, monkeypatch, positions, threads=True)
    parts.append(last.finish())
    assert joined(parts) == {"output": list(range(size))}
    assert last.told == []


def test_a_head_that_listens_is_not_woken_by_what_is_repeated(monkeypatch):
    world = World(Endless(50_000), 1, monkeypatch)
    world.work()
    (position,) = world.feeder.positions()
    assert position.written == {"output": 50_000}
    again = World(Endless(50_100), 1, monkeypatch, [position])
    (source,) = again.feeder.sources
    woken, lengths = [], []

    def wake():
        woken.append(source.held())
        source.listen()

    def drop():
        lengths.append(max(map(len, source.instance.out.values())))
        return Repetition.drop(source._repeated)

    monkeypatch.setattr(source._repeated, "drop", drop)
    monkeypatch.setattr(source, "_notify", wake)
    for held in source.instance.out.values():
        held.notify = source._notify
    source.listen()
    again.finish()
    assert len(woken) <= 102  # it has come to what is new, and each of that, since we listen again
    assert max(lengths) < 100
    assert again.came == {"output": list(range(50_000, 50_100))}


class Same(ProducerPE):
    """Moves to the pool."""

    def _process(self, inputs):
        return 7


def test_a_source_that_has_gone_to_the_pool_goes_on_with_the_calls_that_are_left(monkeypatch):
    monkeypatch.setattr(Room, "full", False)
    monkeypatch.setattr(Outgoing, "full", False)
    world = World(Same(), 1000, monkeypatch)
    stages = []
    lefts = []
    while not stages or stages[-1] is not Stage.DONE:
        world.work()
        world.head.loop.committer.commit()
        (position,) = world.feeder.positions()
        stages.append(position.stage)
        lefts.append(position.calls)
        again = World(Same(), 1000, monkeypatch, [position])
        assert again.feeder.positions()[0].stage is position.stage
        assert again.feeder.positions()[0].calls == position.calls
        again.finish()
        for _ in range(1000):
            again.feeder.work()
            again.head.loop.committer.commit()
        assert again.feeder.positions() == [SourcePosition(0, Stage.DONE)]
        done = world.store.pending[0] + again.store.pending.get(0, 0)
        assert done == 998, "tasks of both, and the root itself is counted once"
        assert len(joined([world.came, again.came])["output"]) == 2
    assert {Stage.HEAD, Stage.POOL, Stage.DONE} == set(stages)
    assert any(0 < left < 998 for left in lefts)


class Given(ProducerPE):
    def __init__(self):
        super().__init__()
        self._add_input("item")

    def _process(self, inputs):
        return inputs["item"]


def test_a_list_of_inputs_goes_on_with_those_that_are_left(monkeypatch):
    inputs = list(range(40))
    world = World(Given(), inputs, monkeypatch)
    world.work()
    (position,) = world.feeder.positions()
    assert position.stage is Stage.POOL
    assert 0 < position.calls < 40
    again = World(Given(), inputs, monkeypatch, [position])
    again.work()
    given = [call["item"] for call in again.given]
    assert given
    assert [call["item"] for call in world.given] + given == inputs[: len(world.given) + len(given)]


def test_a_source_that_is_done_is_not_opened(monkeypatch):
    world = World(Script(3), 5, monkeypatch)
    world.finish()
    positions = world.feeder.positions()
    assert positions == [SourcePosition(0, Stage.DONE)]
    again = World(Script(3), 5, monkeypatch, positions)
    assert not again.feeder.sources
    assert not again.feeder.work()
    assert not any(again.store.pending.values())


class Silent(Sought):
    """Its position cannot be had."""

    def position(self):
        raise OSError("no place")


class Unkept(Sought):
    def position(self):
        return lambda: None


@pytest.mark.parametrize("kind", [Silent, Unkept])
def test_a_position_that_cannot_be_had_is_told_once_and_does_without(kind, monkeypatch):
    chance = random.Random(5)
    whole = World(kind(5), 30, monkeypatch)
    whole.finish()
    assert len(whole.told) == 1
    assert "Script" not in whole.told[0]
    assert "its position() is of no use" in whole.told[0]
    parts = list(cut_at_random(lambda: kind(5), 30, chance, monkeypatch))
    assert joined(parts) == joined([whole.came])


class Lost(Sought):
    def seek(self, position):
        raise OSError("the file is gone")


def test_a_source_that_cannot_seek_ends_the_run_with_its_name(monkeypatch):
    world = World(Lost(5), 30, monkeypatch)
    for _ in range(20):
        world.work()
    positions = world.feeder.positions()
    assert positions[0].mark is not None
    # with something to be dropped: no word of that, for nothing was repeated
    (position,) = positions
    more = position._replace(written={**position.written, "a": position.written["a"] + 5})
    again = World(Lost(5), 30, monkeypatch, [more], threads=True)
    with pytest.raises(ElementFailed, match="seek of element Lost0 raised OSError: the file is gone"):
        again.finish()
    assert again.told == []


def test_a_source_that_does_less_when_it_is_repeated_is_named(monkeypatch):
    world = World(Endless(1000), 1, monkeypatch)
    world.work()
    again = World(Endless(900), 1, monkeypatch, world.feeder.positions())
    assert again.finish() == {}
    assert again.told == [
        "Endless0: it was repeated, and has not done the same again: 100 tuples less on 'output'"
    ]


def test_what_is_written_at_the_end_is_no_place_to_go_on_from(monkeypatch):
    whole = World(SoughtInside(39), 1, monkeypatch).finish()
    for takes in range(1, 60):
        world = World(SoughtInside(39), 1, monkeypatch)
        for _ in range(takes):
            world.work({"a": 1})
        again = World(SoughtInside(39), 1, monkeypatch, world.feeder.positions())
        assert joined([world.came, again.finish()]) == joined([whole]), takes


def test_a_position_counts_when_all_before_it_is_taken_and_few_are_kept(monkeypatch):
    world = World(Sought(1), 1000, monkeypatch)
    (source,) = world.feeder.sources
    for _ in range(MOST_MARKS * 2):
        world.work()
    next(source._batches)
    before = source.position().mark
    assert before is not None
    assert before.calls == MOST_MARKS * 2
    for _ in range(MOST_MARKS * 3 - 1):
        next(source._batches)
    assert source.position().mark == before
    assert len(source._seeking._marks) == MOST_MARKS
    world.work()
    after = source.position().mark
    assert after is not None
    assert after.calls == MOST_MARKS * 5 + 1
    assert len(source._seeking._marks) == 1


def test_a_failure_that_is_not_taken_is_before_the_position(monkeypatch):
    world = World(Fails(), 10, monkeypatch)
    (source,) = world.feeder.sources
    next(source._batches)
    assert source.position().mark is None
    world.work()
    assert source.position().mark is not None


class Fails(Sought):
    def __init__(self):
        super().__init__(1)

    def preprocess(self):
        pass

    def process(self, inputs):
        raise ValueError


class Looks:
    """Finds a change of an element, or none."""

    fills = ""
    finds: list[str] = []

    def __init__(self, *given):
        pass

    def look(self, tuples):
        return self.finds


def test_a_source_that_was_seen_to_change_stays_even_if_that_is_not_seen_again(monkeypatch):
    monkeypatch.setattr(source_module, "Watched", Looks)
    monkeypatch.setattr(Looks, "finds", ["self.count"])
    world = World(Same(), 50, monkeypatch)
    for _ in range(10):
        world.work()
    positions = world.feeder.positions()
    monkeypatch.setattr(Looks, "finds", [])
    again = World(Same(), 50, monkeypatch, positions)
    again.finish()
    assert joined([world.came, again.came]) == {"output": [7] * 50}


def test_an_element_that_is_asked_inside_its_calls_is_called_once_at_a_time(monkeypatch):
    world = World(SoughtInside(1), 100, monkeypatch, tick_s=1e-6)
    (source,) = world.feeder.sources
    for calls in range(1, 20):
        world.work()
        assert source.instance.tuples == calls


@pytest.mark.parametrize("kind", [Script, Sought, SoughtInside])
def test_so_it_is_with_threads_that_run_ahead(kind, monkeypatch):
    monkeypatch.setattr(seeking, "PAUSE_S", 0.0)
    for seed in SEEDS[:15]:
        chance = random.Random(seed)
        whole = World(kind(seed), 150, monkeypatch).finish()
        parts, positions = [], None
        for _ in range(3):
            world = World(kind(seed), 150, monkeypatch, positions, threads=True)
            end = time.monotonic() + chance.random() * 0.02
            while time.monotonic() < end:
                world.work({n: chance.choice([0, 1, 30]) for n in "abc" if chance.random() < 0.6})
            positions = pickle.loads(pickle.dumps(world.feeder.positions()))
            world.feeder.stop()
            parts.append(world.came)
        parts.append(World(kind(seed), 150, monkeypatch, positions, threads=True).finish())
        assert joined(parts) == joined([whole]), f"seed {seed}"
