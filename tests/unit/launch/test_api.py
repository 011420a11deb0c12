from __future__ import annotations

import logging
import subprocess
import sys
from itertools import pairwise

import pytest

import hpcd4p
from hpcd4p import IterativePE, KeyedPE, WorkflowGraph, logs
from hpcd4p.errors import InputError, SettingsError, TooManyFailures, WorkflowError
from hpcd4p.record.reader import read_record
from hpcd4p.record.summary import LogFigures
from tests.counting import Numbers


class Inverse(IterativePE):
    def _process(self, data):
        return data % 3, 12 // (data - 2)


class Count(KeyedPE):
    def process_key(self, key, value, state):
        return (state or 0) + 1


def graph_of(*elements):
    graph = WorkflowGraph()
    graph.add(elements[0])
    for left, right in pairwise(elements):
        graph.connect(left, "output", right, "input")
    return graph


def test_a_run_gives_the_outputs_of_unconnected_ports():
    result = hpcd4p.run(graph_of(Numbers()), 3)
    assert result.outputs == {"Numbers0.output": [1, 2, 3]}
    assert result.summary.state == "completed"
    assert result.record is None


def test_the_result_says_which_outputs_are_in_order():
    numbers = [1, 2, 3]
    result = hpcd4p.run(graph_of(Numbers()), 3, ordered_outputs=True)
    assert result.outputs == {"Numbers0.output": numbers}
    assert result.summary.ordered == {"Numbers0.output": ""}
    with pytest.raises(SettingsError, match="ordered_outputs must be True or False, not 'Numbers'"):
        hpcd4p.run(graph_of(Numbers()), 3, ordered_outputs="Numbers")


def test_a_second_run_starts_from_the_same_elements():
    numbers = Numbers()
    graph = graph_of(numbers)
    assert hpcd4p.run(graph, 2).outputs == hpcd4p.run(graph, {numbers: 2}).outputs
    assert numbers.at == 0


@pytest.mark.parametrize("name", ["station", "all"])
def test_the_key_of_a_keyed_element_may_be_a_bare_name(name):
    class Sum(KeyedPE):
        key, value = name, "n"

        def process_key(self, key, value, state):
            return (state or 0) + value

    class Rows(Numbers):
        def _process(self, inputs):
            return {name: "ab"[self.at % 2], "n": super()._process(inputs)}

    result = hpcd4p.run(graph_of(Rows(), Sum()), 4)
    assert sorted(result.outputs["Sum1.output"]) == [("a", 4), ("b", 6)]


def test_tuples_that_fail_are_given_back_with_a_warning():
    with pytest.warns(UserWarning, match="1 tuples failed.*the first in Inverse1: ZeroDivisionError"):
        result = hpcd4p.run(graph_of(Numbers(), Inverse(), Count()), 4)
    assert sorted(result.outputs["Count2.output"]) == [(0, 1), (1, 2)]
    (letter,) = result.dead_letters
    assert letter.value_text == "2"


def test_a_run_that_is_stopped_raises_and_has_its_figures():
    graph = graph_of(Numbers(), Inverse())
    with pytest.raises(TooManyFailures) as caught:
        hpcd4p.run(graph, [{}, {}, {}], max_dead_letters=0)
    assert caught.value.summary.failed == 1


@pytest.mark.parametrize(
    ("inputs", "given", "error", "message"),
    [
        (-1, {}, InputError, "-1"),
        ({"Nubmers": 3}, {}, InputError, "Nubmers"),
        (1, {"ranks": 0}, SettingsError, "ranks must be a whole number from 1 to 100,000, not 0"),
        (1, {"ranks": "4"}, SettingsError, "ranks must be a whole number .*, not '4'"),
        (1, {"ranks": 2.5}, SettingsError, "ranks must be a whole number .*, not 2.5"),
        (1, {"ranks": 10**7}, SettingsError, "ranks must be a whole number .*, not 10000000"),
        (10**25, {}, InputError, "the number of calls is above 1,000,000,000,000"),
        (1, {"windwo": 2}, SettingsError, "unknown setting 'windwo'; did you mean window"),
        (1, {"rank": 3}, SettingsError, "unknown setting 'rank'; did you mean ranks"),
        (1, {"log_level": "loud"}, SettingsError, "log_level must be one of debug, .*; not 'loud'"),
    ],
)
def test_what_cannot_run_says_why(inputs, given, error, message):
    with pytest.raises(error, match=message):
        hpcd4p.run(graph_of(Numbers()), inputs, **given)


class Talks(IterativePE):
    def _process(self, data):
        self.log(f"got {data}")
        logging.getLogger("mine").error("wrong: %d", data)


@pytest.mark.parametrize("ranks", [1, 2])
def test_what_elements_say_is_in_the_result_and_in_the_record(tmp_path, ranks):
    result = hpcd4p.run(graph_of(Numbers(), Talks()), 2, ranks=ranks, record=tmp_path / "run.h5")
    said = [(line.element, line.level, line.text) for line in sorted(result.log)]
    assert sorted(said) == [
        ("Talks1", "ERROR", "wrong: 1"),
        ("Talks1", "ERROR", "wrong: 2"),
        ("Talks1", "INFO", "got 1"),
        ("Talks1", "INFO", "got 2"),
    ]
    assert {line.rank for line in result.log} == {ranks - 1}
    assert result.summary.log == LogFigures(kept=4, left_out=0)
    with read_record(tmp_path / "run.h5") as record:
        assert sorted(record.log()) == sorted(result.log)
    assert not logs.speaker


def test_a_program_may_have_the_engine_speak(capsys):
    hpcd4p.run(graph_of(Numbers()), 2, log_level="info")
    said = capsys.readouterr().err
    assert " INFO  rank 0 sequential: source Numbers0 opened" in said
    hpcd4p.run(graph_of(Numbers()), 2)
    assert capsys.readouterr().err == ""


def test_an_empty_graph_is_refused():
    with pytest.raises(WorkflowError):
        hpcd4p.run(WorkflowGraph())


def test_something_that_is_no_graph_is_refused():
    with pytest.raises(WorkflowError, match="expected a WorkflowGraph to run, got Numbers"):
        hpcd4p.run(Numbers())


def test_an_element_that_travels_but_cannot_be_copied_runs_here_too(tmp_path):
    numbers = Numbers()
    path = tmp_path / "file"
    path.touch()
    with path.open() as numbers.file:  # cloudpickle takes files that are open for reading, `copy` does not
        assert hpcd4p.run(graph_of(numbers), 2).outputs == {"Numbers0.output": [1, 2]}


def test_importing_the_package_imports_nothing_else():
    code = "import sys; import hpcd4p; print([m for m in sys.modules if m.startswith('hpcd4p.')])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_there():
    for name in hpcd4p.__all__:
        assert getattr(hpcd4p, name) is not None
        assert name in dir(hpcd4p)
    with pytest.raises(AttributeError, match="has no attribute 'Generic'"):
        _ = hpcd4p.Generic
