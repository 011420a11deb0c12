from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hpcd4p.record.history import Timelines
from hpcd4p.record.scaling import Tick
from hpcd4p.record.summary import DeadLetter, ElementFigures, Event, RankFigures, Summary
from hpcd4p.record.survival import CheckpointRow
from hpcd4p.top.history import Unit
from hpcd4p.top.lines import cells, plain
from hpcd4p.top.recorded import Recorded, samples_of
from hpcd4p.top.replay import MOST_SPEED, Replay, replay_page, usual_speed
from hpcd4p.top.view import Size
from tests.unit.top.scenes import texts

SIZES = [Size(*size) for size in [(20, 24), (80, 24), (200, 50), (1, 1), (40, 8), (3, 2)]]

LARGE = Size(100, 40)


def timelines(ranks: int = 4) -> Timelines:
    """Ten bins of a second: rank 1 works in all, others in the first half; then they are parked."""
    busy, parked = np.zeros((ranks, 10), "f4"), np.zeros((ranks, 10), "f4")
    busy[1, :] = 0.5
    busy[2:, :5] = 1.0
    parked[2:, 5:] = 1.0
    return Timelines(list(range(ranks)), [0.0] * ranks, 1.0, busy, parked, 0 * parked)


def figures(ranks: int = 4, lost: dict[int, float] | None = None) -> list[RankFigures]:
    roles = {0: "head", 1: "stateful"}
    made = [RankFigures(rank, role=roles.get(rank, "pool")) for rank in range(ranks)]
    return made + [RankFigures(r, role="pool", state="lost", active_s=s) for r, s in (lost or {}).items()]


def tick(time_s: float, **given: Any) -> Tick:
    usual: dict[str, Any] = {
        "target": 2, "active": 2, "parked": 0, "idle": 0.0, "busy": 2.0, "waiting": 0.0, "backlog_tasks": 12,
        "backlog_s": 1.0, "arrived": 10.0, "done": 40.0, "reason": "all of them are needed",
    }  # fmt: skip
    return Tick(time_s, **{**usual, **given})


def recorded(**given: Any) -> Recorded:
    ranks = figures()
    summary = Summary("factors", elapsed_s=9.5, state="completed", ranks_figures=ranks)
    summary.elements = [ElementFigures("Work1", "stateless", 100, 90, 10, 5.0)]
    usual: dict[str, Any] = {
        "path": "results/factors-1.h5", "summary": summary, "policy": "knee",
        "ticks": [tick(float(at), parked=2 * (at > 5), active=4 - 2 * (at > 5)) for at in range(1, 10)],
        "samples": samples_of(timelines(), ranks, 9.5),
        "events": [Event(0.0, "started", "4 ranks"), Event(6.0, "parked", "2 ranks are parked")],
        "letters": [DeadLetter("Work1", "input", "7", "ValueError: 7 is none of mine", "", 2, 3.0)],
        "checkpoints": [CheckpointRow(1, 4.0, 0, 1_000_000, 0.2, 1.0, 0.1, 0.1)],
    }  # fmt: skip
    return Recorded(**{**usual, **given})


def text_at(at_s: float, size: Size = LARGE, **given: Any) -> str:
    return "\n".join(texts(replay_page(recorded(**given), at_s, "", size)))


def test_ranks_work_rest_and_are_parked_as_the_record_says():
    samples = samples_of(timelines(), figures(), 9.5)
    assert [sample.written for sample in samples][-2:] == [9.0, 9.5]
    first, last = samples[0].units, samples[-1].units
    assert [dict(look.states) for look in first.values()] == [
        {"idle": 1},
        {"working": 1},
        {"working": 1},
        {"working": 1},
    ]
    assert [dict(look.states) for look in last.values()] == [
        {"idle": 1},
        {"working": 1},
        {"parked": 1},
        {"parked": 1},
    ]
    assert last[Unit("stateful", "", 1)].load == 0.5


def test_a_rank_that_was_lost_lives_until_then():
    samples = samples_of(timelines(), figures(lost={9: 6.5}), 9.5)
    states = [dict(sample.units[Unit("pool", "", 9)].states) for sample in samples]
    assert states == [{}] * 7 + [{"lost": 1}] * 3


def test_a_rank_that_told_of_nothing_that_it_did_was_idle():
    samples = samples_of(timelines(), figures(5), 9.5)
    assert {tuple(sample.units[Unit("pool", "", 4)].states) for sample in samples} == {("idle",)}


def test_many_ranks_are_counted_by_role():
    samples = samples_of(timelines(100), figures(100, lost={200: 6.0}), 9.5)
    assert dict(samples[0].units[Unit("pool", "", -1)].states) == {"working": 98}
    assert dict(samples[-1].units[Unit("pool", "", -1)].states) == {"parked": 98, "lost": 1}


