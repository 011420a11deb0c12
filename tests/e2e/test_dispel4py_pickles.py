"""Graphs that dispel4py itself has pickled run as they are; see pickles/make.py."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

PICKLES = Path(__file__).parent / "pickles"

WORDS = Counter({"line": 10, "0": 3, "1": 3, "2": 2, "3": 2})
COUNTED = {"Count2.output": [(word, 3 * n) for word, n in WORDS.items()]}
"""Each word comes once as it is, and once by the chain, doubled."""

WRITTEN_BY = pytest.mark.skipif(
    sys.version_info[:2] != (3, 11),
    reason="what cloudpickle takes along is for the Python that wrote it, 3.11",
)

GIVEN = '{"PE_abs": [3, -4, 0]}'
CASES = {
    "counting0": ([], COUNTED),
    "counting2": ([], COUNTED),
    "counting5": (["-i", "1"], COUNTED),
    "examples": (["-i", "3"], {"TestTwoInOneOut3.output": ["1", "1", "2", "2", "3", "3"]}),
    "value": (["-d", GIVEN], {"Negative1.output": [-3, -4, 0]}),
}


def outputs(ended):
    rows = ended.record()["outputs"]
    return {
        name: Counter(tuple(v) if isinstance(v, list) else v for v in rows[name]["values"]) for name in rows
    }


@pytest.mark.parametrize(("n", "mapping"), [(1, "simple"), (3, "hybrid"), (3, "static")])
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=WRITTEN_BY) if name == "value" else name for name in CASES]
)
def test_a_pickle_of_dispel4py_runs(hpcd4p, name, n, mapping):
    words, expected = CASES[name]
    ended = hpcd4p("run", str(PICKLES / f"{name}.pickle"), "-n", str(n), "--mapping", mapping, *words)
    assert ended.status == 0, ended.err
    assert outputs(ended) == {name: Counter(values) for name, values in expected.items()}


@pytest.mark.parametrize("n", ["1", "2"])
def test_what_is_not_in_the_pickle_is_one_message(hpcd4p, n):
    ended = hpcd4p("run", "-n", n, str(PICKLES / "script.pickle"))
    assert ended.status == 2
    assert "it names Negative of the script that wrote it" in ended.error
    assert "cloudpickle.dump" in ended.error
    assert ended.err.count("\n") == 1


def test_what_is_no_graph_or_no_pickle_is_one_message(hpcd4p, tmp_path):
    import pickle

    texts = {
        "w.pickle": (b"print(1)", "it cannot be unpickled"),
        "w.pkl": (pickle.dumps({"a": 1}), "it is the pickle of a dict; expected a WorkflowGraph"),
        "any": (pickle.dumps([1])[:-2], "it cannot be unpickled"),
    }
    for name, (data, message) in texts.items():
        (tmp_path / name).write_bytes(data)
        ended = hpcd4p("run", f"./{name}")
        assert ended.status == 2
        assert message in ended.error


def test_the_module_of_its_elements_is_looked_for_beside_it(hpcd4p, tmp_path):
    (tmp_path / "g.pickle").write_bytes((PICKLES / "counting5.pickle").read_bytes())
    ended = hpcd4p("run", "g.pickle")
    assert ended.status == 2
    assert "'counting_elements', which is not installed here, nor beside the pickle" in ended.error


SCRIPT = """
import pickle
import hpcd4p
hpcd4p.dispel4py_names()

if __name__ == "__main__":
    with open("counting5.pickle", "rb") as file:
        graph = pickle.load(file)
    for ranks in (1, 3):
        print(sorted(hpcd4p.run(graph, ranks=ranks).outputs["Count2.output"]))
    again = pickle.loads(pickle.dumps(graph))
    print(sorted(hpcd4p.run(again).outputs["Count2.output"]))
"""


def test_a_script_loads_one_itself(tmp_path, environment):
    for name in ("counting5.pickle", "counting_elements.py"):
        (tmp_path / name).write_bytes((PICKLES / name).read_bytes())
    classes = tmp_path / "networkx" / "classes"  # Python's own pickle wants the names that it finds
    classes.mkdir(parents=True)
    (classes / "graph.py").write_text("class Graph: pass")
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, env=environment, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout.splitlines() == [str(sorted(COUNTED["Count2.output"]))] * 3, done.stderr
