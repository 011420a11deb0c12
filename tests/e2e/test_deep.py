"""Thousands of elements, in a chain or side by side, give the same answer on any number of ranks."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.e2e.answers import missing_and_extra
from tests.e2e.harness import WORKFLOWS
from tests.e2e.workflows.deep import kind

ELEMENTS = 1200
"""More than Python's calls may be deep; where something is only told, there are 2000."""

TUPLES = 12
DEADLINE_S = 600.0

SHAPES = ["stateless", "stateful", "mixed", "wide"]

MOST_LINES = 150
"""Of what a run says. The failing one told 2,248 lines."""


def expected(shape, elements=ELEMENTS):
    """What must come out: each element adds 1."""
    last = kind(shape, elements - 1).__name__ + str(elements)
    if shape != "wide":
        return Counter((f"{last}.output", (n % 5, n + elements)) for n in range(1, TUPLES + 1))
    names = [f"{kind(shape, i).__name__}{i + 1}.output" for i in range(elements)]
    return Counter((name, (n % 5, n + 1)) for name in names for n in range(1, TUPLES + 1))


def run(runs, shape, n, *words):
    words = ("-i", str(TUPLES), *words, "--shape", shape, "--elements", str(ELEMENTS))
    return runs.run("deep", n, *words, deadline_s=DEADLINE_S)


def assert_right(ended, shape):
    assert ended.status == 0, ended.err
    assert missing_and_extra(expected(shape), ended.outputs) == ""
    assert len(ended.out.splitlines()) + len(ended.err.splitlines()) < MOST_LINES
    assert not ended.leftovers


@pytest.mark.parametrize(("shape", "n"), [*((shape, n) for n in (1, 4) for shape in SHAPES), ("mixed", 2)])
def test_thousands_of_elements_give_their_answer(runs, shape, n):
    assert_right(run(runs, shape, n), shape)


@pytest.mark.parametrize(
    ("shape", "n", "mapping"),
    [
        ("mixed", 1, "simple"),
        ("stateless", 4, "dynamic"),
        ("mixed", 4, "static"),
        ("wide", 4, "static"),
    ],
)
def test_thousands_of_elements_give_it_in_each_mapping(runs, shape, n, mapping):
    assert_right(run(runs, shape, n, "--mapping", mapping), shape)


@pytest.mark.parametrize("n", [1, 4])
@pytest.mark.parametrize("shape", ["stateless", "mixed"])
def test_what_fails_deep_in_a_chain_is_a_letter_without_the_engine_in_it(runs, shape, n):
    at = ELEMENTS - 10 + (shape == "mixed")  # the next is stateless
    ended = run(runs, shape, n, "--fail-at", str(at))
    assert ended.status == 1, ended.err
    assert len(ended.letters) == TUPLES
    for letter in ended.letters:
        assert letter.element == f"Add{at + 1}"
        assert letter.error == "ValueError: a number below 0"
        assert "hpcd4p/runtime" not in letter.traceback
        assert len(letter.traceback.splitlines()) < 10
    assert "Traceback" not in ended.err
    assert len(ended.out.splitlines()) + len(ended.err.splitlines()) < MOST_LINES


def told(hpcd4p, *words, shape):
    return hpcd4p(*words, "w.py", "--shape", shape, workflow=(WORKFLOWS / "deep.py").read_text())


def test_elements_that_a_mapping_cannot_run_are_told_in_a_screenful(hpcd4p):
    ended = told(hpcd4p, "run", "--mapping", "dynamic", "-n", "4", shape="stateful")
    assert ended.status == 2
    assert "cannot run in the mapping dynamic" in ended.err
    assert "... and 1,980 more" in ended.err
    assert len(ended.err.splitlines()) < 40


@pytest.mark.parametrize("shape", ["mixed", "wide"])
def test_the_plan_of_thousands_is_a_screenful_and_as_json_all(hpcd4p, shape):
    ended = told(hpcd4p, "plan", "-n", "4", shape=shape)
    assert ended.status == 0
    assert "`plan --json` has all" in ended.out
    assert len(ended.out.splitlines()) < 60
    assert f'"{kind(shape, 1000).__name__}1001"' in told(hpcd4p, "plan", "--json", "-n", "4", shape=shape).out
