"""What is said about the auto-scaler."""

from __future__ import annotations

import pytest

from hpcd4p.record.explain import MOST_MOVES, WIDTH, explanation
from hpcd4p.record.phases import MOST_PHASES, Limit, limit_of, phases, usual_reason
from hpcd4p.record.scaling import Change, Scaling
from hpcd4p.record.summary import Event, Summary
from tests.unit.record.scalings import contended, tick


def flat(text: str) -> str:
    return " ".join(text.split())


def test_tells_what_it_did_when_and_why() -> None:
    said = flat(explanation(*contended()))
    for part in (
        "crunch: completed after 10.0 s on 16 ranks.",
        "Policy: knee (the fewest ranks that do not lengthen the run).",
        "1 change of the number of active ranks, 6 a minute",
        "0.0 - 1.0 s 15 ranks active (all); 15.0 worked, 100 tasks waited because: all that may be active",
        "1.0 - 10.0 s 2 ranks active, 13 parked; 2.0 worked, 100 tasks waited because: 2 ranks did as much",
    ):
        assert part in said


def test_tells_what_it_saved_and_what_limited_the_run() -> None:
    said = flat(explanation(*contended()))
    for part in (
        "active for 33.0 s of rank time (process time). With all ranks active all the time that would have "
        "been 2 min 30 s: 78 % less. The 117.0 s that ranks were parked are 0.033 core-hours for others.",
        "inside elements for 93 % of the time (efficiency)",
        "90 % The policy: tasks waited although ranks were parked. Its usual reason: 2 ranks did as much",
        "10 % Cores: ranks that were ready to work waited for a core, for 80 % of their working time.",
    ):
        assert part in said


def test_tells_which_partitions_moved_and_which_stay() -> None:
    events = [
        Event(
            1.25, "moved", "partition 3 of Sum2 has moved from rank 1 to rank 4 (210 bytes): it was behind"
        ),
        Event(1.3, "moved", "Numbers0: its first calls left its attributes alone; the rest are tasks"),
        Event(1.5, "finish", "Sum2: all its input is done"),
        Event(2.0, "stays", "Log3 stays where it is: its state cannot be pickled"),
    ]
    said = flat(explanation(*contended(), events))
    assert "behind (--move) 1.2 s partition 3 of Sum2 has moved from rank 1 to rank 4 (210" in said
    assert "2.0 s Log3 stays where it is: its state cannot be pickled" in said
    assert "Sum2: all its input" not in said
    assert "Numbers0" not in said
    assert "partitions moved" not in explanation(*contended())
    assert "and 5 more" in explanation(*contended(), [events[0]] * (MOST_MOVES + 5))


def test_no_line_is_wider_than_it_may_be() -> None:
    summary, scaling = contended()
    assert max(map(len, explanation(summary, scaling).splitlines())) <= WIDTH


def test_a_policy_that_failed_is_told_with_its_traceback() -> None:
    summary, scaling = contended()
    assert "failed" not in explanation(summary, scaling)
    scaling.failure = "Traceback (most recent call last):\n  File x\nValueError: no\n"
    said = explanation(summary, scaling)
    assert "The policy failed. Its last target held from then on." in said
    assert "  ValueError: no" in said


def test_a_policy_that_never_parks_saved_nothing() -> None:
    scaling = Scaling("none", 4)
    for i in range(1, 11):
        scaling.keep(tick(i / 10, active=4, target=4, idle=1.0, backlog_tasks=0, reason="all ranks, always"))
    said = flat(explanation(Summary("w", ranks=5, elapsed_s=1.0, process_time_s=4.0), scaling))
    for part in (
        "Policy: none (all ranks, always).",
        "What it did (no changes)",
        "4 ranks active (all); 3.0 worked, 0 tasks waited",
        "Nothing: the pool was active for all of its 4.00 s",
        "100 % The source",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("summary", "scaling", "part"),
    [
        (Summary("w"), None, "made in one process"),
        (Summary("w", ranks=4, config={"mapping": "static"}), Scaling("knee", 0), "static mapping"),
        (Summary("w", ranks=2), Scaling("knee", 0), "no rank of this run could be parked"),
        (Summary("w", ranks=4, elapsed_s=0.05), Scaling("knee", 3), "before the auto-scaler looked"),
    ],
)
def test_where_nothing_was_scaled_it_says_why(summary: Summary, scaling: Scaling | None, part: str) -> None:
    assert part in flat(explanation(summary, scaling))


def test_a_policy_that_never_rests_is_one_phase_and_not_hundreds() -> None:
    scaling = Scaling("queue", 8)
    for i in range(1, 601):
        before, after = (3, 4) if i % 2 else (4, 3)
        scaling.keep(tick(i / 10, active=before, target=after, reason=f"{i} tasks wait"))
        scaling.changed(Change(i / 10, before, after, f"{i} tasks wait"))
    (phase,) = phases(scaling, 60.0)
    assert (phase.least, phase.most, phase.changes) == (3, 4, 600)
    assert phase.active == pytest.approx(3.5, abs=0.01)
    assert "3 to 4 ranks active in 600 steps" in flat(
        explanation(Summary("w", ranks=9, elapsed_s=60.0), scaling)
    )


def test_many_steady_times_become_a_few_phases() -> None:
    scaling = Scaling("knee", 8)
    for i in range(1, 301):
        before, after = (2 + i % 5, 2 + (i + 1) % 5)
        scaling.keep(tick(float(i), active=before, target=after))
        scaling.changed(Change(float(i), before, after, "so"))
    assert len(phases(scaling, 300.0)) <= MOST_PHASES


def test_reasons_that_differ_in_their_numbers_are_one() -> None:
    said = ["3.1 ranks are busy", "a burst", "2.9 ranks are busy", "1e-05 ranks are busy"]
    assert usual_reason([tick(float(i), reason=r) for i, r in enumerate(said)]) == "2.9 ranks are busy"
    assert usual_reason([]) == ""


@pytest.mark.parametrize(
    ("seen", "limit"),
    [
        ({"held": True}, Limit.STATEFUL),
        ({"drained": True, "finished": True, "backlog_tasks": 0}, Limit.FINISHED),
        ({"drained": True, "backlog_tasks": 0}, Limit.TAIL),
        ({"backlog_tasks": 1, "waiting": 0.6}, Limit.CORES),
        ({"backlog_tasks": 2, "idle": 5.0}, Limit.SOURCE),
        ({"waiting": 0.02}, Limit.RANKS),
        ({"parked": 3}, Limit.POLICY),
        ({}, Limit.RANKS),
    ],
)
def test_what_limited_a_run_shows_in_what_was_seen(seen: dict[str, object], limit: Limit) -> None:
    assert limit_of(tick(1.0, **seen)) is limit


def test_a_pool_without_work_is_told_as_such() -> None:
    summary, scaling = contended()
    summary.efficiency = 0.0
    said = flat(explanation(summary, scaling))
    assert "The pool had nothing to do" in said
    assert "(efficiency)" not in said
