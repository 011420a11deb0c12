"""A run in as many jobs as it takes: when there is another one, and when not any more."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from hpcd4p.checkpoint.folder import Folder
from hpcd4p.cli import until_done
from hpcd4p.cli.until_done import UntilDone, ended
from hpcd4p.errors import RunStopped, SettingsError


@pytest.fixture
def follow(tmp_path, monkeypatch):
    """Follow jobs that end like this: (state, status, how much is done by then); gives status and words."""

    def made(*ends, restarts=2, checkpoint="5"):
        values = {
            "checkpoint": checkpoint, "restarts": restarts, "results": str(tmp_path), "checkpoint_dir": None,
        }  # fmt: skip
        submitted: list[list[str]] = []
        left = list(ends)

        def end(number):
            state, status, done = left.pop(0)
            path = tmp_path / "a.checkpoints"
            if done is not None:
                folder = Folder.open(path) if path.exists() else Folder.create(path, {"job": number})
                epoch = max(folder.epochs(), default=0) + 1
                folder.begin(epoch)
                folder.complete(epoch, {"files": {}, "done": done})
                folder.unlock()
            return state, status

        def submit(words):
            submitted.append(list(words))
            return str(18 + len(submitted))

        monkeypatch.setattr(until_done, "ended", end)
        run = UntilDone(submit, ["w.py"], SimpleNamespace(values=values))
        return run.follow("18"), submitted

    made.folder = tmp_path / "a.checkpoints"
    return made


@pytest.mark.parametrize("status", [0, 1, 2])
def test_the_status_is_that_of_the_run(follow, status):
    assert follow(("FAILED" if status else "COMPLETED", status, None)) == (status, [])


def test_what_is_left_is_submitted_until_it_is_done(follow):
    again = ["--resume", str(follow.folder), "w.py"]
    ends = [("TIMEOUT", 0, 4), ("FAILED", 3, 8), ("NODE_FAIL", 128, 9), ("COMPLETED", 0, None)]
    assert follow(*ends) == (0, [again] * 3)


def test_a_run_that_never_gets_further_is_not_submitted_for_ever(follow, capsys):
    status, submitted = follow(*[("FAILED", 3, 4)] * 4)
    assert (status, len(submitted)) == (3, 3)  # two more from there, after the first that got so far
    out = capsys.readouterr().out
    assert "with nothing done, and the last (--restarts)" in out
    assert f"hpcd4p resume {follow.folder}" in out


def test_a_job_that_dies_before_its_first_checkpoint_is_submitted_as_it_was(follow):
    assert follow(("NODE_FAIL", 128, None), ("COMPLETED", 0, None)) == (0, [["w.py"]])


def test_a_job_that_was_cancelled_is_not_submitted_again(follow, capsys):
    assert follow(("CANCELLED", 0, 4)) == (3, [])
    assert f"hpcd4p resume {follow.folder}" in capsys.readouterr().out


def test_without_checkpoints_there_is_nothing_to_go_on_from(follow):
    with pytest.raises(SettingsError, match="--until-done goes on from checkpoints"):
        follow(checkpoint="off")


@pytest.mark.parametrize(
    ("said", "end"),
    [
        ("JobState=COMPLETED ExitCode=0:0", ("COMPLETED", 0)),
        ("JobState=FAILED ExitCode=3:0", ("FAILED", 3)),
        ("JobState=FAILED ExitCode=0:9", ("FAILED", 128)),
        ("JobState=FAILED ExitCode=137:0", ("FAILED", 128)),
    ],
)
def test_the_end_of_a_job_is_awaited(monkeypatch, said, end):
    answers = ["JobState=PENDING", "", "JobState=RUNNING", "JobState=COMPLETING", said]
    monkeypatch.setattr(until_done, "show", lambda what, name: answers.pop(0))
    monkeypatch.setattr(until_done, "LOOK_S", (0.001, 0.001))
    assert ended("18") == end


def test_a_slurm_that_never_answers_is_told_of(monkeypatch):
    monkeypatch.setattr(until_done, "show", lambda what, name: "")
    monkeypatch.setattr(until_done, "SILENT_S", 0.0)
    with pytest.raises(RunStopped, match="says nothing of job 18"):
        ended("18")
