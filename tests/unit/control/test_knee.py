"""The default policy, asked directly: what it must not take for a lack of cores, and what it must."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpcd4p.control.policies.knee import SPARE, Knee
from hpcd4p.control.scaling import Bounds, PoolObservation

RANKS, DT_S = 15, 0.1


def seen(now_s: float, active: int, **given) -> PoolObservation:
    values = {
        "now_s": now_s, "dt_s": DT_S, "ranks": RANKS, "active": active, "parked": RANKS - active, "idle": 0.0,
        "busy": float(active), "waiting": 0.0, "cores": 0.0, "backlog_tasks": 60, "backlog_tuples": 60,
        "backlog_s": 8.0, "arrived": 0.0, "done": 0.0, "work": 0.0, "longest_s": 0.14, "held": False,
        "drained": True,
    }  # fmt: skip
    return PoolObservation(**{**values, **given})


def targets(load, until_s: float = 6.0) -> list[int]:
    """What the policy wants over time when `load` says what is seen, with so many ranks as it wants."""
    policy, active, found = Knee(Bounds(1, RANKS)), RANKS, []
    for tick in range(1, int(until_s / DT_S)):
        active = policy.decide(seen(tick * DT_S, active, **load(tick * DT_S, active))).target
        found.append(active)
    return found


def imports_then_sleeps(now_s: float, active: int) -> dict:
    """All ranks import together on two cores for 2.2 s; then each tuple is 0.14 s of waiting."""
    if now_s < 2.2:
        return {"busy": 0.0}
    if now_s < 2.5:  # the first tuples end, and tell of that time
        return {"busy": 20.0, "waiting": 0.86, "cores": 2.0, "done": 50.0, "work": 50 * 0.3, "longest_s": 0.3}
    return sleeps(now_s, active)


def sleeps(now_s: float, active: int) -> dict:
    """Tuples of 0.14 s of waiting."""
    done = active / 0.14
    return {"waiting": 0.01, "cores": 0.05 * active, "done": done, "work": done * 0.14}


def computes(now_s: float, active: int) -> dict:
    """Tuples of 10 ms of computing on two cores."""
    on_core = min(2.0, active)
    done = on_core / 0.01
    return {
        "waiting": 1 - on_core / active, "cores": on_core, "done": done, "work": done * 0.01,
        "longest_s": 0.01, "backlog_tasks": 500, "backlog_tuples": 5000, "backlog_s": 50.0,
    }  # fmt: skip


def test_imports_of_a_start_are_no_lack_of_cores():
    assert min(targets(imports_then_sleeps)) >= RANKS * 0.7  # a trial of its own may be under way
    assert targets(imports_then_sleeps)[-1] == RANKS


def test_a_lack_of_cores_is_found_within_a_second():
    assert targets(computes, 1.5)[-1] <= 3


def test_a_load_that_stops_computing_gets_its_ranks_back():
    found = targets(lambda now_s, active: (computes if now_s < 30 else sleeps)(now_s, active), 33.0)
    assert max(found[200:290]) <= 3
    assert found[-1] == RANKS  # though trials with more ranks had become rare


def test_a_gain_by_chance_is_not_taken_where_cores_lack():
    def lucky(now_s: float, active: int) -> dict:
        """Whatever is tried with more ranks seems to do 6 % more."""
        told = computes(now_s, active)
        return told | {"work": told["work"] * (1.06 if active > 2 and now_s > 3 else 1.0)}

    found = targets(lucky, 60.0)
    assert max(found[30:]) <= 3  # tried, not kept
    assert sum(a != b for a, b in pairwise(found[30:])) <= 6


def in_lumps(seconds: float):
    """Tuples of so many seconds of computing on two cores: ranks tell of them at their ends only."""
    told = {"s": 0.0}

    def seen_then(now_s: float, active: int) -> dict:
        on_core = min(2.0, active)
        told["s"] += on_core * DT_S  # core-seconds not told yet
        waiting = 1 - on_core / active
        common = {"waiting": 0.0, "cores": 0.0, "busy": 0.0, "longest_s": seconds, "backlog_tasks": 500,
                  "backlog_tuples": 500, "backlog_s": 500 * seconds}  # fmt: skip
        tuples = int(told["s"] / seconds + 1e-9)
        if not tuples:
            return common
        told["s"] -= tuples * seconds
        work = tuples * seconds / DT_S
        return common | {
            "waiting": waiting,
            "cores": work,
            "busy": work,
            "done": work / seconds,
            "work": work,
        }

    return seen_then


def test_long_tuples_that_compute_do_not_lift_the_limit():
    for seconds in (0.3, 0.45, 0.5, 0.65, 0.7, 0.9):
        found = targets(in_lumps(seconds), 60.0)
        settled = next(i for i, target in enumerate(found) if target <= 3)
        assert max(found[settled:]) <= 4, seconds  # trials with more ranks, not all of them


def test_a_limit_that_was_lowered_once_more_is_still_one_by_cores():
    def fewer_do(now_s: float, active: int) -> dict:
        """Three ranks seem to have a core; two do as much, as a later trial finds."""
        if now_s > 120:
            return sleeps(now_s, active)
        told = computes(now_s, active)
        return told | {"waiting": max(0.0, 1 - 2.4 / active)}

    found = targets(fewer_do, 124.0)
    assert max(found[1000:1190]) <= 4
    assert found[-1] == RANKS


def test_a_trial_with_more_ranks_that_nobody_needs_ends():
    def hardly_full(now_s: float, active: int) -> dict:
        """All are busy and a little waits, always; long into a run that is no reason for more ranks."""
        told = computes(now_s, active)
        return told | {"backlog_tasks": 2, "backlog_tuples": 2, "backlog_s": 0.02 if now_s > 3 else 50.0}

    policy, active = Knee(Bounds(1, RANKS)), RANKS
    for tick in range(1, 1200):
        active = policy.decide(seen(tick * DT_S, active, **hardly_full(tick * DT_S, active))).target
    assert active <= 3
    assert not policy._trials.trying or policy._trials._began_s > 1200 * DT_S - 2


def test_a_pool_whose_work_is_done_needs_no_rank_whatever_its_bounds():
    policy, bounds = Knee(Bounds(2, RANKS)), Bounds(2, RANKS)
    nothing = {"busy": 0.0, "backlog_tasks": 0, "backlog_tuples": 0, "backlog_s": 0.0}
    assert policy.decide(seen(1.0, RANKS, idle=float(RANKS), **nothing)).target >= 2
    assert policy.decide(seen(1.1, 2, idle=2.0, finished=True, **nothing)).target == 0
    # of a policy that says so before, the bounds are kept
    assert (bounds.clip(0), bounds.clip(-1, finished=False), bounds.clip(0, finished=True)) == (2, 2, 0)


def with_a_host(duty: float, tasks: float, held: bool = False) -> list[int]:
    """Targets where one rank works for partitions for a part of its time, and tasks keep so many busy."""

    def told(now_s: float, active: int) -> dict:
        done = min(tasks, active - duty)
        busy = duty + done
        return {
            "idle": 0.0 if held else active - busy, "busy": busy, "cores": 0.05 * active, "done": 10 * done,
            "work": done, "longest_s": 0.1, "backlog_tasks": 0, "backlog_tuples": 1, "backlog_s": 0.01,
            "held": held, "drained": False, "arrived": 10 * done,
        }  # fmt: skip

    return targets(told, 30.0)


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize(
    ("duty", "tasks", "needed"), [(0.0, 2.0, 2), (1.0, 2.0, 3), (1.0, 0.0, 1), (0.5, 2.5, 3), (0.5, 2.8, 4)]
)
def test_a_rank_that_works_for_partitions_is_needed_as_one_that_works_for_the_pool(duty, tasks, needed, held):
    assert with_a_host(duty, tasks, held)[-1] == needed


@given(st.floats(0, 1), st.floats(0, 8), st.booleans())
@settings(max_examples=40, deadline=None)
def test_as_many_stay_as_work_for_tasks_and_for_partitions_together(duty, tasks, held):
    assert with_a_host(duty, tasks, held)[-1] >= duty + tasks - 2 * SPARE
