"""dispel4py's names: all of them are ours while they are served, and nothing of it is left afterwards."""

from __future__ import annotations

import importlib
import subprocess
import sys
import textwrap

import pytest

import hpcd4p
from hpcd4p.errors import WorkflowError
from hpcd4p.workflow.dispel4py.names import advice_if_real, dispel4py_names, real_package
from hpcd4p.workflow.dispel4py.table import MODULES
from hpcd4p.workflow.load import load_workflow

REAL = {
    "dispel4py/__init__.py": "",
    "dispel4py/base.py": "class IterativePE: real = True",
    "dispel4py/workflow_graph.py": "class WorkflowGraph: pass",
    "dispel4py/examples/__init__.py": "",
    "dispel4py/examples/mine.py": """
        from dispel4py.base import ProducerPE
        from dispel4py.workflow_graph import WorkflowGraph
        class Make(ProducerPE):
            def _process(self, inputs):
                return 1
        graph = WorkflowGraph()
        graph.add(Make())
        """,
}


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write files into a folder of modules; what they leave in sys is taken away again."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = dict(sys.modules)

    def write(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        importlib.invalidate_caches()
        return tmp_path

    yield write
    for name in set(sys.modules) - set(before):
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def modules_of_dispel4py():
    return {n: m for n, m in sys.modules.items() if n.partition(".")[0] == "dispel4py"}


@pytest.mark.parametrize("module", MODULES)
def test_every_name_of_the_table_is_there(module):
    with dispel4py_names():
        made = importlib.import_module(module)
        for name, place in MODULES[module].items():
            home, _, there = place.partition(":")
            assert getattr(made, name) is getattr(importlib.import_module(home), there or name)
            assert name in dir(made)
        stars = {}
        exec(f"from {module} import *", stars)
        assert set(MODULES[module]) <= set(stars)


def test_every_form_of_import_works():
    with dispel4py_names():
        import dispel4py.new.aggregate
        import dispel4py.workflow_graph as graphs
        from dispel4py import base, core
        from dispel4py.base import IterativePE
        from dispel4py.new import simple_process

        assert dispel4py.new.aggregate.CountPE.__mro__[-2] is core.GenericPE is hpcd4p.GenericPE
        assert base.IterativePE is IterativePE is hpcd4p.IterativePE
        assert graphs.WorkflowGraph is hpcd4p.WorkflowGraph
        assert core.GROUPING == "grouping"
        assert callable(simple_process.process)


def test_they_are_there_until_they_are_left_and_no_longer(monkeypatch):
    before = modules_of_dispel4py()
    finders = list(sys.meta_path)
    with dispel4py_names() as names:
        with dispel4py_names():
            import dispel4py.base
        import dispel4py.core  # noqa: F401

        assert set(modules_of_dispel4py()) == {"dispel4py", "dispel4py.base", "dispel4py.core"}
    assert modules_of_dispel4py() == before
    assert sys.meta_path == finders
    names.__exit__()  # a second time does nothing
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(ModuleNotFoundError, match="No module named 'dispel4py'"):
        importlib.import_module("dispel4py.base")


def test_the_real_package_is_put_aside_and_put_back(write):
    folder = write(REAL)
    real = importlib.import_module("dispel4py.base")
    try:
        before = modules_of_dispel4py()
        with dispel4py_names():
            from dispel4py.base import IterativePE

            assert IterativePE is hpcd4p.IterativePE
            assert real_package() == str(folder / "dispel4py/__init__.py")
        assert modules_of_dispel4py() == before
        assert sys.modules["dispel4py.base"] is real
    finally:
        for name in modules_of_dispel4py():
            del sys.modules[name]


def test_the_examples_of_the_real_package_are_workflows_like_any_other(write):
    write(REAL)
    loaded = load_workflow("dispel4py.examples.mine")
    assert [type(pe).__mro__[1] for pe in loaded.graph.get_contained_objects()] == [hpcd4p.ProducerPE]
    assert loaded.dispel4py


def test_objects_of_the_real_package_are_told_apart(write):
    write(REAL)
    real = importlib.import_module("dispel4py.base")
    try:
        graphs = importlib.import_module("dispel4py.workflow_graph")

        class Mine(real.IterativePE):
            pass

        for thing in (Mine(), graphs.WorkflowGraph()):
            assert "call hpcd4p.dispel4py_names() before" in advice_if_real(thing)
        with pytest.raises(
            WorkflowError, match=r"got WorkflowGraph; it is of the dispel4py that is installed"
        ):
            hpcd4p.run(graphs.WorkflowGraph())
        graph = hpcd4p.WorkflowGraph()
        graph.add(Mine())
        with pytest.raises(WorkflowError, match=r"is not an element .*call hpcd4p.dispel4py_names\(\)"):
            hpcd4p.run(graph)
    finally:
        for name in modules_of_dispel4py():
            del sys.modules[name]
    assert advice_if_real(3) == advice_if_real(hpcd4p.WorkflowGraph()) == ""


LACKS = {
    "from dispel4py.provenance import *": ["at line 2 dispel4py.provenance, which hpcd4p does not", "S-PROV"],
    "from dispel4py import provenance": ["provenance from dispel4py, which", "S-PROV", "carried are"],
    "import dispel4py.storm.topology": ["dispel4py.storm, which", "Storm"],
    "import dispel4py.new.zmq_multi": ["dispel4py.new.zmq_multi, which", "hpcd4p run -n N"],
    "from dispel4py.new import spark_process": ["spark_process from dispel4py.new", "mappings"],
    "import dispel4py.new.dyn_redis_config": ["dispel4py.new.dyn_redis_config, which", "mappings"],
    "from dispel4py.new.monitoring import ReadTimingWrapper": ["ReadTimingWrapper from", "that module has M"],
    "import dispel4py.seismo": ["dispel4py.seismo, which", "carry: carried are dispel4py.core, dispel4py.b"],
    "import dispel4py.examples.x": ["dispel4py.examples.x, which", "not installed here"],
    "from dispel4py.base import Nonsense": [
        "Nonsense from dispel4py.base, which",
        "that module has BasePE, ",
    ],
    "import dispel4py.base as b; b.Nonsense": ["raises AttributeError at line 2", "that module has BasePE"],
}


@pytest.mark.parametrize(("line", "parts"), LACKS.items())
@pytest.mark.parametrize("form", ["file", "module"])
def test_what_is_not_carried_is_one_message(write, monkeypatch, line, parts, form):
    folder = write({"flow_of_dispel4py.py": f"x = 1\n{line}\n"})
    monkeypatch.setattr(sys, "path", [str(folder), *(p for p in sys.path if "site-packages" not in p)])
    spec = str(folder / "flow_of_dispel4py.py") if form == "file" else "flow_of_dispel4py"
    with pytest.raises(WorkflowError) as caught:
        load_workflow(spec)
    assert len(caught.value.problems) == 1
    for part in parts:
        assert part in str(caught.value)
    assert not modules_of_dispel4py()


def test_a_workflow_that_can_do_without_is_loaded_without(write):
    folder = write(
        {
            "flow_of_dispel4py.py": """
            try:
                from dispel4py.provenance import ProvenanceType
            except ImportError:
                ProvenanceType = None
            from dispel4py.workflow_graph import WorkflowGraph
            graph = WorkflowGraph()
            """
        }
    )
    assert load_workflow(str(folder / "flow_of_dispel4py.py")).dispel4py


def test_loading_says_whether_dispel4py_was_asked_for_and_imports_little(write):
    folder = write(
        {"one.py": "import hpcd4p\ngraph = hpcd4p.WorkflowGraph()", "two.py": "import dispel4py.core\n"}
    )
    program = (
        "import sys\n"
        "from hpcd4p.workflow.load import load_workflow, install_module\n"
        "install_module('three', None, '')\n"
        "print('hpcd4p.workflow.dispel4py' in sys.modules)\n"
        f"print(load_workflow({str(folder / 'one.py')!r}).dispel4py)\n"
        "import hpcd4p.workflow.dispel4py.names as names\n"
        "with names.dispel4py_names(): import dispel4py.new.aggregate\n"
        "print(names.were_asked_for(), 'hpcd4p.workflow.dispel4py.aggregate' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stdout.splitlines() == ["False", "False", "True False"], done.stderr


def test_load_graph_takes_modules_and_files(write):
    write({"flow_of_dispel4py.py": REAL["dispel4py/examples/mine.py"]})
    with dispel4py_names():
        from dispel4py.utils import load_graph, loadGraph, loadGraphFromFile

        path = "flow_of_dispel4py.py"
        folder = sys.path[0]
        for graph in (
            load_graph("flow_of_dispel4py"),
            load_graph(f"{folder}/{path}", "graph"),
            loadGraph("flow_of_dispel4py"),
            loadGraphFromFile("any", f"{folder}/{path}"),
        ):
            assert [pe.name for pe in graph.get_contained_objects()] == ["Make"]
