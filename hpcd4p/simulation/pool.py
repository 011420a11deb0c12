"""The ranks of a simulated pool: they take tasks, run them, commit, wait, and park when ordered.

What a rank does follows `runtime.rank.pool` and the script `step`; SIMULATION.md says what is left out. Owns
the ranks and the tasks that wait. The head decides which ranks park.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from heapq import heappop, heappush

from hpcd4p.control.granularity import Granularity
from hpcd4p.control.local import LATE_WORTH_S
from hpcd4p.simulation.cores import Node
from hpcd4p.simulation.events import EventClock
from hpcd4p.simulation.redis import RedisQueue
from hpcd4p.simulation.scenario import Scenario
from hpcd4p.simulation.service import Draws
from hpcd4p.simulation.tally import Tally
from hpcd4p.wire.orders import Order, Park, Wake


class Pool:
    """Ranks 1 to N.

    Attributes
    ----------
    idle, parked
        Ranks that wait for a task; ranks that are parked.
    tasks
        Tasks that wait: the number of tuples of each.
    unfinished
        Tuples that have been published and not finished.
    on_room
        Called when so few tasks wait that more may be published.
    """

    def __init__(
        self, scenario: Scenario, clock: EventClock, redis: RedisQueue, draws: Draws, granularity: Granularity
    ) -> None:
        self._clock = clock
        self._redis = redis
        self._draws = draws
        self._granularity = granularity
        self._scenario = scenario
        ranks = range(1, scenario.ranks + 1)
        self.tally = Tally(scenario.ranks)
        self.tasks: deque[int] = deque()
        self.unfinished = 0
        self.finished_s = 0.0
        self.idle: set[int] = set()
        self.parked: set[int] = set()
        self.on_room: Callable[[], None] = lambda: None
        self.room = 0
        """`on_room` is called when no more tasks than this wait."""
        self._idle_order: list[int] = []  # a heap; ranks that are not in `idle` any more are skipped
        self._asked: set[int] = set()
        self._orders: dict[int, Order] = {}
        self._hand: list[tuple[int, int, float, float]] = [(0, 0, 0.0, 0.0)] * (scenario.ranks + 1)
        self._nodes: list[Node] = []
        self._node_size = scenario.ranks_per_node
        self._cpu = scenario.cpu
        self._handling_s = scenario.handling_s
        self._contention = scenario.contention if any(scenario.contention) else None
        self._working = 0
        if scenario.contended:
            self._nodes = [Node(scenario.cores, clock) for _ in range(scenario.nodes)]
        self._free = self._contention is None and not self._nodes
        for rank in ranks:
            self._wait(rank)

    # ---- what the head does

    def publish(self, sizes: Iterable[int]) -> None:
        """Add tasks of so many tuples, and ring idle ranks."""
        before = len(self.tasks)
        self.tasks.extend(sizes)
        self._ring(len(self.tasks) - before)

    def order(self, ranks: Sequence[int], order: Order) -> None:
        """Leave `Park` or `Wake` with `ranks`."""
        now = self._clock.now
        for rank in ranks:
            self._orders[rank] = order
            if rank in self.parked:
                self._clock.at(now + self._scenario.wake_s, self._look, rank)
            elif rank in self.idle:
                self._leave_idle(rank)
                self._clock.at(now + self._scenario.ring_s, self._look, rank)

    # ---- waiting

    def _wait(self, rank: int) -> None:
        self.tally.idle(len(self.idle), self._clock.now)
        self.idle.add(rank)
        heappush(self._idle_order, rank)
        self.tally.tell(rank, self._clock.now, always=True)

    def _leave_idle(self, rank: int) -> None:
        self.tally.idle(len(self.idle), self._clock.now)
        self.idle.remove(rank)

    def _ring(self, most: int) -> None:
        due = self._clock.now + self._scenario.ring_s
        while most and self.idle:
            rank = heappop(self._idle_order)
            if rank in self.idle:
                self._leave_idle(rank)
                self._clock.at(due, self._look, rank)
                most -= 1

    # ---- the life of a rank

    def _look(self, rank: int) -> None:
        """Do a step: commit what is ready, and take a task."""
        order = self._orders.pop(rank, None) if self._orders else None
        if isinstance(order, Wake):
            self._asked.discard(rank)
            if rank in self.parked:
                self.parked.remove(rank)
                self.tally.woken(rank, self._clock.now)
        elif rank in self.parked:
            return  # rung twice
        elif rank in self._asked:
            self._park(rank)
            return
        done_s = self._redis.step(self._clock.now)
        self.finished_s = done_s
        if isinstance(order, Park):
            self._asked.add(rank)
        if self.tasks:
            self._begin(rank, self.tasks.popleft(), done_s + self._scenario.step_s)
            if len(self.tasks) <= self.room:
                self.on_room()
        elif rank in self._asked:
            self._park(rank)
        else:
            self._wait(rank)
            if not self.tasks:
                self.on_room()

    def _park(self, rank: int) -> None:
        done_s = self._redis.step(self._clock.now)
        self.finished_s = done_s
        self._asked.discard(rank)
        self.parked.add(rank)
        self.tally.parked(rank, done_s)
        self.tally.tell(rank, self._clock.now, always=True)

    def _begin(self, rank: int, tuples: int, start_s: float) -> None:
        """Run a task, or a time slice of it; how long its tuples take is drawn now."""
        done, seconds = self._draws.take(tuples, self._granularity.slice_s, LATE_WORTH_S)
        self._hand[rank] = (done, tuples - done, start_s, seconds)
        if self._free:
            self._clock.at(start_s + seconds + self._handling_s, self._finish, rank)
        elif self._contention is None:
            self._clock.at(start_s + (1 - self._cpu) * seconds, self._compute, rank)
        else:
            self._clock.at(start_s, self._work, rank)

    def _work(self, rank: int) -> None:
        """Note one more rank at work, which makes all slower."""
        assert self._contention is not None
        self._working += 1
        self._clock.slowness = self._contention.slowness(self._working)
        seconds = self._hand[rank][3]
        after = self._compute if self._nodes else self._finish
        self._clock.after_work((1 - self._cpu if self._nodes else 1) * seconds, after, rank)

    def _compute(self, rank: int) -> None:
        node = self._nodes[(rank - 1) // self._node_size]
        node.compute(self._cpu * self._hand[rank][3] + self._handling_s, self._finish, rank)

    def _finish(self, rank: int) -> None:
        """End a task, or a time slice of it."""
        now = self._clock.now
        done, rest, start_s, seconds = self._hand[rank]
        wall = now - start_s
        busy = max(seconds, wall - self._handling_s)
        cpu = self._cpu * seconds
        queued = 0.0
        if self._nodes:
            # contention that slows all ranks down is not waiting for a core
            queued = max(0.0, wall / self._clock.slowness - seconds - self._handling_s)
        self.tally.ran(rank, done, busy, cpu + self._handling_s, queued)
        self.tally.tell(rank, now)
        self.unfinished -= done
        if self._contention is not None:
            self._working -= 1
            self._clock.slowness = self._contention.slowness(self._working)
        if rest:
            most = self._granularity.cut_task(1)
            self.publish(min(most, rest - at) for at in range(0, rest, most))
        self._look(rank)
