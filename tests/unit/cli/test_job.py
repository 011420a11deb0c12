"""A run in a batch job: what an earlier start of the job has left, and the end."""

from __future__ import annotations

import pytest

from hpcd4p.checkpoint.folder import Folder
from hpcd4p.cli.checkpoints import go_on_later
from hpcd4p.cli.job import Job, job_here, progress
from hpcd4p.launch.status_note import STATUS_VARIABLE
from hpcd4p.record.point import POINT_VARIABLE

WORDS = ["flow.py", "--checkpoint", "5"]


def made(path, done=None, number="17", words=WORDS, epoch=7):
    folder = Folder.create(path, {"job": number, "words": list(words)})
    if done is not None:
        folder.begin(epoch)
        folder.complete(epoch, {"files": {}, "done": done})
    folder.unlock()
    return path


def test_a_job_that_was_started_before_goes_on_with_the_run_of_the_same_words(tmp_path, capsys):
    mine = made(tmp_path / "a", 5)
    others = [made(tmp_path / "b", 5, "18"), made(tmp_path / "c", 5, words=["other.py"]), tmp_path / "none"]
    assert Job("17", 1).earlier([*others, mine], WORDS) == str(mine)
    assert "has started job 17 again (restart 1): it goes on from checkpoint 7" in capsys.readouterr().out
    assert Job("17", 0).earlier([mine], WORDS) is None
    assert capsys.readouterr().out == ""


def test_a_run_that_ended_before_its_first_checkpoint_starts_again(tmp_path, capsys):
    empty = made(tmp_path / "a")
    assert Job("17", 2).earlier([empty], WORDS) is None
    assert "(restart 2): it starts again" in capsys.readouterr().out
    assert not (empty / "run.json").exists()  # `resume` does not take it for one that can go on


def test_progress_is_what_is_done_and_not_how_often_it_was_written(tmp_path):
    folder = made(tmp_path / "a", 5)
    assert progress(folder) == (7, 5)
    assert progress(tmp_path) == (0, 0)


@pytest.mark.parametrize(("done", "gained"), [(5, False), (6, True)])
def test_a_job_comes_back_if_more_is_done(tmp_path, monkeypatch, capsys, done, gained):
    asked = []
    monkeypatch.setattr("hpcd4p.cli.job.put_back", lambda *words: asked.append(words[:2]) or "")
    path = made(tmp_path / "a", 5)
    job = Job("17", 1)
    job.earlier([path], WORDS)
    folder = Folder.open(path)
    folder.begin(8)
    folder.complete(8, {"files": {}, "done": done})
    go_on_later(path, 3, job)
    assert asked == [("17", gained)]
    assert "will go on from checkpoint 8" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("status", "why", "said"),
    [
        (3, "Slurm refuses: disabled", "job 17 is not put back into the queue: Slurm refuses: disabled"),
        (1, "", "Go on from the last checkpoint:  hpcd4p resume "),
    ],
)
def test_what_does_not_come_back_says_the_line_to_type(tmp_path, monkeypatch, capsys, status, why, said):
    monkeypatch.setattr("hpcd4p.cli.job.put_back", lambda *words: why)
    go_on_later(made(tmp_path / "a", 5), status, Job("17", 0))
    out = capsys.readouterr().out
    assert said in out
    assert f"hpcd4p resume {tmp_path}/a" in out


@pytest.mark.parametrize(
    ("environ", "number"),
    [
        ({}, None),
        ({"SLURM_JOB_ID": "17"}, "17"),
        ({"SLURM_JOB_ID": "17", STATUS_VARIABLE: "/x"}, None),  # who has launched the ranks sees to it
        ({"SLURM_JOB_ID": "17", POINT_VARIABLE: "{}"}, None),  # or the study
    ],
)
def test_one_process_sees_to_the_job(environ, number):
    job = job_here(environ)
    assert (job and job.number) == number
