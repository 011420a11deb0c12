"""The head of a simulated run: publishes what arrives, asks the policy through the engine's own scaler."""

from __future__ import annotations

from collections.abc import Sequence

from hpcd4p.control.ending import Ending
from hpcd4p.control.granularity import Granularity
from hpcd4p.control.marks import high_marks
from hpcd4p.plan.model import ElementPlan, Plan, Role, Route, Spread
from hpcd4p.runtime.head.scaler import Scaler
from hpcd4p.simulation.events import EventClock
from hpcd4p.simulation.outcome import SimulatedRun, peak
from hpcd4p.simulation.pool import Pool
from hpcd4p.simulation.redis import RedisQueue, enough
from hpcd4p.simulation.scenario import Scenario
from hpcd4p.simulation.service import Draws
from hpcd4p.wire.messages import Observation
from hpcd4p.wire.orders import Order
from hpcd4p.wire.statistics import NO_WORK, Statistics, Work, count_cores, count_work

SOURCE, WORK, COLLECTOR = 0, 1, 2


def plan_of(ranks: int) -> Plan:
    """A source on the head, one stateless element on `ranks` ranks of the pool, the collector."""
    elements = (
        ElementPlan(SOURCE, "source", Role.ROOT, False, 1, (), ("output",), "", movable=False),
        ElementPlan(WORK, "work", Role.POOL, False, 0, ("input",), ("output",), "", movable=False),
        ElementPlan(COLLECTOR, "collector", Role.COLLECT, False, 1, ("input",), (), "", movable=False),
    )
    routes = tuple(Route(e, "output", e + 1, "input", Spread.SHUFFLE, None) for e in (SOURCE, WORK))
    return Plan("simulated", ranks + 1, elements, routes, (), tuple(range(1, ranks + 1)))


