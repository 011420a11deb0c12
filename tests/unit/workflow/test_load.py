"""Loading: modules and files, and everything that can be wrong with them."""

from __future__ import annotations

import pickle
import subprocess
import sys
import textwrap

import pytest

from hpcd4p.errors import WorkflowError
from hpcd4p.workflow.load import CLASH_PREFIX, install_module, load_workflow

GOOD = """
from hpcd4p import IterativePE, WorkflowGraph
class Mine(IterativePE):
    def _process(self, data):
        return data
graph = WorkflowGraph()
graph.add(Mine())
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a workflow file; what loading it adds to sys is taken away again."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)

    def write(text, name="flow_under_test.py"):
        path = tmp_path / name
        path.write_text(textwrap.dedent(text)) if isinstance(text, str) else path.write_bytes(text)
        return path

    yield write
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", "") and str(tmp_path) in str(sys.modules[name].__file__):
            del sys.modules[name]


def problem(spec, attr=None):
    with pytest.raises(WorkflowError) as caught:
        load_workflow(str(spec), attr)
    return str(caught.value)


def test_loads_a_file_with_its_source_and_registers_it(write):
    path = write(GOOD)
    loaded = load_workflow(str(path))
    assert loaded.module_name == "flow_under_test"
    assert loaded.path == str(path)
    assert loaded.source == GOOD
    (pe,) = loaded.graph.get_contained_objects()
    assert type(pickle.loads(pickle.dumps(pe))) is type(pe)


def test_loads_a_relative_file_without_its_ending(write, monkeypatch):
    path = write(GOOD)
    monkeypatch.chdir(path.parent)
    assert load_workflow("./flow_under_test").path == str(path)
    assert load_workflow("flow_under_test.py").path == str(path)


def test_file_may_import_its_neighbours(write):
    write("VALUE = 3", "neighbour_of_flow.py")
    path = write("from neighbour_of_flow import VALUE\n" + GOOD)
    assert load_workflow(str(path)).graph is not None


@pytest.mark.parametrize("name", ["random.py", "json.py", "hypothesis.py"])
def test_file_called_like_a_module_does_not_hide_it(write, name):
    path = write(GOOD, name)
    loaded = load_workflow(str(path))
    assert loaded.module_name == CLASH_PREFIX + name[:-3]
    import random

    assert hasattr(random, "Random")


def test_name_that_is_no_identifier_becomes_one(write):
    assert load_workflow(str(write(GOOD, "my-flow.v2.py"))).module_name == "my_flow_v2"


def test_other_ranks_make_the_same_classes_without_the_file(write):
    path = write(GOOD)
    loaded = load_workflow(str(path))
    blob = pickle.dumps(loaded.graph.get_contained_objects()[0])
    program = (
        "import pickle, sys\n"
        "from hpcd4p.workflow.load import install_module\n"
        f"install_module(*{(loaded.module_name, '/nowhere/' + path.name, loaded.source)!r})\n"
        f"pe = pickle.loads({blob!r})\n"
        "print(type(pe).__name__, pe.process({'input': 4}))\n"
        "heavy = {'numpy', 'argparse', 'asyncio', 'ssl', 'h5py', 'redis', 'mpi4py'} & set(sys.modules)\n"
        "print(sorted(heavy))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stdout.splitlines() == ["Mine {'output': 4}", "[]"], done.stderr


def test_loads_a_module_without_path_or_source(write, monkeypatch):
    path = write(GOOD, "flow_as_module.py")
    monkeypatch.syspath_prepend(str(path.parent))
    loaded = load_workflow("flow_as_module")
    assert (loaded.module_name, loaded.path, loaded.source) == ("flow_as_module", None, None)
    assert loaded.graph is not None


def test_default_workflow_makes_its_graph_later():
    assert load_workflow("hpcd4p.workflows.concordance").graph is None


@pytest.mark.parametrize(
    "spec", ["no_such_workflow_xyz", "hpcd4p.no_such", "no.such.package", "what is this", ""]
)
def test_no_such_workflow(spec):
    assert "no such workflow" in problem(spec)


def test_no_such_file(tmp_path):
    assert "no such file" in problem(tmp_path / "missing.py")
    assert "found a folder" in problem(str(tmp_path) + "/")


def test_syntax_error_names_the_line(write):
    text = problem(write("x = 1\ny = = 2\n"))
    assert "it is no Python" in text
    assert "line 2" in text


@pytest.mark.parametrize("content", [b"\x7fELF\x00\x01\x02", b"\x89PNG\r\n\xff\xfe\xfd", b"\xff\xfe\x00"])
def test_binary_file_is_no_python(write, content):
    assert "it is no Python" in problem(write(content))


def test_file_that_raises_names_error_and_line(write):
    text = problem(write("x = 1\nraise ValueError('broken here')\n"))
    assert "raises ValueError at line 2" in text
    assert "broken here" in text
    assert "flow_under_test" not in sys.modules


def test_file_that_exits(write):
    assert "calls sys.exit at line 2" in problem(write("import sys\nsys.exit(3)\n"))


def test_missing_import_is_named_with_its_line(write):
    assert "imports 'not_installed_xyz' at line 2" in problem(write("x = 1\nimport not_installed_xyz\n"))


def test_module_whose_own_import_is_missing_is_not_called_missing_itself(write, monkeypatch):
    path = write("import not_installed_xyz", "module_with_lack.py")
    monkeypatch.syspath_prepend(str(path.parent))
    text = problem("module_with_lack")
    assert "imports 'not_installed_xyz'" in text
    assert "no such workflow" not in text


def test_no_graph(write):
    assert "it has no graph" in problem(write("x = 1"))


def test_two_graphs_are_named_and_one_can_be_chosen(write):
    path = write("from hpcd4p import WorkflowGraph\nfirst = WorkflowGraph()\nsecond = WorkflowGraph()\n")
    text = problem(path)
    assert "2 graphs: first, second" in text
    assert "-a first" in text
    assert load_workflow(str(path), "second").graph is not None


def test_wrong_attribute_lists_the_graphs(write):
    path = write(GOOD)
    assert "it has no nothing; its graphs are: graph" in problem(path, "nothing")
    assert "Mine is a type, not a graph" in problem(path, "Mine")


def test_parts_and_second_names_of_a_graph_do_not_count(write):
    path = write(
        """
        from hpcd4p import WorkflowGraph, create_iterative_chain
        chain = create_iterative_chain([abs])
        part = WorkflowGraph()
        whole = WorkflowGraph()
        whole.add(chain)
        whole.add(part)
        same = whole
        """
    )
    loaded = load_workflow(str(path))
    assert len(loaded.graph.get_contained_objects()) == 2


def test_installing_a_module_that_is_broken_leaves_nothing(monkeypatch):
    with pytest.raises(WorkflowError, match="it is no Python"):
        install_module("broken_module_xyz", None, "def")
    assert "broken_module_xyz" not in sys.modules
