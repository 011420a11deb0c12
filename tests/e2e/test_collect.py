"""The command `collect`: real runs of a study, and the file that is made of their records alone."""

from __future__ import annotations

import json

import pytest

from hpcd4p.study.results.reader import read_results

WORKFLOW = """
from hpcd4p import SimpleFunctionPE, WorkflowGraph, ProducerPE

class Numbers(ProducerPE):
    def _process(self, inputs):
        return 1

def double(x):
    return 2 * x

graph = WorkflowGraph()
graph.connect(Numbers(), "output", SimpleFunctionPE(double), "input")
"""


def run_point(hpcd4p, study: str, ranks: int, folder: str) -> None:
    key = f"ranks={ranks},repeat=1"
    point = {"study": study, "key": key, "attempt": 1, "repeat": 1, "axes": {"ranks": ranks}}
    words = ["run", "-n", str(ranks), "-i", "5", "--results", folder, "w.py"]
    ended = hpcd4p(*words, workflow=WORKFLOW, variables={"HPCD4P_POINT": json.dumps(point)})
    assert ended.status == 0, ended.err


def test_the_records_of_real_runs_become_a_results_file(hpcd4p, tmp_path):
    for ranks in (1, 2):  # one process, and ranks of mpirun: both tell their point
        run_point(hpcd4p, "s", ranks, "results/kept")
    ended = hpcd4p("collect", "results/kept")
    assert ended.status == 0, ended.err
    assert "s: 2 attempts at 2 points" in ended.out
    assert "Results: results/kept/s.h5" in ended.out
    results = read_results(tmp_path / "results" / "kept" / "s.h5")
    assert [(row["ranks"], row["state"], row["tuples"]) for row in results.rows] == [
        (1, "completed", 10),
        (2, "completed", 10),
    ]
    assert "collect" in results.provenance["command_line"]
    merged = hpcd4p("collect", "results/kept", "--merge", "-o", "one.h5")
    assert merged.status == 0, merged.err
    with read_results(tmp_path / "one.h5").open_record(results.rows[1]) as record:
        assert list(record.outputs(record.names[0])) == 5 * [2]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none"], "none cannot be searched for run records: No such file"),
        (["."], "has no run records of a study below it"),
        (["results", "-o", "/proc/s.h5"], "/proc/s.h5 cannot be written"),
        (["results"], "attempts of 2 studies: one (1 attempts), two (1 attempts); choose one with --study"),
        (["results", "--study", "three"], "nothing of a study 'three'; there is one, two"),
    ],
)
def test_what_cannot_be_collected_is_one_message_and_status_2(hpcd4p, words, message):
    if words[0] == "results":
        run_point(hpcd4p, "one", 1, "results")
        if "-o" not in words:
            run_point(hpcd4p, "two", 1, "results")
    ended = hpcd4p("collect", *words)
    assert ended.status == 2
    assert message in ended.error
    assert "Traceback" not in ended.err
    assert not list(ended.folder.glob("**/.*"))
