"""What is noted each time that a run goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hpcd4p.checkpoint.epochs import Checkpoint
from hpcd4p.launch.status_note import RESTARTED_VARIABLE
from hpcd4p.launch.survived import Survived
from hpcd4p.record.survival import CheckpointRow, Survival


def row(epoch: int) -> CheckpointRow:
    return CheckpointRow(epoch, 10.0 * epoch, 0, 100, 0.2, 1.5, 0.05, 0.1)


def found(epoch: int, before: Survival, cut_at: float = 1000.0) -> Checkpoint:
    manifest: dict[str, Any] = {
        "survival": before.with_row(row(epoch)).as_dict(),
        "cut_at": cut_at,
        "elapsed_s": 10.0 * epoch,
    }
    return Checkpoint(epoch, Path(f"epoch-{epoch:06}"), json.loads(json.dumps(manifest)), [])


def test_a_run_that_is_started_again_knows_what_was_done_again() -> None:
    survived = Survived()
    survived.again(found(3, Survival()), 8, 1004.5)
    kept = survived.survival
    assert [each.epoch for each in kept.checkpoints] == [3]
    (gone,) = kept.gone_on
    assert (gone.here, gone.epoch, gone.repeated_s, gone.time_s, gone.ranks) == (False, 3, 4.5, 34.5, 8)
    assert survived.new == ["it went on from checkpoint 3"]
    assert kept.before_s == 30.0


def test_each_start_by_its_launcher_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Survival()
    before.go_on(False, 1, 10.0, 1.0, 4, "rank 0 was killed")
    monkeypatch.setenv(
        RESTARTED_VARIABLE,
        json.dumps([("rank 0 was killed", 1.5), ("Redis died", 3.5), ("a node died", 2.5)]),
    )
    survived = Survived()
    survived.again(found(3, before), 4, 1002.0)
    told = [(each.incarnation, each.why, each.repeated_s) for each in survived.survival.gone_on]
    assert told == [(1, "rank 0 was killed", 1.0), (2, "Redis died", 3.5), (3, "a node died", 2.0)]
    assert survived.new == ["Redis died", "a node died"]


def test_in_its_job_a_checkpoint_that_the_head_has_not_seen_complete_has_its_row() -> None:
    survived = Survived()
    survived.survival.add(row(1))
    survived.here(found(2, survived.survival), 3, "rank 1 died", 25.0)
    assert [each.epoch for each in survived.survival.checkpoints] == [1, 2]
    survived.here(found(2, Survival()), 3, "Redis died", 2.0)
    assert [each.epoch for each in survived.survival.checkpoints] == [1, 2]
    assert [each.why for each in survived.survival.gone_on] == survived.new == ["rank 1 died", "Redis died"]
    assert [each.repeated_s for each in survived.survival.gone_on] == [5.0, 2.0]
    assert [each.time_s for each in survived.survival.gone_on] == [25.0, 22.0]


def test_before_the_first_it_begins_anew() -> None:
    survived = Survived()
    survived.here(None, 3, "rank 1 died", 1.5)
    (gone,) = survived.survival.gone_on
    assert (gone.epoch, gone.here, survived.survival.before_s) == (0, True, 0.0)
    assert gone.time_s == gone.repeated_s == 1.5  # of work: ranks that start, or are awaited, do none