class SimulatedHead:
    """The head of one simulated run, from its start to its end."""

    def __init__(self, scenario: Scenario) -> None:
        import numpy as np

        self.scenario = scenario
        settings = scenario.settings
        dice = np.random.default_rng(scenario.seed)
        arrivals, services = dice.spawn(2)  # the load is the same under every policy
        self.clock = EventClock()
        self.redis = RedisQueue(scenario.redis_commit_s)
        self.granularity = Granularity(settings, scenario.ranks)
        draws = Draws(scenario.service, services)
        self.pool = Pool(scenario, self.clock, self.redis, draws, self.granularity)
        self.pool.on_room = self._publish
        self.loads: list[tuple[float, float]] = []
        """(time of a look, part of its core that Redis used since the look before)."""
        self.failure = ""
        plan = plan_of(scenario.ranks)
        self._high = high_marks(plan, settings)[0]
        self._low = self._high // 2
        self._ending = Ending(plan)
        # a pool is simulated; ranks that lend themselves to it are ranks more of it
        self.scaler = Scaler(plan, settings._replace(lend="off"), self._give, self._event, 0.0)
        self._batches = scenario.arrivals.batches(scenario.tuples, arrivals)
        self._here = 0  # tuples that have arrived and are not published
        self._open = True
        self._learnt_tuples = 0
        self._full = False
        self._redis_s = 0.0
        self._looked_s = 0.0

    def run(self) -> SimulatedRun:
        """Simulate; the outcome."""
        self._next_batch(0)
        self.clock.at(self.scaler.due(), self._look)
        self.clock.run(self._over)
        return self._outcome()

    def _outcome(self) -> SimulatedRun:
        scenario, pool = self.scenario, self.pool
        ended_s = max(pool.finished_s, self.clock.now)
        process_s = pool.tally.process_s(ended_s)
        busy_s = pool.tally.all_busy_s
        return SimulatedRun(
            policy=scenario.settings.autoscale,
            elapsed_s=ended_s,
            process_s=process_s,
            busy_s=busy_s,
            efficiency=min(1.0, busy_s / process_s) if process_s else 0.0,
            tuples=scenario.tuples,
            tasks=pool.tally.tasks,
            redis=self.redis.busy_s(ended_s) / ended_s if ended_s else 0.0,
            redis_peak=peak([load for _, load in self.loads], scenario.settings.scale_s),
            changes=self.scaler.scaling.changes,
            ticks=self.scaler.scaling.ticks,
            redis_ticks=self.loads,
            enough=enough(
                scenario.redis_commit_s,
                scenario.service.mean_s,
                scenario.tuples,
                scenario.settings.max_task_tuples,
            ),
            events=self.clock.events,
            failure=self.failure,
        )

    def _over(self) -> bool:
        return not self._open and not self._here and not self.pool.unfinished

    # ---- the source

    def _next_batch(self, arrived: int) -> None:
        self._here += arrived
        batch = next(self._batches, None)
        if batch is None:
            self._open = False
        else:
            at_s, many = batch
            self.clock.at(max(at_s, self.clock.now), self._next_batch, many)
        if arrived:
            self._publish()

    def _publish(self) -> None:
        """See `runtime.head.feeder`: while the speed is unknown, a task for each rank and then a look."""
        pool, waiting = self.pool, len(self.pool.tasks)
        if self._full and waiting > self._low:
            return
        self._full = False
        while self._here and not self._full:
            self._learn()
            known = self.granularity.known(WORK)
            if not known and pool.tasks:
                break
            # as the feeder: a task for each rank at a time, since there may not be room for more
            ranks = self.scenario.ranks
            count = self.granularity.cut_task(WORK) * ranks if known else self.granularity.round_tuples(WORK)
            count = min(count, self._here)
            self._here -= count
            pool.unfinished += count
            pool.publish(self._cut(count))
            self._full = len(pool.tasks) > self._high
        if not self._here:
            pool.room = -1
        else:
            pool.room = self._low if self.granularity.known(WORK) else 0

    def _cut(self, count: int) -> list[int]:
        sizes = []
        while count:
            size = min(count, self.granularity.cut_task(WORK))
            sizes.append(size)
            count -= size
        return sizes

    def _learn(self) -> None:
        tally = self.pool.tally
        if tally.tuples != self._learnt_tuples:
            self._learnt_tuples = tally.tuples
            self.granularity.learn({WORK: tally.busy_s / tally.tuples * 1e6})

    # ---- the scaler

    def _look(self, _: object) -> None:
        now, pool, tally = self.clock.now, self.pool, self.pool.tally
        if self._here:
            self._publish()
        pending = {SOURCE: int(self._open or self._here > 0), WORK: pool.unfinished, COLLECTOR: 0}
        self._ending.observe(pending)
        stats: dict[str, int] = {}
        count_work(stats, WORK, NO_WORK, Work(tally.tuples, int(tally.busy_s * 1e6)))
        count_cores(stats, int(tally.cpu_s * 1e6), int(tally.queued_s * 1e6))
        seen = Observation(
            pending=pending,
            stats=Statistics(stats),
            tasks=len(pool.tasks),
            size=0,
            idle=pool.idle,  # type: ignore[arg-type]  # only looked at, and not kept
            dead=[],
            alive=None,
            committed={},
            reports=[],
            waited_us=int(tally.waited_s(len(pool.idle), now) * 1e6),
            parked=pool.parked,  # type: ignore[arg-type]
        )
        self.redis.step(now)
        self.scaler.look(seen, self._ending, False, now)
        self._note(now)
        self.clock.at(max(self.scaler.due(), now + 1e-9), self._look)

    def _note(self, now: float) -> None:
        busy_s = self.redis.busy_s(now)
        if now > self._looked_s:
            self.loads.append((now, (busy_s - self._redis_s) / (now - self._looked_s)))
        self._redis_s, self._looked_s = busy_s, now

    def _give(self, ranks: Sequence[int], order: Order) -> None:
        self.pool.order(ranks, order)

    def _event(self, kind: str, text: str) -> None:
        self.failure = f"{kind}: {text}"


def simulate(scenario: Scenario) -> SimulatedRun:
    """Simulate one run.

    Raises
    ------
    SettingsError
        The policy of `scenario.settings` does not exist or cannot be loaded.
    """
    return SimulatedHead(scenario).run()
