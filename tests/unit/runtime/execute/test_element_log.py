"""What elements say is shown, and kept within limits with rank, element and partition."""

from __future__ import annotations

import logging
import pickle
from contextlib import contextmanager

import pytest

from hpcd4p import IterativePE, SimpleFunctionPE, logs
from hpcd4p.logs import ERROR, INFO, WARNING, LogSetup
from hpcd4p.plan.model import ElementPlan, Role
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.execute.element_log import MOST_CHARS, MOST_LINES, SAID, ElementLog, lines_per_s
from hpcd4p.runtime.execute.element_logging import at_work
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.wire.codec import LETTER, Codec, about
from hpcd4p.wire.messages import Commit

LOG = logging.getLogger("of_the_user")


class Says(IterativePE):
    def _process(self, text):
        self.log(text)


class Warns(IterativePE):
    def _preprocess(self):
        LOG.warning("prepares")

    def _process(self, text):
        LOG.warning("about %s", text)
        LOG.info("not so important")


class Time(Clock):
    """Set by hand."""

    def __init__(self) -> None:
        self.at = 0.0
        super().__init__(lambda: self.at)


@pytest.fixture
def time_():
    return Time()


def instance_of(pe, log, partition=2) -> Instance:
    pe.id = pe.name + "1"
    ports = tuple(pe.inputconnections), tuple(pe.outputconnections)
    plan = ElementPlan(0, pe.id, Role.STATE, False, 4, *ports, "", False)
    made = Instance(plan, pe, partition, 5, lambda *failure: None, Clock())
    log.attend()
    made.on_log = log.say
    made.start()
    return made


def test_self_log_is_shown_and_kept_with_rank_element_and_partition(time_, capsys):
    log = ElementLog(5, time_)
    time_.at = 1.5
    instance_of(Says(), log).run("input", ["hello"])
    assert capsys.readouterr().out == "Says1 (rank 5): hello\n"
    assert log.take() == ([(1.5, 5, "Says1", 2, "INFO", "hello")], 0)
    assert not log.waits


def test_where_only_errors_are_wanted_it_is_kept_and_not_shown(time_, capsys):
    log = ElementLog(5, time_)
    with logs.speaking(LogSetup(ERROR), "rank 5"):
        instance_of(Says(), log).run("input", ["hello"])
    assert capsys.readouterr().out == ""
    assert len(log.take()[0]) == 1
    log.close()


def test_a_flood_is_shown_but_not_kept_and_what_is_left_out_is_counted(time_, capsys):
    log = ElementLog(5, time_)
    says = instance_of(Says(), log)
    says.run("input", list(map(str, range(3 * MOST_LINES))))
    assert len(capsys.readouterr().out.splitlines()) == 3 * MOST_LINES
    rows, left_out = log.take()
    assert (len(rows), left_out) == (MOST_LINES, 2 * MOST_LINES)
    time_.at += 1.0
    says.run("input", ["x"] * 300)
    rows, left_out = log.take()
    assert (len(rows), left_out) == (int(lines_per_s(1)), 300 - int(lines_per_s(1)))


def test_what_is_not_fetched_takes_no_more_memory(time_):
    log = ElementLog(5, time_)
    says = instance_of(SimpleFunctionPE(abs), log)
    for _ in range(100):
        time_.at += 60.0
        for _ in range(100):
            log.keep(says, "INFO", "x")
    rows, left_out = log.take()
    assert (len(rows), left_out) == (MOST_LINES, 9000)


@pytest.mark.parametrize(("size", "most"), [(20, 1000), (1000, 20), (100_000, 1)])
def test_with_many_ranks_each_keeps_less(time_, size, most):
    log = ElementLog(5, time_, size)
    says = instance_of(SimpleFunctionPE(abs), log)
    for _ in range(1500):
        log.keep(says, "INFO", "x")
    rows, left_out = log.take()
    assert (len(rows), left_out) == (most, 1500 - most)


def test_a_long_text_is_cut_and_says_how_long_it_was(time_):
    class Text(str):
        def __getitem__(self, place):
            raise RuntimeError

    log = ElementLog(5, time_)
    log.keep(instance_of(SimpleFunctionPE(abs), log), "INFO", Text("é" * 5000))
    ((*_, text),), _ = log.take()
    assert text == "é" * MOST_CHARS + "... (5,000 characters)"
    assert type(text) is str


def test_lines_travel_with_a_commit_many_at_a_time(time_):
    log, codec = ElementLog(5, time_), Codec(b"secret", rank=5)
    says = instance_of(SimpleFunctionPE(abs), log)
    sent = []
    for tenth in range(21):
        time_.at = tenth / 10
        log.keep(says, "INFO", str(tenth))
        commit = Commit()
        log.post(commit, codec, time_.at)
        sent += [(tenth, codec.open(each, about(LETTER))) for each in commit.dead]
    assert [tenth for tenth, _ in sent] == [0, 5, 10, 15, 20]
    assert all(word == SAID and left_out == 0 for _, (word, _, left_out) in sent)
    assert [row[-1] for _, (_, rows, _) in sent for row in rows] == list(map(str, range(21)))
    log.keep(says, "INFO", "last words")
    log.post(commit := Commit(), codec)
    assert len(commit.dead) == 1