def test_a_moment_has_what_had_happened_by_then_and_nothing_of_later():
    text = text_at(2.0)
    assert " 2.00 s of 9.50 s" in text
    assert "4 active, 0 parked" in text
    assert "none of mine" not in text
    assert "2 ranks are parked" not in text
    assert "Checkpoints" not in text
    text = text_at(8.0)
    assert "2 active, 2 parked, target 2: all of them are needed" in text
    assert "Limit: the policy: tasks wait, and ranks are parked" in text
    assert "     3.00 Work1: ValueError: 7 is none of mine" in text
    assert "     6.00 parked     2 ranks are parked" in text
    assert "Checkpoints: 1, the last one 4.00 s old, 1 MB" in text


def test_elements_are_those_of_the_end_and_called_so():
    (head,) = [each for each in text_at(0.0).splitlines() if each.startswith("element")]
    assert head.endswith("(at the end)")


def test_strips_grow_with_the_time():
    def strip(at_s: float) -> str:
        (row,) = [each for each in text_at(at_s).splitlines() if each.startswith("2  pool")]
        return row.split()[-1]

    full = strip(9.5)
    half = full.count("█")
    assert full == "█" * half + "_" * (len(full) - half)
    assert abs(2 * half - len(full)) <= 2
    assert strip(3.0) == "█" * len(strip(3.0))
    assert strip(8.0) == full[: len(strip(8.0))]
    assert 0 < len(strip(3.0)) < half < len(strip(8.0)) < len(full)


def test_the_whole_run_has_room_in_a_strip():
    (row,) = [each for each in text_at(9.5, Size(80, 40)).splitlines() if each.startswith("1 ")]
    assert row.endswith("▄" * 40)
    assert len(row) == 80
    (tiny,) = [each for each in text_at(9.5, Size(8, 40)).splitlines() if each.startswith("3")]
    assert tiny.rstrip() == "3  ██▄__"  # two bins to a cell


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("at_s", [0.0, 5.0, 9.5])
@pytest.mark.parametrize(
    "given", [{}, {"samples": [], "ticks": [], "policy": "", "checkpoints": []}], ids=["all", "little"]
)
def test_a_replay_fits_its_terminal(size, at_s, given):
    lines = replay_page(recorded(**given), at_s, "× 2", size)
    assert len(lines) == size.rows
    assert all(cells(plain(each)) <= size.columns for each in lines)


def test_time_goes_on_as_fast_as_it_was_said_until_the_end():
    replay = Replay(recorded(), 2.0)
    assert not replay.look(100.0)
    assert replay.look(101.0)
    assert " 2.00 s of 9.50 s" in "\n".join(texts(list(replay.lines(Size(80, 24)))))
    assert replay.look(110.0)
    assert not replay.look(120.0)
    assert " 9.50 s of 9.50 s" in "\n".join(texts(list(replay.lines(Size(80, 24)))))


def test_keys_change_the_speed_move_and_hold():
    replay = Replay(recorded(), 1.0)
    replay.look(0.0)
    for key in ("+", "+", "-"):
        assert replay.press(key) is True
    replay.look(1.0)

    def shown() -> list[str]:
        return texts(list(replay.lines(Size(80, 24))))

    assert " 2.00 s of" in shown()[1]
    assert shown()[0].endswith(" × 2 ")
    assert replay.press(" ") is True
    replay.look(2.0)
    assert " 2.00 s of" in shown()[1]
    assert shown()[0].endswith(" PAUSED ")
    replay.press("end")
    assert " 9.50 s of" in shown()[1]
    replay.press("left")
    assert " 9.03 s of" in shown()[1] or " 9.02 s of" in shown()[1]
    replay.press("home")
    assert " 0 s of" in shown()[1]
    assert replay.press("z") is False
    assert replay.press("escape") is None


def test_a_replay_that_is_through_begins_again():
    replay = Replay(recorded(), 1.0, ended=True)
    assert replay.press(" ") is True
    assert " 0 s of" in texts(list(replay.lines(Size(80, 24))))[1]


def test_the_speed_has_bounds():
    replay = Replay(recorded(), MOST_SPEED)
    replay.press("+")
    assert f"× {MOST_SPEED:g}" in texts(list(replay.lines(Size(80, 24))))[0]


@pytest.mark.parametrize(("elapsed_s", "speed"), [(0.0, 1.0), (30.0, 1.0), (31.0, 2.0), (3600.0, 128.0)])
def test_a_long_run_is_replayed_in_half_a_minute(elapsed_s, speed):
    assert usual_speed(elapsed_s) == speed
    assert Replay(SimpleNamespace(elapsed_s=elapsed_s)).every_s > 0
