"""Every policy over many loads: in bounds, to the end, calm where the load is; nobody is left to starve."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from hpcd4p.plan.settings import EngineSettings
from tests.unit.simulation.scenes import FREE, run

SEEDS = 40

SERVICES = ["constant:0.02", "exponential:0.05", "lognormal:0.1,0.8", "beta:2,5,0.3", "constant:0.0005"]

MOST_CHANGES = 6
"""Size changes a minute of the default policy on a steady load, after its first ten seconds."""


def any_load(seed):
    """Of any kind, for a few seconds; pool, machine and bounds too."""
    dice = random.Random(seed)
    ranks = dice.choice([1, 2, 5, 15, 40])
    rate = dice.choice([5, 30, 200])
    arrivals = dice.choice(
        ["all", f"steady:{rate}", f"poisson:{rate}", "burst:30,1.5", f"step:{rate},2,{3 * rate},4,{rate / 5}"]
    )
    least = dice.randint(1, ranks)
    engine = EngineSettings(min_active=least, max_active=dice.randint(least, ranks))
    machine = {}
    if dice.random() < 0.4:
        machine = dict(cpu=dice.choice([0.3, 1.0]), cores=2)
    return engine, dict(
        ranks=ranks,
        tuples=dice.randint(1, 300),
        service=dice.choice(SERVICES),
        arrivals=arrivals,
        seed=seed,
        **machine,
    )


@pytest.mark.parametrize("policy", ["none", "fixed:1", "knee", "queue", "idle"])
def test_a_run_ends_with_all_its_tuples_done_and_keeps_its_bounds(policy):
    for seed in range(SEEDS):
        engine, load = any_load(seed)
        outcome = run(**load, policy=policy, engine=engine)
        about = f"seed {seed}: {load}"
        assert sum(1 for t in outcome.ticks if not engine.min_active <= t.target <= engine.max_active) == 0, (
            about
        )
        done = sum(t.done * dt for t, dt in zip(outcome.ticks, steps(outcome), strict=True))
        assert done <= load["tuples"] + 1e-6, about
        assert outcome.busy_s > 0, about
        assert outcome.efficiency <= 1.0, about


def steps(outcome):
    times = [0.0, *(t.time_s for t in outcome.ticks)]
    return [b - a for a, b in pairwise(times)]


def test_the_default_policy_costs_no_time():
    ratios = []
    for seed in range(3 * SEEDS):
        _, load = any_load(seed)
        none, knee = run(**load), run(**load, policy="knee")
        ratios.append(knee.elapsed_s / none.elapsed_s)
        assert knee.process_s <= none.process_s * 1.05, load
    assert sum(ratios) / len(ratios) < 1.02
    assert max(ratios) < 1.25  # short runs, of which one late wake is a good part


@pytest.mark.parametrize("arrivals", ["steady", "poisson"])
@pytest.mark.parametrize("ranks", [8, 32])
def test_the_default_policy_leaves_a_steady_load_alone(arrivals, ranks):
    changes = []
    for seed in range(6):
        for load in (0.3, 0.7):
            service_s = 0.05
            rate = load * ranks / service_s
            outcome = run(
                ranks, int(40 * rate), f"constant:{service_s}", f"{arrivals}:{rate}", "knee", seed=seed
            )
            late = [c for c in outcome.changes if 10 < c.time_s < 39]
            changes.append(len(late) * 60 / 29)
    assert sum(changes) / len(changes) <= MOST_CHANGES


def test_more_ranks_than_cores_are_parked():
    none = run(16, 3000, "constant:0.01", cpu=1.0, cores=2)
    knee = run(16, 3000, "constant:0.01", policy="knee", cpu=1.0, cores=2)
    assert knee.process_s < 0.35 * none.process_s
    assert knee.elapsed_s < 1.06 * none.elapsed_s
    assert len(knee.changes) <= 8


def test_a_source_that_is_slow_keeps_few_ranks():
    none = run(32, 600, "constant:0.1", "steady:30")
    knee = run(32, 600, "constant:0.1", "steady:30", "knee")
    assert knee.process_s < 0.25 * none.process_s
    assert knee.elapsed_s < 1.01 * none.elapsed_s
    # three ranks are busy without a pause: at times a fourth is tried
    assert len([c for c in knee.changes if c.time_s > 10]) <= 2


def test_slow_tuples_of_very_many_ranks_do_not_fool_a_trial():
    none = run(2000, 150_000, "lognormal:1,0.5", **FREE)
    knee = run(2000, 150_000, "lognormal:1,0.5", policy="knee", **FREE)
    assert knee.elapsed_s < 1.02 * none.elapsed_s


def test_a_policy_of_the_users_that_raises_is_told_and_the_run_goes_on():
    outcome = run(4, 100, "constant:0.05", policy="tests.unit.simulation.broken:Broken")
    assert "raised ZeroDivisionError" in outcome.failure
    assert outcome.elapsed_s < 3
