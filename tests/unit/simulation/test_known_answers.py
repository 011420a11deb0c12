"""What has a formula comes out as the formula says."""

from __future__ import annotations

import itertools
from math import ceil, factorial

import pytest

from hpcd4p.control.granularity import COMMIT_S
from hpcd4p.simulation.cores import Contention, Node
from hpcd4p.simulation.events import EventClock
from hpcd4p.simulation.head import SimulatedHead
from tests.unit.simulation.scenes import FREE, run, scene


def erlang_c(c: int, offered: float) -> float:
    """Probability that a customer waits, M/M/c (Erlang 1917)."""
    tail = offered**c / factorial(c) * c / (c - offered)
    return tail / (sum(offered**k / factorial(k) for k in range(c)) + tail)


def mean_wait_s(c: int, rate: float, service_s: float) -> float:
    offered = rate * service_s
    return erlang_c(c, offered) * service_s / (c - offered)


def measured_wait_s(ranks, rate, service, tuples=60_000):
    """By Little's law, from the tasks that wait at each look."""
    ticks = run(ranks, tuples, service, f"poisson:{rate}", **FREE).ticks
    ticks = ticks[100:-100]
    return sum(t.backlog_tasks for t in ticks) / len(ticks) / rate


@pytest.mark.parametrize(("ranks", "load"), [(1, 0.6), (4, 0.8), (16, 0.9)])
def test_poisson_arrivals_and_exponential_service_wait_as_erlang_says(ranks, load):
    rate = ranks * load / 0.1
    wait = mean_wait_s(ranks, rate, 0.1)
    assert measured_wait_s(ranks, rate, "exponential:0.1") == pytest.approx(wait, rel=0.12)


def test_constant_service_waits_half_as_long_on_one_rank():
    # Pollaczek-Khinchine: M/D/1 waits rho s / 2(1 - rho)
    assert measured_wait_s(1, 7.0, "constant:0.1") == pytest.approx(0.7 * 0.1 / 0.6, rel=0.1)


@pytest.mark.parametrize(("ranks", "tuples"), list(itertools.product((1, 7, 64), (1, 64, 500))))
def test_all_at_once_takes_as_many_rounds_as_there_are(ranks, tuples):
    outcome = run(ranks, tuples, "constant:0.5", **FREE)
    assert outcome.elapsed_s == pytest.approx(ceil(tuples / ranks) * 0.5, rel=1e-6)
    assert outcome.busy_s == pytest.approx(tuples * 0.5)
    assert outcome.process_s == pytest.approx(ranks * outcome.elapsed_s)


def test_sixteen_ranks_on_two_cores_are_two():
    outcome = run(16, 1600, "constant:0.01", cpu=1.0, cores=2, **FREE)
    assert outcome.elapsed_s == pytest.approx(1600 * 0.01 / 2, rel=0.01)
    assert outcome.efficiency > 0.99  # they are inside elements all the time
    waiting = [tick.waiting for tick in outcome.ticks[5:-2]]
    assert sum(waiting) / len(waiting) == pytest.approx(1 - 2 / 16, abs=0.02)


def repairmen_rate(ranks: int, cores: int, waits_s: float, computes_s: float) -> float:
    """Tasks a second of `ranks` that wait and then compute on `cores`: the machine repairman's model."""
    weights = [1.0]
    for n in range(1, ranks + 1):
        weights.append(weights[-1] * (ranks - n + 1) * computes_s / waits_s / min(n, cores))
    return sum(w * min(n, cores) for n, w in enumerate(weights)) / sum(weights) / computes_s


@pytest.mark.parametrize("ranks", [2, 8, 12, 100])
def test_ranks_that_compute_for_a_fifth_share_cores_with_those_that_wait(ranks):
    outcome = run(ranks, 6000, "exponential:0.05", cpu=0.2, cores=2, **FREE)
    assert 6000 / outcome.elapsed_s == pytest.approx(repairmen_rate(ranks, 2, 0.04, 0.01), rel=0.06)


def test_each_node_has_its_own_cores():
    outcome = run(16, 800, "constant:0.05", cpu=1.0, cores=2, nodes=4, **FREE)
    assert outcome.elapsed_s == pytest.approx(800 * 0.05 / 8, rel=0.02)


def test_what_serialises_follows_the_universal_scalability_law():
    law = Contention(0.1, 0.01)
    outcome = run(10, 1000, "constant:0.05", contention=law, **FREE)
    assert outcome.elapsed_s == pytest.approx(1000 * 0.05 / 10 * (1 + 9 * 0.1 + 90 * 0.01), rel=0.02)
    assert law.slowness(10) == pytest.approx(2.8)
    assert law.slowness(0) == law.slowness(1) == 1.0


def test_redis_is_never_quicker_than_its_commits():
    outcome = run(500, 20_000, "constant:0.05", redis_commit_s=0.001)
    assert outcome.elapsed_s == pytest.approx(outcome.tasks * 0.001, rel=0.1)
    assert outcome.redis == pytest.approx(1.0, abs=0.03)


def test_a_redis_that_is_quick_enough_costs_nothing():
    outcome = run(50, 5000, "constant:0.05", redis_commit_s=1e-5)
    assert outcome.elapsed_s == pytest.approx(5000 * 0.05 / 50, rel=0.03)
    assert outcome.redis < 0.02


def test_one_seed_is_one_run_and_another_is_another():
    def told(seed, policy):
        return run(12, 600, "exponential:0.05", "poisson:150", policy, seed=seed)

    for policy in ("none", "knee", "queue", "idle"):
        assert told(3, policy) == told(3, policy)
    assert told(3, "none").elapsed_s != told(4, "none").elapsed_s
    assert told(3, "none").busy_s == pytest.approx(told(3, "fixed:6").busy_s)  # the load is the same


def test_cores_are_shared_evenly_while_more_come():
    clock, ended = EventClock(), []
    node = Node(1, clock)
    for name, at_s, seconds in (("a", 0.0, 2.0), ("b", 1.0, 0.5)):
        clock.at(at_s, lambda n, s=seconds: node.compute(s, lambda n: ended.append((n, clock.now)), n), name)
    clock.run(lambda: len(ended) == 2)
    assert ended == [("b", pytest.approx(2.0)), ("a", pytest.approx(2.5))]


def test_ten_thousand_ranks_leave_redis_half_of_its_core():
    head = SimulatedHead(scene(10_000, 200_000, "lognormal:1,0.5"))
    outcome = head.run()
    begun = [load for at_s, load in outcome.redis_ticks if at_s > 2.0]  # at first each rank asks at once
    worst = max(sum(begun[i : i + 50]) / 50 for i in range(len(begun) - 50))
    assert outcome.redis < 0.5
    assert worst < 0.5  # in any five seconds
    assert outcome.elapsed_s < 1.35 * 200_000 / 10_000 + 2


def test_without_the_rule_ten_thousand_ranks_are_too_many_for_redis(monkeypatch):
    monkeypatch.setattr("hpcd4p.control.granularity.COMMIT_S", 0.0)
    outcome = run(10_000, 600_000, "constant:0.1")
    # 100,000 tasks a second are wanted, 16,667 are all that Redis can do
    assert outcome.elapsed_s > 0.95 * 600_000 * COMMIT_S
    assert outcome.redis_peak > 0.99
