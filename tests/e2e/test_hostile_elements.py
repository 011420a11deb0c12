"""Elements that break their process for the engine: a run ends, with a record, and names them."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from tests.e2e.conftest import Ended

WORKFLOW = (Path(__file__).parent / "workflows" / "hostile.py").read_text()
PLACES = {"source": "Numbers0", "stateless": "Stateless1", "stateful": "Stateful2"}
TUPLES = 20
GOOD = 5
"""The deed is done for tuples above this."""

everywhere = pytest.mark.parametrize("where", PLACES)
on_any_ranks = pytest.mark.parametrize("ranks", [1, 4])


def few_descriptors() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))


def run(hpcd4p, deed: str, where: str, ranks: int, *words: str, **given) -> Ended:
    start = ["-n", str(ranks)] if ranks > 1 else []
    line = ["run", *start, "-i", str(TUPLES), *words, "w.py", "--deed", deed, "--where", where]
    ended = hpcd4p(*line, workflow=WORKFLOW, **given)
    assert "Traceback" not in ended.err, ended.err
    assert not list((ended.folder / "results").glob(".*"))
    return ended


def all_came_out(ended: Ended) -> None:
    assert ended.status == 0, ended.err
    assert sorted(ended.record()["outputs"]["Stateful2.output"]["values"]) == list(range(1, TUPLES + 1))


def failed_above(ended: Ended, where: str, error: str) -> None:
    """Each tuple above `GOOD` is a failure of that element, which says `error`."""
    assert ended.status == 1, ended.err
    letters = ended.record()["dead_letters"]
    assert len(letters) == TUPLES - GOOD
    assert {letter["element"] for letter in letters} == {PLACES[where]}
    assert all(error in letter["error"] for letter in letters)


@everywhere
@on_any_ranks
def test_an_element_that_opens_files_without_end_ends_the_run_or_fails_alone(hpcd4p, where, ranks):
    ended = run(hpcd4p, "leak", where, ranks, preexec_fn=few_descriptors)
    assert ended.status == 1, ended.err
    record = ended.record()
    if ended.err:  # the engine needed one
        assert "no file can be opened any more" in ended.error
        assert PLACES[where] in ended.error
        assert f"rank {0 if ranks == 1 else ''}" in ended.error
        assert record["summary"]["state"] == "stopped"
    else:
        failed_above(ended, where, "Too many open files")
        assert all("in leak" in letter["traceback"] for letter in record["dead_letters"])


@everywhere
def test_an_element_that_closes_the_engines_descriptors_ends_the_run_and_is_named(hpcd4p, where):
    ended = run(hpcd4p, "closerange", where, 4)
    assert ended.status == 1, ended.err
    assert f"a file descriptor of the engine was closed while {PLACES[where]} worked" in ended.error
    assert ended.record()["summary"]["status"] == 1


@everywhere
def test_in_one_process_a_closed_record_is_opened_again(hpcd4p, where):
    all_came_out(run(hpcd4p, "closerange", where, 1))


@everywhere
@on_any_ranks
def test_an_alarm_without_a_handler_ends_the_run_and_names_who_set_it(hpcd4p, where, ranks):
    ended = run(hpcd4p, "alarm", where, ranks)
    assert ended.status == 1, ended.err
    assert f"SIGALRM came while {PLACES[where]} worked" in ended.error
    assert ended.record()["summary"]["status"] == 1


@everywhere
def test_mpi_finalize_in_an_element_is_a_failure_of_the_tuple(hpcd4p, where):
    failed_above(run(hpcd4p, "finalize", where, 4), where, "MPI.Finalize() is not an element's to call")


@everywhere
@on_any_ranks
def test_an_element_may_close_the_standard_streams(hpcd4p, where, ranks):
    ended = run(hpcd4p, "streams", where, ranks)
    all_came_out(ended)
    assert "Stateful2" in ended.out  # the summary


@pytest.mark.parametrize(
    ("where", "ranks"), [("source", 1), ("stateless", 1), ("stateful", 1), ("source", 4)]
)
def test_an_element_that_ends_the_process_with_the_record_has_failed_for_that_tuple(hpcd4p, where, ranks):
    failed_above(run(hpcd4p, "exit", where, ranks), where, "os._exit(0)")


@everywhere
@on_any_ranks
def test_a_keyboard_interrupt_in_an_element_is_a_failure_of_the_tuple(hpcd4p, where, ranks):
    failed_above(run(hpcd4p, "interrupt", where, ranks), where, "KeyboardInterrupt")


@everywhere
@pytest.mark.parametrize(("ranks", "mapping"), [(1, "simple"), (4, "hybrid")])
def test_an_element_may_change_the_working_folder(hpcd4p, where, ranks, mapping):
    # also what is imported by a relative path, and late
    ended = run(hpcd4p, "chdir", where, ranks, "--mapping", mapping, "--results", "results")
    all_came_out(ended)
    assert "Record: results/" in ended.out


# what a source starts on the head is a daemon, as its own thread is: nobody waits for it. Each takes 5 s
@pytest.mark.parametrize(("where", "ranks"), [("source", 1), ("stateless", 4), ("stateful", 4)])
def test_a_thread_that_an_element_left_running_is_named_and_left(hpcd4p, where, ranks):
    ended = run(hpcd4p, "thread", where, ranks)
    all_came_out(ended)
    assert "the thread 'poller' (in poll_for_ever, w.py:" in ended.err
    assert f"that {PLACES[where]} started still runs 5 s after all was done" in ended.err


@pytest.mark.parametrize(("where", "ranks"), [("stateless", 1), ("source", 4)])
def test_a_process_that_an_element_left_running_is_told_of_and_ended(hpcd4p, where, ranks):
    ended = run(hpcd4p, "process", where, ranks)
    all_came_out(ended)
    assert "(child) that an element started still runs" in ended.err
