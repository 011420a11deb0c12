"""dispel4py's names at the command line and in scripts: whose they are, and what is not carried."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

WORKFLOW = """
from dispel4py.base import IterativePE, ProducerPE
from dispel4py.workflow_graph import WorkflowGraph

class Numbers(ProducerPE):
    def _process(self, inputs):
        return 1

class Look(IterativePE):
    def _process(self, data):
        import sys
        from dispel4py.core import GenericPE
        loaded = [n for n in ("hpcd4p.workflow.dispel4py.aggregate", "h5py", "argparse") if n in sys.modules]
        return self.rank, GenericPE.__module__, " ".join(loaded)

graph = WorkflowGraph()
graph.connect(Numbers(), "output", Look(), "input")
"""

REAL = {
    "dispel4py/__init__.py": "raise RuntimeError('the real one')",
    "dispel4py/base.py": "",
}


@pytest.fixture
def folder(tmp_path):
    """A folder with a real dispel4py in it, where commands run."""
    for name, text in REAL.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def values(ended):
    return ended.record()["outputs"]["Look1.output"]["values"]


@pytest.mark.parametrize("n", ["1", "3"])
def test_ours_serve_the_run_though_the_real_package_is_there_and_it_is_said_once(hpcd4p, folder, n):
    ended = hpcd4p("run", "w.py", "-i", "20", "-n", n, workflow=WORKFLOW)
    assert ended.status == 0, ended.err
    assert {tuple(row[1:]) for row in values(ended)} == {("hpcd4p.workflow.generic", "")} or n == "1"
    assert ended.err.count("dispel4py is installed here") == 1
    assert str(folder / "dispel4py/__init__.py") in ended.err


def test_a_module_is_imported_with_them_on_every_rank(hpcd4p):
    ended = hpcd4p("run", "w", "-i", "20", "-n", "3", workflow=WORKFLOW)
    assert ended.status == 0, ended.err
    # where the real one is installed beside it (extra `bench`), one line says so
    told = [line for line in ended.err.splitlines() if "uses the same names of hpcd4p" not in line]
    assert told == []
    rows = values(ended)
    assert len(rows) == 20
    assert all(rank > 0 for rank, _, _ in rows)
    assert {(home, loaded) for _, home, loaded in rows} == {("hpcd4p.workflow.generic", "")}


def test_a_workflow_without_them_has_no_trace_of_them(hpcd4p):
    ended = hpcd4p(
        "run", "w.py", "-i", "20", "-n", "3",
        workflow="""
        import sys
        from hpcd4p import IterativePE, ProducerPE, WorkflowGraph
        class Numbers(ProducerPE):
            def _process(self, inputs):
                return 1
        class Look(IterativePE):
            def _process(self, data):
                return self.rank, "hpcd4p.workflow.dispel4py" in sys.modules, ""
        graph = WorkflowGraph()
        graph.connect(Numbers(), "output", Look(), "input")
        """,
    )  # fmt: skip
    assert ended.status == 0, ended.err
    assert {loaded for _, loaded, _ in values(ended)} == {False}


@pytest.mark.parametrize("n", ["1", "2"])
@pytest.mark.parametrize(
    "line", ["from dispel4py.provenance import x", "from dispel4py.base import Nonsense"]
)
def test_what_is_not_carried_is_one_message(hpcd4p, line, n):
    ended = hpcd4p("run", "-n", n, "w.py", workflow=line)
    assert ended.status == 2
    assert "which hpcd4p does not carry" in ended.error
    assert "Traceback" not in ended.err
    assert ended.err.count("\n") == 1


SCRIPT = """
import hpcd4p
hpcd4p.dispel4py_names()
from dispel4py.base import IterativePE, ProducerPE
from dispel4py.new.simple_process import process_and_return
from dispel4py.workflow_graph import WorkflowGraph
from beside import Double

class Numbers(ProducerPE):
    def __init__(self):
        ProducerPE.__init__(self)
        self.n = 0
    def _process(self, inputs):
        self.n += 1
        return self.n

class Negative(IterativePE):
    def _process(self, data):
        from dispel4py.core import NAME
        return -data, NAME

if __name__ == "__main__":
    graph, numbers, double = WorkflowGraph(), Numbers(), Double()
    graph.connect(numbers, "output", double, "input")
    graph.connect(double, "output", Negative(), "input")
    print(process_and_return(graph, {numbers: 2}))
    for ranks in (1, 3):
        print(sorted(hpcd4p.run(graph, {numbers: 3}, ranks=ranks).outputs["Negative2.output"]))
"""

BESIDE = """
from dispel4py.base import IterativePE
class Double(IterativePE):
    def _process(self, data):
        return 2 * data
"""


def test_a_script_asks_for_them_and_its_neighbours_have_them_on_every_rank(tmp_path, environment):
    (tmp_path / "script.py").write_text(textwrap.dedent(SCRIPT))
    (tmp_path / "beside.py").write_text(textwrap.dedent(BESIDE))
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, env=environment, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    rows = "[(-6, 'name'), (-4, 'name'), (-2, 'name')]"
    assert done.stdout.splitlines() == [
        "{'Negative2': {'output': [(-2, 'name'), (-4, 'name')]}}",
        rows,
        rows,
    ], done.stderr
