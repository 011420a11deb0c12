from __future__ import annotations

import os
import time
from typing import Any

import pytest

from hpcd4p import logs
from hpcd4p.cli import progress as module
from hpcd4p.cli.progress import ProgressLine, ProgressLog, progress_sentence, progress_text, progress_watch
from hpcd4p.cli.terminal import Terminal
from hpcd4p.cli.words import mention
from hpcd4p.runtime.head.progress import Progress

NOON = time.mktime((2026, 3, 4, 12, 0, 0, 0, 0, -1))


def progress(**changed: Any) -> Progress:
    return Progress(
        elapsed_s=3.2, done=12, failed=0, busy=3, pool=4, waiting=0, calls=0, of_calls=0, left_s=None
    )._replace(**changed)


KNOWN = progress(calls=120, of_calls=400, failed=7, left_s=190.2)


def test_the_line_has_time_done_rate_ranks_and_tasks():
    assert progress_text(progress(), 79) == "0:00:03  12 tuples done  4/s  3/4 ranks busy  0 tasks wait"


def test_the_line_says_failures_how_many_inputs_there_are_and_when_the_end_comes():
    text = progress_text(KNOWN, 120)
    assert text.startswith("0:00:03  120/400 inputs  12 tuples done")
    assert "7 failed" in text
    assert text.endswith("0:03:11 left")


@pytest.mark.parametrize(
    ("age_s", "said"), [(None, ""), (float("inf"), "no checkpoint yet"), (75.9, "checkpoint 0:01:15 ago")]
)
def test_both_say_how_old_the_last_checkpoint_is_if_there_are_any(age_s: float | None, said: str):
    told = progress(checkpoint_s=age_s)
    for text in (progress_text(told, 120), progress_sentence(told, NOON)):
        assert said in text
        assert ("checkpoint" in text) == bool(said)


def test_both_say_who_waits_for_an_earlier_tuple():
    awaits = "Series3 waits 12 s for an earlier tuple of Hop2, at work on rank 4"
    told = progress(awaits=awaits)
    assert progress_text(told, 160).endswith(f"  {awaits}")
    assert awaits not in progress_text(told, 79)
    assert f", {awaits}" in progress_sentence(told, NOON)


def test_one_process_has_no_pool_to_tell_of():
    assert progress_text(progress(pool=0, busy=0), 79) == "0:00:03  12 tuples done  4/s"


@pytest.mark.parametrize(
    ("done", "shown"), [(9999, "9999 "), (12_345, "12.3k "), (1_234_567, "1.23M "), (2.5e11, "250G ")]
)
def test_large_numbers_are_short(done, shown):
    assert shown + "tuples done" in progress_text(progress(done=done), 79)


@pytest.mark.parametrize("columns", [0, 8, 20, 40, 60, 79, 200])
def test_the_line_fits_the_terminal(columns):
    huge = progress(
        elapsed_s=1e6, done=1e12, busy=10**5, pool=10**5, waiting=1e12, calls=1e12, of_calls=1e12, left_s=1e6
    )
    assert len(progress_text(huge, columns)) <= columns


def test_on_a_narrow_terminal_the_failures_stay():
    assert progress_text(KNOWN, 45) == "0:00:03  120/400 inputs  7 failed"


def test_a_log_says_done_failed_and_the_expected_end():
    assert progress_sentence(KNOWN, NOON) == (
        "after 0:00:03: 120 of 400 inputs, 12 tuples done (4/s), 7 failed, 3 of 4 ranks of the pool busy, "
        "0 tasks wait, the end is expected at 12:03, in 0:03:11"
    )


def test_an_end_on_another_day_has_its_date():
    assert "at 2026-03-06 12:00, in 48:00:00" in progress_sentence(progress(left_s=172_800.0), NOON)


def test_a_log_gets_a_line_a_minute(capsys):
    log = ProgressLog()
    for tenths in range(0, 1850, 2):
        log(progress(elapsed_s=tenths / 10))
    said = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[1] for line in said] == ["after 0:01:00", "after 0:02:00", "after 0:03:00"]
    assert all(line.isprintable() for line in said)


def test_a_run_that_was_held_up_says_no_line_twice(capsys):
    log = ProgressLog()
    for seconds in (10, 200, 200.2, 230, 240):
        log(progress(elapsed_s=seconds))
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_a_short_run_leaves_a_log_empty(capsys):
    log = ProgressLog()
    log(progress(elapsed_s=module.EVERY_S - 0.1))
    log.clear()
    assert capsys.readouterr().err == ""


def test_a_terminal_that_takes_nothing_stops_nobody():
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    line = ProgressLine(Terminal(writer))
    for _ in range(20_000):  # more than a pipe holds
        line(progress())
    line.clear()
    os.close(reader)


def test_the_line_is_written_over_and_taken_away():
    reader, writer = os.pipe()
    line = ProgressLine(Terminal(writer))
    line(progress(done=123))
    line(progress(done=1))
    line.clear()
    seen = os.read(reader, 4096).decode()
    os.close(reader)
    first, second = (progress_text(progress(done=n), 79) for n in (123, 1))
    blanks = " " * len(second)
    assert seen == f"\r{first}\r{second.ljust(len(first))}\r{blanks}\r"


def test_where_only_errors_are_wanted_no_progress_and_no_note_is_said(capsys):
    with logs.speaking(logs.LogSetup(logs.ERROR), "rank 0"):
        watch = progress_watch()
        watch(progress(elapsed_s=120.0))
        mention("good to know")
        watch.clear()
    assert watch.columns == 0
    assert capsys.readouterr().err == ""