def test_nothing_travels_where_nothing_was_said(time_):
    log = ElementLog(5, time_)
    for now in (None, 0.0, 10.0):
        log.post(commit := Commit(), Codec(b"secret"), now)
        assert not commit.dead


def test_what_a_process_apart_has_said_is_taken_over(time_):
    log = ElementLog(5, time_)
    log.keep_all([(0.0, 5, "x", 0, "INFO", "a")] * (MOST_LINES + 5), 7)
    rows, left_out = log.take()
    assert (len(rows), left_out) == (MOST_LINES, 12)


def test_the_log_does_not_travel_with_the_element(time_):
    log = ElementLog(5, time_)
    says = SimpleFunctionPE(abs)
    instance_of(says, log)
    assert "_log_sink" not in vars(pickle.loads(pickle.dumps(says)))


# ---- the module `logging`


@contextmanager
def bare_root():
    """A root logger as in a process in which nobody has configured it; pytest has."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    root.handlers[:] = []
    root.setLevel(logging.WARNING)
    try:
        yield
    finally:
        root.handlers[:], level = before
        root.setLevel(level)


def lines_of(level, before_run=lambda: None) -> list[tuple[int, str, int, str, str]]:
    log = ElementLog(5, Clock())
    with bare_root(), logs.speaking(LogSetup(level), "rank 5"):
        warns = instance_of(Warns(), log)
        before_run()
        warns.run("input", ["it"])
        LOG.warning("by nobody")
        chosen = logging.getLogger().level
        log.close()
        assert logging.getLogger().level == (logging.WARNING if chosen == level else chosen)
    return [row[1:] for row in log.take()[0]]


def test_logging_is_shown_and_kept_with_rank_and_element(capsys):
    assert lines_of(WARNING) == [
        (5, "Warns1", 2, "WARNING", "prepares"),
        (5, "Warns1", 2, "WARNING", "about it"),
    ]
    assert capsys.readouterr().err.splitlines() == [
        "Warns1 (rank 5): WARNING prepares",
        "Warns1 (rank 5): WARNING about it",
        "of_the_user (rank 5): WARNING by nobody",
    ]


def test_a_lower_level_shows_and_keeps_more():
    assert [text for *_, text in lines_of(INFO)] == ["prepares", "about it", "not so important"]


@pytest.mark.parametrize("how", [logging.basicConfig, lambda: logging.warning("of the module")])
def test_a_handler_for_which_nobody_has_chosen_a_format_names_element_and_rank(capsys, how):
    assert len(lines_of(WARNING, how)) == 2
    said = capsys.readouterr().err.splitlines()
    assert "Warns1 (rank 5): WARNING about it" in said
    assert not any(":root:" in line or ":of_the_user:" in line for line in said)


def test_a_level_that_the_user_has_chosen_stays():
    lines_of(ERROR, lambda: logging.getLogger().setLevel(logging.CRITICAL))


def test_errors_only_shows_less_and_keeps_as_much(capsys):
    assert len(lines_of(ERROR)) == 2
    assert capsys.readouterr().err == ""


def test_what_the_user_configures_holds(capsys):
    def configure():
        logging.basicConfig(level=logging.INFO, format="mine: %(message)s")

    kept = lines_of(WARNING, configure)
    assert [text for *_, text in kept] == ["prepares", "about it", "not so important"]
    assert capsys.readouterr().err.splitlines() == [
        "Warns1 (rank 5): WARNING prepares",
        "mine: about it",
        "mine: not so important",
        "mine: by nobody",
    ]


def test_afterwards_logging_is_as_it_was():
    def state():
        return logging.lastResort, logging.getLogRecordFactory(), logging.getLogger().level

    before = state()
    lines_of(INFO)
    assert state() == before


def test_extra_fields_and_records_from_elsewhere_do_no_harm():
    log = ElementLog(5, Clock())
    with bare_root(), logs.speaking(LogSetup(), "rank 5"):
        log.attend()
        LOG.warning("with %s", "more", extra={"rank": 1, "element": 2})
        logging.makeLogRecord({"name": "x"})
        LOG.warning("%d does not fit", "text")
        log.close()
    assert not log.waits


def test_a_traceback_is_kept():
    class Fails(IterativePE):
        def _process(self, data):
            try:
                1 / 0  # noqa: B018
            except ZeroDivisionError:
                LOG.exception("it happened")

    log = ElementLog(5, Clock())
    with logs.speaking(LogSetup(ERROR), "rank 5"):
        instance_of(Fails(), log).run("input", [1])
        log.close()
    ((*_, level, text),), _ = log.take()
    assert level == "ERROR"
    assert text.startswith("it happened\nTraceback")
    assert text.endswith("ZeroDivisionError: division by zero")


def test_outside_of_a_run_nobody_listens():
    log = ElementLog(5, Clock())
    before = logging.lastResort
    log.attend()
    assert logging.lastResort is before


def test_the_instance_at_work_is_found_on_the_stack():
    found = []
    made = instance_of(SimpleFunctionPE(lambda data: found.append(at_work())), ElementLog(5, Clock()))
    made.run("input", [1, 2])
    assert found == [made, made]
    assert at_work() is None
