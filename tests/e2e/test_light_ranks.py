"""What ranks other than 0 import: thousands of them start at once, from one file system."""

from __future__ import annotations

WORKFLOW = """
import sys
from hpcd4p import IterativePE, ProducerPE, WorkflowGraph

HEAVY = (
    "hpcd4p.cli", "hpcd4p.record.writer", "h5py", "numpy", "redis", "argparse", "cloudpickle", "hashlib",
    "logging",
)

class Numbers(ProducerPE):
    def _process(self, inputs):
        return 1

class Look(IterativePE):
    def _process(self, data):
        return self.rank, " ".join(name for name in HEAVY if name in sys.modules)

graph = WorkflowGraph()
graph.connect(Numbers(), "output", Look(), "input")
"""


def test_a_rank_imports_neither_the_command_line_nor_h5py(hpcd4p):
    ended = hpcd4p("run", "-n", "3", "w.py", "-i", "20", workflow=WORKFLOW)
    assert ended.status == 0, ended.err
    seen = ended.record()["outputs"]["Look1.output"]["values"]
    assert len(seen) == 20
    assert all(rank > 0 and heavy == "" for rank, heavy in seen), seen
