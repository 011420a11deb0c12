"""The driver beside a scheduler that is played: what it plans, leaves alone, and marks as lost."""

from __future__ import annotations

import json
import time

import pytest

from hpcd4p.errors import SettingsError
from hpcd4p.study.definition.points import points_of
from hpcd4p.study.definition.study_file import parse_study
from hpcd4p.study.running import driver as driver_module
from hpcd4p.study.running.attempt import Attempt
from hpcd4p.study.running.driver import Driver
from hpcd4p.study.running.folder import StudyFolder, write_end
from hpcd4p.study.running.sacct import as_squeue
from hpcd4p.study.running.squeue import JobState, parse

LIVES = JobState("running", False, "RUNNING")


class Scheduler:
    """Takes attempts, `takes` of them at most, and refuses the rest."""

    def __init__(self, takes: int = 100) -> None:
        self.takes = takes
        self.planned: list = []
        self.jobs: dict[str, JobState] = {}
        self.accounts: dict[str, JobState] = {}
        self.asked = 0

    def start(self, planned, told) -> None:
        for each in planned:
            if len(self.planned) == self.takes:
                raise SettingsError("no more")
            self.planned.append(each)
            job = str(len(self.planned))
            self.jobs[job] = LIVES
            told([each], [job])

    def ended(self, jobs):
        return {job: self.accounts[job] for job in jobs if job in self.accounts}

    def look(self):
        self.asked += 1
        return self.jobs

    def cancel(self) -> None:
        pass


@pytest.fixture
def drive(tmp_path, monkeypatch):
    """Make a driver of a study of three points on a scheduler."""
    study = parse_study(
        {"study": {"workflow": "w.py"}, "axes": {"size": [1, 2, 3]}, "launch": {"cluster": "slurm"}},
        "s.toml",
        [],
    )
    folder = StudyFolder(tmp_path, "s")

    def made(scheduler: Scheduler) -> Driver:
        monkeypatch.setattr(driver_module, "launcher_of", lambda study, folder: scheduler)
        return Driver(study, folder, points_of(study), lambda now: None)

    made.folder = folder
    return made


def states(driver: Driver) -> list[tuple[int, str]]:
    return [(s.attempt, s.state) for s in driver.states()]


def test_jobs_that_were_taken_before_the_scheduler_refused_are_known_to_the_next_start(drive):
    scheduler = Scheduler(takes=2)
    with pytest.raises(SettingsError):
        drive(scheduler).start(None, "")
    scheduler.takes = 100
    again = drive(scheduler)
    assert again.start(None, "") == 1  # the third alone
    assert again.adopted == 2
    assert states(again) == [(1, "pending")] * 3


def test_points_whose_jobs_are_gone_are_marked_lost_and_started_again(drive):
    scheduler = Scheduler()
    drive(scheduler).start(None, "")
    scheduler.jobs = {"2": JobState("cancelled", True, "CANCELLED"), "3": LIVES}
    again = drive(scheduler)
    assert again.start(None, "") == 2
    assert states(again) == [(2, "pending"), (2, "pending"), (1, "pending")]
    ends = [json.loads(p.read_text()) for p in sorted(drive.folder.path.glob("*/1/end.json"))]
    assert [(e["state"], e["status"]) for e in ends] == [("lost", None), ("cancelled", None)]
    assert ends[1]["reason"] == "its job 2 ended without a word; Slurm says CANCELLED"


def test_accounting_knows_how_a_job_ended_that_the_scheduler_has_forgotten(drive):
    scheduler = Scheduler()
    drive(scheduler).start(None, "")
    scheduler.jobs = {"3": LIVES}
    scheduler.accounts = {"1": JobState("timed out", True, "TIMEOUT on n2")}
    again = drive(scheduler)
    again.start(None, "")
    ends = [json.loads(p.read_text()) for p in sorted(drive.folder.path.glob("*/1/end.json"))]
    assert [e["state"] for e in ends] == ["timed out", "lost"]
    assert ends[0]["reason"] == "its job 1 ended without a word; Slurm says TIMEOUT on n2"
    # a point that timed out is not run again unless that is asked for
    assert states(again) == [(1, "timed out"), (2, "pending"), (1, "pending")]


