"""The engine's own log: off until somebody asks, and then with the rank in each line."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from hpcd4p import logs
from hpcd4p.logs import DEBUG, ERROR, INFO, WARNING, LogSetup, module_log

LOG = module_log("hpcd4p.launch.worker")


def say_both() -> None:
    LOG.info("rank %d is here", 3)
    LOG.debug("because of %s", "it")


@pytest.mark.parametrize(
    ("level", "lines"),
    [(ERROR, 0), (WARNING, 0), (INFO, 1), (DEBUG, 2)],
    ids=["error", "warning", "info", "debug"],
)
def test_a_level_says_what_is_at_least_as_important(capsys, level, lines):
    with logs.speaking(LogSetup(level), "rank 3"):
        say_both()
    assert len(capsys.readouterr().err.splitlines()) == lines
    assert not logs.speaker


def test_a_line_has_time_level_rank_and_module(capsys, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1000.5)
    with logs.speaking(LogSetup(INFO, began=logging.makeLogRecord({}).created - 2.5), "rank 3"):
        logs.line(logs.setup.began + 2.5, "INFO", "hpcd4p.launch.worker", "began")
    assert capsys.readouterr().err == "    2.500 INFO  rank 3 worker: began\n"


def test_on_several_hosts_a_line_names_its_own(capsys):
    import os

    with logs.speaking(LogSetup(INFO, hosts=True), "rank 3"):
        say_both()
    assert f" rank 3 {os.uname().nodename} worker: rank 3 is here" in capsys.readouterr().err


def test_a_line_takes_the_place_of_a_progress_line(capsys):
    with logs.speaking(LogSetup(INFO), "rank 0"):
        logs.progress_drawn(60)
        logs.write("hello")
        assert logs.over_progress("hello", output=True) == "hello"
        logs.progress_drawn(60, shares_output=True)
        assert logs.over_progress("hello", output=True) == "\r" + "hello".ljust(60)
    assert capsys.readouterr().err == "\r" + "hello".ljust(60) + "\n"


def test_it_goes_through_no_handler_of_the_user_and_leaves_logging_as_it_was(capsys, caplog):
    root = logging.getLogger("hpcd4p")
    before = root.level, list(root.handlers), root.propagate
    with logs.speaking(LogSetup(DEBUG), "rank 0"):
        say_both()
    assert caplog.records == []
    assert (root.level, list(root.handlers), root.propagate) == before


def test_who_began_before_goes_on_afterwards():
    with logs.speaking(LogSetup(INFO), "launcher"):
        with logs.speaking(LogSetup(DEBUG), "rank 0"):
            assert (logs.speaker, logs.setup.level) == ("rank 0", DEBUG)
        assert (logs.speaker, logs.setup.level) == ("launcher", INFO)


def test_while_it_is_off_logging_is_not_even_imported():
    program = (
        "import sys; from hpcd4p import logs; logs.begin(logs.LogSetup(), 'rank 1'); "
        "logs.module_log('hpcd4p.x').info('hello'); sys.exit('logging' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 0


def test_a_closed_standard_error_hinders_nobody(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    logs.write("hello")
