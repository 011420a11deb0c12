"""What an attempt goes on from, how often, and what follows when its job does not come back."""

from __future__ import annotations

import json
import os

import pytest

from hpcd4p.study.running import attempt as attempt_module
from hpcd4p.study.running import going_on
from hpcd4p.study.running.attempt import Attempt
from hpcd4p.study.running.folder import PLAN, write_json
from hpcd4p.study.running.going_on import GOES_ON, GoingOn, begin, left_in, read


def checkpoint(folder, number, name="w"):
    (folder / f"{name}.checkpoints" / f"epoch-{number:06}").mkdir(parents=True)
    (folder / f"{name}.checkpoints" / f"epoch-{number + 1:06}.part").mkdir(exist_ok=True)
    return str(folder / f"{name}.checkpoints")


def test_the_newest_complete_checkpoint_counts(tmp_path):
    assert left_in(tmp_path, GoingOn()) is None
    here = checkpoint(tmp_path, 3)
    assert left_in(tmp_path, GoingOn(1)) == GoingOn(2, here, "epoch-000003")
    earlier = checkpoint(tmp_path / "before", 5, "v")  # another attempt works with them
    assert left_in(tmp_path, GoingOn(1, earlier)) == GoingOn(2, earlier, "epoch-000005")


def test_what_is_in_a_file_may_be_anything():
    now = GoingOn(2, "/c", "epoch-000001")
    assert read(json.loads(json.dumps(now.as_dict()))) == now
    assert read(None) == read({"times": "x"}) == GoingOn()


def test_a_job_that_is_back_goes_on_and_a_new_attempt_from_what_its_plan_says(tmp_path):
    assert begin(tmp_path, {}) == GoingOn()
    here = checkpoint(tmp_path, 3)
    assert begin(tmp_path, {}) == GoingOn(1, here, "epoch-000003")
    assert begin(tmp_path, {}).times == 2
    planned = GoingOn(4, here, "epoch-000003")
    assert begin(tmp_path / "2", {"goes_on": planned.as_dict()}) == planned


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Make an attempt whose runs end like this: (status, timed out, checkpoint by then)."""
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)

    def run(*ends, most=3, asked="", why=None):
        write_json(tmp_path / PLAN, {"mark": "m", "words": ["run", "w.py"]})
        left, seen = list(ends), []

        def one(self, plan, now):
            seen.append(now)
            status, timed_out, number = left.pop(0)
            if number is not None and not (tmp_path / f"w.checkpoints/epoch-{number:06}").exists():
                checkpoint(tmp_path, number)
            self.asked = asked
            return status, timed_out

        monkeypatch.setattr(Attempt, "_run", one)
        if why is not None:
            monkeypatch.setenv("SLURM_JOB_ID", "17")
            monkeypatch.setattr(going_on, "why_job_stays", lambda environ: why)
        state = Attempt(tmp_path, 5.0, "m", most)()
        end = json.loads((tmp_path / "end.json").read_text()) if (tmp_path / "end.json").exists() else None
        return state, end, [now.times for now in seen]

    return run


def test_a_run_goes_on_here_until_it_is_done(made):
    state, end, times = made((3, True, 2), (3, True, 5), (0, False, None))
    assert (state, end["continued"], end["goes_on"], times) == ("completed", 2, None, [0, 1, 2])


@pytest.mark.parametrize(
    ("ends", "most", "times"),
    [
        ([(3, True, 2), (3, True, 3)], 1, 1),  # so often, and no more
        ([(3, True, 2), (3, True, 2)], 9, 1),  # it came no further
        ([(3, True, None)], 9, 0),  # there is no checkpoint
        ([(3, True, 2)], 0, 0),
    ],
)
def test_it_does_not_go_on_for_ever(made, ends, most, times):
    state, end, _ = made(*ends, most=most)
    assert (state, end["continued"], end["goes_on"]) == ("timed out", times, None)


def test_what_has_failed_or_was_asked_to_end_does_not_go_on_here(made):
    assert made((1, False, 2))[0] == "failed tuples"
    state, end, times = made((3, False, 4), asked="SIGTERM")
    assert (state, times) == ("cancelled", [1])
    assert end["goes_on"]["newest"] == "epoch-000004"  # for the next start of the study


@pytest.mark.parametrize("asked", ["", "SIGUSR1"])
def test_what_was_done_when_it_was_asked_to_end_is_done(made, asked):
    ends = [(0, False, 2)] if asked else [(3, True, 2), (0, True, 2)]
    state, end, times = made(*ends, asked=asked)
    assert (state, end["reason"], end["goes_on"]) == ("completed", "", None)
    assert len(times) == len(ends)


def test_a_job_that_comes_back_leaves_no_marker(made):
    assert made((3, False, 2), why="")[:2] == ("continued", None)


def test_a_job_that_does_not_come_back_says_from_where_another_goes_on(made):
    state, end, _ = made((3, False, 2), why="Slurm refuses: disabled")
    assert (state, end["goes_on"]["times"]) == ("stopped", 1)
    assert "it can go on: hpcd4p resume" in end["reason"]
    assert "(Slurm refuses: disabled)" in end["reason"]


def test_the_run_is_started_with_what_it_goes_on_from(tmp_path, monkeypatch):
    seen = []

    class Process:
        def __init__(self, line, **more):
            seen.append(line)

        def wait(self, seconds):
            return 0

    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    monkeypatch.setattr(attempt_module.subprocess, "Popen", Process)
    here = checkpoint(tmp_path, 3)
    write_json(tmp_path / PLAN, {"mark": "m", "words": ["run", "-n", "2", "w.py"]})
    write_json(tmp_path / GOES_ON, GoingOn().as_dict())
    assert Attempt(tmp_path, 5.0, "m", 3)() == "completed"
    assert seen[0][3:] == ["run", "--resume", here, f"--results={tmp_path}", "-n", "2", "w.py"]
    assert os.path.exists(tmp_path / "end.json")
