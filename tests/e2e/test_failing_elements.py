"""Elements that fail: what the others made is kept, what failed is told, and the status says it."""

from __future__ import annotations

import inspect
import textwrap

import pytest

from tests.counting import Numbers
from tests.e2e.test_kills import needs_survivors

RANKS = pytest.mark.parametrize("ranks", [1, 4])

WORKFLOW = f"""
from hpcd4p import GenericPE, IterativePE, ProducerPE, WorkflowGraph

{inspect.getsource(Numbers)}

class Work(IterativePE):
    def _process(self, data):
        BODY

    MORE

numbers, work = Numbers(), Work()
graph = WorkflowGraph()
graph.connect(numbers, "output", work, "input")
"""


def workflow(body: str, more: str = "pass") -> str:
    return WORKFLOW.replace("BODY", body).replace("MORE", more)


def failed(hpcd4p, ranks: int, text: str, *words: str):
    """A run that has ended because of its elements."""
    start = ["-n", str(ranks)] if ranks > 1 else []
    ended = hpcd4p("run", *start, "w.py", *words, workflow=text)
    assert ended.status == 1, ended.err
    return ended


def failed_once(hpcd4p, ranks: int, text: str, outputs: int) -> dict:
    """The one dead letter of a run of 20 tuples that gave `outputs`."""
    record = failed(hpcd4p, ranks, text, "-i", "20").record()
    assert record["summary"]["outputs"] == {"Work1.output": outputs}
    (letter,) = record["dead_letters"]
    assert letter["element"] == "Work1"
    return letter


@RANKS
def test_some_tuples_fail_and_the_others_finish(hpcd4p, ranks):
    text = workflow("return 10 // (data % 10)")
    ended = failed(hpcd4p, ranks, text, "-i", "100")
    record = ended.record()
    assert record["summary"]["state"] == "failed tuples"
    assert record["summary"]["outputs"] == {"Work1.output": 90}
    letters = record["dead_letters"]
    assert sorted(int(letter["value_text"]) for letter in letters) == list(range(10, 101, 10))
    for letter in letters:
        assert letter["element"] == "Work1"
        assert letter["input"] == "input"
        assert "ZeroDivisionError" in letter["error"]
        assert "return 10 // (data % 10)" in letter["traceback"]
    assert "10 tuples failed" in ended.out


@RANKS
def test_an_element_that_fails_for_all_stops_the_run(hpcd4p, ranks):
    text = workflow("raise ValueError('never')")
    ended = failed(hpcd4p, ranks, text, "-i", "100000", "--hopeless-after", "50")
    assert "Work1" in ended.error
    assert "hopeless" in ended.error or "every" in ended.error or "none" in ended.error
    record = ended.record()
    assert record["summary"]["state"] == "stopped"
    assert 50 <= len(record["dead_letters"]) < 100_000


@RANKS
def test_more_failures_than_allowed_stop_the_run(hpcd4p, ranks):
    text = workflow("return 10 // (data % 2)")
    ended = failed(hpcd4p, ranks, text, "-i", "100000", "--max-dead-letters", "20")
    assert "20" in ended.error
    assert ended.record()["summary"]["state"] == "stopped"


def test_an_unpicklable_tuple_is_a_failure_that_names_its_element(hpcd4p):
    text = workflow("return (lambda: data) if data == 7 else data")
    letter = failed_once(hpcd4p, 4, text, outputs=19)
    assert "pickle" in letter["error"]


@RANKS
def test_an_output_that_was_not_declared_is_kept_and_named_with_those_that_were(hpcd4p, ranks):
    text = workflow("self.write('ouput' if data == 7 else 'output', data)")
    ended = hpcd4p("run", "-n", str(ranks), "w.py", "-i", "20", workflow=text)
    assert ended.status == 0, ended.err
    assert (
        "Work1 wrote 1 tuples on outputs that it has not declared ('ouput'; declared: 'output')" in ended.out
    )
    outputs = ended.record()["outputs"]
    assert len(outputs["Work1.output"]["values"]) == 19
    assert outputs["Work1.ouput"]["values"] == [7]


@RANKS
def test_a_write_in_preprocess_that_cannot_be_seen_ends_the_run_and_says_what_to_write(hpcd4p, ranks):
    text = workflow("return data", "def _preprocess(self): getattr(self, 'write')('output', 0)")
    ended = failed(hpcd4p, ranks, text, "-i", "20")
    for word in ("preprocess", "Work1", "it writes on 'output'", "write `stateful = True` into its class"):
        assert word in ended.error


@RANKS
def test_a_write_in_preprocess_comes_once(hpcd4p, ranks):
    text = workflow("return data", "def _preprocess(self): self.write('output', 'heading')")
    ended = hpcd4p("run", "-n", str(ranks), "w.py", "-i", "20", workflow=text)
    assert ended.status == 0, ended.err
    values = ended.record()["outputs"]["Work1.output"]["values"]
    assert values.count("heading") == 1
    assert len(values) == 21


@RANKS
def test_an_exception_in_preprocess_ends_the_run_before_its_first_tuple(hpcd4p, ranks):
    text = workflow("return data", "def _preprocess(self): raise OSError('no such licence')")
    ended = failed(hpcd4p, ranks, text, "-i", "20")
    for word in ("preprocess", "Work1", "OSError", "no such licence"):
        assert word in ended.error


@RANKS
def test_an_exception_in_postprocess_is_a_failure_and_keeps_what_came_before(hpcd4p, ranks):
    text = workflow("return data", "def _postprocess(self): raise OSError('disk gone')")
    letter = failed_once(hpcd4p, ranks, text, outputs=20)
    assert "disk gone" in letter["error"]


@RANKS
def test_an_element_that_calls_exit_has_failed_for_that_tuple(hpcd4p, ranks):
    text = "import sys\n" + workflow("return sys.exit('bye') if data == 7 else data")
    assert failed_once(hpcd4p, ranks, text, outputs=19)["error"] == "SystemExit: bye"


@RANKS
def test_an_exception_in_preprocess_of_a_stateful_element_is_one_message(hpcd4p, ranks):
    text = workflow(
        "return data", "stateful = True\n\n    def preprocess(self): raise OSError('no such licence')"
    )
    ended = failed(hpcd4p, ranks, text, "-i", "20")
    assert "preprocess of element Work1 raised OSError: no such licence" in ended.error
    assert "Traceback" not in ended.error


def test_a_tuple_that_cannot_be_unpickled_is_a_failure(hpcd4p):
    text = workflow("return Two(1, 2) if data == 7 else data") + textwrap.dedent(
        """
        class Two(Exception):
            def __init__(self, a, b):
                super().__init__(a)  # so pickle makes it again with one argument
        """
    )
    ended = failed(hpcd4p, 4, text, "-i", "20")
    (letter,) = ended.record()["dead_letters"]
    assert "missing 1 required positional argument" in letter["error"]


@needs_survivors
@pytest.mark.parametrize("ranks", ["2", "3"])  # of 2 one is the pool
@pytest.mark.parametrize("status", [7, 3])  # 3 is also that of a rank without Redis
def test_an_element_that_ends_its_process_fails_for_that_tuple(hpcd4p, status, ranks):
    text = "import os\n" + workflow(f"return os._exit({status}) if data == 7 else data")
    ended = hpcd4p("run", "-n", ranks, "w.py", "-i", "20", workflow=text)
    assert ended.status == 1, ended.err
    assert "1 tuple failed" in ended.out
    assert f"with status {status}" in ended.out
    assert ended.record()["summary"]["status"] == 1
    assert not list((ended.folder / "results").glob(".*"))
