"""What ranks import: thousands of them start at once, from one file system."""

from __future__ import annotations

WORKFLOW = """
import sys
from hpcd4p import GenericPE, IterativePE, KeyedPE, ProducerPE, WorkflowGraph

def modules():
    return " ".join(sys.modules)

class Numbers(ProducerPE):
    def _process(self, inputs):
        return "head", modules()

class Look(IterativePE):
    def _process(self, data):
        self.write("output", data)
        return "pool", modules()

class Count(KeyedPE):
    def process_key(self, key, value, state):
        if state is None:
            self.write("output", (key, value))
            self.write("output", ("host", modules()))
        return 1

    def end_key(self, key, state):
        pass

graph = WorkflowGraph()
look = Look()
graph.connect(Numbers(), "output", look, "input")
graph.connect(look, "output", Count(), "input")
"""

OTHERS = (
    "hpcd4p.cli", "hpcd4p.record.writer", "h5py", "numpy", "redis", "argparse", "cloudpickle", "hashlib",
    "logging", "dataclasses", "inspect", "json", "subprocess", "threading",
)  # fmt: skip
"""What only rank 0 needs."""

CHECKPOINTS = ("imaging", "changes", "resumption", "position", "checkpoint")
"""Most runs are over before the first."""
LENDING = ("lending", "lendable", "lent_task", "process_beside", "apart_tasks", "apart", "cell")
MOVING = ("moving", "gates", "dealing", "passing", "lanes", "in_line")
BLOCKS = ("shared_blocks", "own_blocks", "lent_blocks", "block_files", "placing", "heap", "mmap")
LOAD = ("rank.load", "behind")

SELDOM = {
    "pool": (*OTHERS, *CHECKPOINTS, "cutting", "forked_saver", *LENDING, *MOVING, *BLOCKS, *LOAD),
    "host": (*OTHERS, *CHECKPOINTS, *LENDING, *MOVING, *BLOCKS),
    # its scaler counts who may be lent
    "head": (
        "cutter", "going_on", "imaging", "keeping", "file_keeper", "folder", "journal", "sealed",
        "runtime.rank.lending", *LENDING[1:], *MOVING, *BLOCKS, *LOAD,
    ),
}  # fmt: skip
"""What a short run without large arrays and slow tasks has no need of, by who it is."""

MOST = {"pool": 116, "host": 120}
"""Modules of ours that such a rank may import; each takes a quarter of a millisecond of a core."""


def imported(names, modules):
    """Those of `modules` that one of `names` is, or is a part of."""
    return sorted(each for each in modules if any(f".{name}." in f".{each}." for name in names))


def test_a_rank_imports_nothing_that_its_run_does_not_need(hpcd4p):
    # on a busy machine its tuples may take long enough to be worth lending
    ended = hpcd4p("run", "-n", "4", "--lend", "off", "w.py", "-i", "20", workflow=WORKFLOW)
    assert ended.status == 0, ended.err
    seen = ended.record()["outputs"]["Count2.output"]["values"]
    modules = {who: {name for key, text in seen if key == who for name in text.split()} for who in SELDOM}
    assert all(modules.values())
    assert {who: found for who, names in SELDOM.items() if (found := imported(names, modules[who]))} == {}
    for who, most in MOST.items():
        ours = sorted(name for name in modules[who] if name.startswith("hpcd4p."))
        assert len(ours) <= most, ours
