"""`hpcd4p.run` on ranks, from a script whose classes no rank can import."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap

SCRIPT = """
    from dataclasses import dataclass

    import hpcd4p
    from hpcd4p import KeyedPE, ProducerPE, SimpleFunctionPE, WorkflowGraph
    from hpcd4p.errors import RedisSetupError

    @dataclass(frozen=True)
    class Row:
        number: int

    class Numbers(ProducerPE):
        def _process(self, inputs):
            return 3

    class Count(KeyedPE):
        def process_key(self, key, value, state):
            return (state or 0) + 1

    numbers, count = Numbers(), Count()
    rows, only = SimpleFunctionPE(lambda x: (x, Row(7 * x))), SimpleFunctionPE(lambda t: t[1])
    count.name, only.name = "count", "only"
    graph = WorkflowGraph()
    graph.connect(numbers, "output", rows, "input")
    graph.connect(rows, "output", count, "input")
    graph.connect(rows, "output", only, "input")

    if __name__ == "__main__":
        here = hpcd4p.run(graph, {numbers: 5})
        there = hpcd4p.run(graph, {numbers: 5}, ranks=4, record="kept")
        assert here.outputs == there.outputs, (here.outputs, there.outputs)
        (name,) = (n for n in there.outputs if n.startswith("only"))
        assert all(isinstance(row, Row) for row in there.outputs[name])
        assert there.summary.ranks == 4
        assert there.record.parent.name == "kept" and there.record.exists()
        try:
            hpcd4p.run(graph, 1, ranks=2, redis_url="redis://127.0.0.1:1")
        except RedisSetupError as error:
            print(error)
        print("good")
"""


def test_a_script_gets_from_ranks_what_one_process_gives(tmp_path, environment):
    (tmp_path / "script.py").write_text(textwrap.dedent(SCRIPT))
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("good\n")
    assert "127.0.0.1:1" in done.stdout


SLOW = """
    import time

    import hpcd4p
    from hpcd4p import ProducerPE, WorkflowGraph
    from hpcd4p.errors import Interrupted

    class Numbers(ProducerPE):
        def _process(self, inputs):
            print("begun", flush=True)
            for number in range(3000):
                time.sleep(0.01)
                self.write("output", number)

    graph = WorkflowGraph()
    graph.add(Numbers())
    try:
        hpcd4p.run(graph, ranks=2)
    except Interrupted as stop:
        print(stop, "|", stop.summary.reason)
"""


def test_a_script_that_is_interrupted_hears_it_by_the_name_of_its_signal(tmp_path, environment):
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SLOW))
    process = subprocess.Popen(
        [sys.executable, str(script)], cwd=tmp_path, stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    words = "stopped by SIGINT, SIGTERM or SIGUSR1 before the end"
    assert said.splitlines()[-1] == f"{words} | {words}"
