from __future__ import annotations

from pathlib import Path

import pytest

from hpcd4p.live.document import (
    CLOSING,
    ENDED,
    Checkpoints,
    Document,
    Expected,
    Failure,
    Scaler,
    Totals,
)
from hpcd4p.live.found import FoundRun, Life, Unreadable
from hpcd4p.live.text import end_text, run_text, runs_text
from tests.unit.live.documents import document, element, identity, rank_row

FOLDER = Path("results/factors-1.live")
KEPT = Checkpoints(2, 0, 4.5, 1_000_000, 0.2, 0.4, 0.01, 1, "")


def run(status: Document | None = None, life: Life = Life.UNDER_WAY, silent_s: float = 0.5) -> FoundRun:
    return FoundRun(FOLDER, status or document(), life, silent_s)


def lines(found: FoundRun) -> list[str]:
    return run_text(found).splitlines()


# ---- the end


def test_the_end_is_told_with_its_spread():
    said = end_text(Expected(60.0, 50.0, 75.0), "", 0.0)
    assert said.startswith("The end: expected at ")
    assert said.endswith(", in 60.0 s (most likely in 50.0 s to 75.0 s)")


def test_where_no_latest_time_can_be_named_that_is_said():
    assert end_text(Expected(60.0, 50.0, None), "", 0.0).endswith("(most likely not before 50.0 s)")


def test_an_end_of_another_day_has_its_date():
    assert "expected at 1970-01-03" in end_text(Expected(2 * 86_400.0, 2 * 86_400.0, None), "", 43_200.0)


def test_an_end_that_is_not_known_has_its_reason():
    assert end_text(None, "it is too early to say", 0.0) == "The end: not known, it is too early to say"


# ---- a line each


def test_each_run_has_a_line():
    told = runs_text(
        [
            run(document(expected=Expected(60.0, 50.0, 75.0))),
            run(document(run=identity(ranks=1), totals=Totals(9, 0, 4.0, 4.0, 0, 0, 0, 0, 0, ""))),
            run(life=Life.DEAD, silent_s=90.0),
            run(document(state=CLOSING)),
        ]
    )
    assert [" ".join(line.split()) for line in told] == [
        "run is for done tuples/s failed ranks the end",
        "factors-1 under way 10.0 s 50 of 200 inputs 41 3 2 of 3 busy in 59.5 s",
        "factors-1 under way 10.0 s 9 tuples 4 0 1 not known",
        "factors-1 dead 90.0 s ago 50 of 200 inputs 3 2 of 3 busy",
        "factors-1 closing 10.0 s 50 of 200 inputs 41 3 2 of 3 busy not known",
    ]


def test_one_that_cannot_be_read_has_a_line_with_the_reason():
    assert runs_text([Unreadable(FOLDER, "it has version 99")]) == ["factors-1.live: it has version 99"]


# ---- one run


def test_the_head_says_which_run_it_is_and_where():
    assert lines(run())[0] == (
        "factors: under way, 10.0 s of work so far, hybrid on 4 ranks (process 17 on here)"
    )


def test_elements_have_numbers_rates_and_what_waits():
    table = run_text(run(document(elements=[element("Work1")], elements_left_out=1960)))
    row = next(line for line in table.splitlines() if line.startswith("  Work1"))
    assert row.split() == ["Work1", "stateless", "1,200", "1,100", "41", "120", "70", "2.5", "3"]
    assert "... and 1,960 more" in table


def test_a_rate_of_less_than_one_a_second_is_not_told_as_none():
    table = run_text(run(document(elements=[element("Work1", rate=0.25)])))
    assert " 0.25 " in next(line for line in table.splitlines() if line.startswith("  Work1"))


def test_ranks_have_their_state_and_since_when():
    rows = [rank_row("1-3", count=3, since_s=312.0, load=0.97, line_s=4.0)]
    row = next(line for line in lines(run(document(ranks=rows))) if line.startswith("  1-3"))
    assert " ".join(row.split()) == "1-3 3 pool working here 5 min 12 s 97 % 4.00 s 31 MB"


def test_scaler_checkpoints_and_memory_have_a_line():
    status = document(scaler=Scaler("knee", 3, 2, 1, "all of them are needed", 4, 12.5), checkpoints=KEPT)
    assert lines(run(status))[-3:] == [
        "Auto-scaler knee: 2 ranks active, 1 parked, target 3: all of them are needed; 4 changes, 12.5 s of "
        "work wait",
        "Checkpoints: 2, the last one 4.50 s ago (1 MB, written in 200 ms), 1 % of the time; went on 1 time",
        "Memory: 120 MB of 4 ranks on this node, 9 MB of Redis",
    ]


def test_a_run_without_checkpoints_says_so():
    assert "Checkpoints: off" in lines(run())
    none = document(checkpoints=Checkpoints(0, 1, None, 0, 0.0, 0.0, 0.0, 0, "the disk is full"))
    assert "Checkpoints: none yet, the disk is full" in lines(run(none))


def test_failures_are_told_by_kind():
    status = document(failures=[Failure("Work1", "ValueError", "w.py:3 in work", 1200, "")])
    assert lines(run(status))[-1] == "  1,200 in Work1: ValueError at w.py:3 in work"


def test_a_dead_run_says_since_when_and_what_to_do():
    status = document(run=identity(checkpoints="/r/factors-1.checkpoints"), checkpoints=KEPT)
    told = lines(run(status, Life.DEAD, 90.0))
    assert "factors: DEAD" in told[0]
    assert told[1].startswith("Rank 0 is gone without a word; its last one was 90.0 s ago.")
    assert told[2] == "Go on from its last checkpoint:  hpcd4p resume /r/factors-1.checkpoints"
    assert not any(line.startswith("The end:") for line in told)


def test_one_that_died_before_its_first_checkpoint_has_nothing_to_go_on_from():
    assert lines(run(life=Life.DEAD))[2].startswith("It has no checkpoint: start it again.")


@pytest.mark.parametrize(
    ("job", "look"), [("", "ssh n17 ps -p 17"), ("5", "squeue -j 5")], ids=["a process", "a job"]
)
def test_a_silent_run_says_where_to_look(job, look):
    told = lines(run(document(run=identity(host="n17", job=job)), Life.SILENT, 90.0))
    assert told[1].endswith(f"look with  {look}")


def test_one_that_ended_without_a_record_says_why():
    told = lines(run(document(state=ENDED, reason="the disk is full"), Life.ENDED, 90.0))
    assert told[1] == "It ended 90.0 s ago without a record: the disk is full"


def test_a_run_on_ranks_that_tells_nothing_is_held_up_or_cannot_write():
    assert lines(run(silent_s=40.0))[1].startswith(
        "Its last word was 40.0 s ago: rank 0 is held up, or cannot"
    )
    assert lines(run(silent_s=4.0))[1] == ""


def test_one_process_that_tells_nothing_is_in_a_call():
    told = lines(run(document(run=identity(ranks=1)), silent_s=40.0))
    assert told[1] == "An element has been in one call for 40.0 s: what follows is of before"