def test_a_scheduler_that_gives_no_answer_says_nothing_about_the_jobs(drive):
    scheduler = Scheduler()
    drive(scheduler).start(None, "")
    scheduler.look = lambda: None
    assert drive(scheduler).start(None, "") == 0


def test_one_question_for_all_jobs(drive, monkeypatch):
    scheduler = Scheduler()
    driver = drive(scheduler)
    driver.start(None, "")
    scheduler.jobs = {}
    asked = scheduler.asked
    monkeypatch.setattr(driver_module, "ASK_S", (0.05, 0.1))
    monkeypatch.setattr(driver_module, "GRACE_S", 0.0)
    driver.follow()
    assert states(driver) == [(1, "lost")] * 3
    assert scheduler.asked - asked <= 2


def test_an_end_that_comes_meanwhile_is_believed(drive, monkeypatch):
    told = []
    scheduler = Scheduler()
    driver = drive(scheduler)
    driver.start(None, "")
    driver._on_end = lambda now: told.append((now.point.key, now.state))
    for number, size in enumerate((2, 1, 3)):
        write_end(drive.folder.attempt(f"size={size},repeat=1", 1), "completed", 0, elapsed_s=float(number))
    began = time.monotonic()
    driver.follow()
    assert time.monotonic() - began < 60
    assert sorted(told) == [(f"size={size},repeat=1", "completed") for size in (1, 2, 3)]


def test_an_attempt_that_was_planned_again_leaves_the_folder_alone(drive):
    scheduler = Scheduler()
    drive(scheduler).start(None, "")
    mine = scheduler.planned[0].attempt
    before = sorted(p.name for p in mine.folder.iterdir())
    assert Attempt(mine.folder, 10.0, "another mark")() == "cancelled"
    assert sorted(p.name for p in mine.folder.iterdir()) == before


def test_the_words_of_sacct_are_those_of_squeue():
    told = parse(
        as_squeue("17_1|TIMEOUT|n1\n17_2|CANCELLED by 1000|n2\n18|OUT_OF_MEMORY|n[1-2]\n19|RUNNING|n3\n")
    )
    assert {job: (s.state, s.ended, s.words) for job, s in told.items()} == {
        "17_1": ("timed out", True, "TIMEOUT on n1"),
        "17_2": ("cancelled", True, "CANCELLED on n2"),
        "18": ("lost", True, "OUT_OF_MEMORY on n[1-2]"),
        "19": ("running", False, "RUNNING on n3"),
    }


def test_a_point_whose_job_did_not_come_back_goes_on_as_another_attempt(drive):
    scheduler = Scheduler()
    driver = drive(scheduler)
    driver.start(None, "")
    first = drive.folder.attempt("size=1,repeat=1", 1)
    goes_on = {"times": 1, "checkpoints": "/c", "newest": "epoch-000002"}
    write_end(first, "stopped", 3, goes_on=goes_on)
    for size in (2, 3):
        write_end(drive.folder.attempt(f"size={size},repeat=1", 1), "completed", 0)

    def end_second(planned, told):
        for each in planned:
            assert json.loads((each.attempt.folder / "plan.json").read_text())["goes_on"] == goes_on
            told([each], ["9"])
            write_end(each.attempt.folder, "completed", 0, continued=1)

    scheduler.start = end_second
    driver.follow()
    assert states(driver) == [(2, "completed"), (1, "completed"), (1, "completed")]


def test_a_point_that_was_lost_goes_on_from_what_it_has_left(drive):
    scheduler = Scheduler()
    drive(scheduler).start(None, "")
    scheduler.jobs = {"2": LIVES, "3": LIVES}
    left = drive.folder.attempt("size=1,repeat=1", 1) / "w.checkpoints"
    (left / "epoch-000007").mkdir(parents=True)
    assert drive(scheduler).start(None, "") == 1
    plan = json.loads((drive.folder.attempt("size=1,repeat=1", 2) / "plan.json").read_text())
    assert plan["goes_on"] == {"times": 1, "checkpoints": str(left), "newest": "epoch-000007"}
