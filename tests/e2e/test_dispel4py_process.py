"""`process` of dispel4py's mappings, called in scripts and services: runs on ranks, gives what it gave."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

HEAD = """
import hpcd4p
hpcd4p.dispel4py_names()
import argparse
from dispel4py.base import IterativePE, ProducerPE
from dispel4py.new.dynamic_redis import process as dyn_process
from dispel4py.new.monitoring import ProcessTimingPE
from dispel4py.new.multi_process import process as multi_process
from dispel4py.new.processor import STATUS_TERMINATED
from dispel4py.new.simple_process import process_and_return
from dispel4py.workflow_graph import WorkflowGraph

class Numbers(ProducerPE):
    def __init__(self):
        ProducerPE.__init__(self)
        self.n = 0
    def _process(self, inputs):
        self.n += 1
        return self.n

class Negative(IterativePE):
    def _process(self, data):
        self.write("aside", data)
        return -data

graph, numbers = WorkflowGraph(), Numbers()
graph.connect(numbers, "output", ProcessTimingPE(Negative()), "input")

def taken(queue):
    found = []
    while (item := queue.get(timeout=120)) != STATUS_TERMINATED:
        found.append(item)
    return sorted(found)
"""

EXPECTED = [
    *(("Negative1", "aside", n) for n in (1, 2, 3)),
    *(("Negative1", "output", -n) for n in (3, 2, 1)),
]


@pytest.fixture
def script(tmp_path: Path, environment):
    def run(text: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "script.py").write_text(HEAD + textwrap.dedent(text))
        return subprocess.run(
            [sys.executable, "script.py"], cwd=tmp_path, env=environment, capture_output=True, text=True,
            timeout=100, check=False,
        )  # fmt: skip

    return run


def test_a_script_asks_for_ranks_in_the_ways_that_scripts_do(script):
    done = script("""
        if __name__ == "__main__":
            args = argparse.Namespace
            args.num, args.simple = 3, False
            print(multi_process(graph, {numbers: 3}, args))
            args.results = True
            print(taken(multi_process(graph, {"Numbers": [{}, {}, {}]}, args)))
            settings = {"num": 2, "redis_ip": "localhost", "redis_port": "6379", "results": True}
            print(taken(dyn_process(graph, {numbers: 3}, settings)))
            print(taken(dyn_process(graph, {numbers: 3}, {"results": True})))
    """)
    lines = [line for line in done.stdout.splitlines() if "Average processing time" not in line]
    assert lines == ["None", *[str(EXPECTED)] * 3], done.stderr
    assert done.stdout.count("Negative1: Average processing time: ") == 4
    told = [line for line in done.stderr.splitlines() if line.startswith("hpcd4p: ")]
    assert [line.partition(".process runs ")[::2] for line in told] == [
        *[("hpcd4p: multi_process", "on 3 ranks, and gives the answer of one process")] * 2,
        ("hpcd4p: dynamic_redis", "on 2 ranks, and gives the answer of one process"),
        (
            "hpcd4p: dynamic_redis",
            "in one process (args.num says on how many ranks), and gives the answer of one process",
        ),
    ]


def test_a_service_runs_a_graph_that_a_client_pickled_by_value_in_a_process_of_its_own(script):
    """As Laminar's engine does: a daemon process, whose outputs come back through a queue."""
    done = script("""
        import codecs
        import multiprocessing
        import cloudpickle

        def serve(text, kind, queue):
            graph = cloudpickle.loads(codecs.decode(text.encode(), "base64"))
            first = next(pe for pe in graph.get_contained_objects() if not pe.inputconnections)
            if kind == 1:
                queue.put(process_and_return(graph, {first: 3}))
            else:
                queue.put(taken(multi_process(graph, {first: 3}, {"num": 3, "results": True})))

        if __name__ == "__main__":
            text = codecs.encode(cloudpickle.dumps(graph), "base64").decode()
            for kind in (1, 2):
                queue = multiprocessing.SimpleQueue()
                other = multiprocessing.Process(target=serve, args=(text, kind, queue), daemon=True)
                other.start()
                print(queue.get())
                other.join(30)
                print(other.exitcode)
    """)
    lines = [line for line in done.stdout.splitlines() if "Average processing time" not in line]
    assert lines == [
        str({"Negative1": {"output": [-1, -2, -3], "aside": [1, 2, 3]}}), "0", str(EXPECTED), "0",
    ], done.stderr  # fmt: skip


@pytest.mark.parametrize("n", ["1", "3"])
def test_a_workflow_that_calls_it_when_it_is_loaded_is_told_that_ranks_do_not_nest(hpcd4p, n):
    text = HEAD + "multi_process(graph, {numbers: 3}, {'num': 2})\n"
    ended = hpcd4p("run", "-n", n, "w.py", "-i", "3", workflow=text)
    assert ended.status == 2
    assert "MPI programs do not nest: start the script without mpirun" in ended.err
    assert "put the call under if __name__ == '__main__':" in ended.err
    assert "Traceback" not in ended.err
