"""A record that cannot be written: found before the run where it can be, and told after it where not."""

from __future__ import annotations

import pytest

WORKFLOW = """
import resource, pathlib
from hpcd4p import ProducerPE, WorkflowGraph

class Numbers(ProducerPE):
    stateful = True  # stays on rank 0, which writes the record

    def _process(self, inputs):
        pathlib.Path("ran").touch()
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))  # to a writer no other than a full disk
        return 1

graph = WorkflowGraph()
graph.add(Numbers())
"""

RANKS = pytest.mark.parametrize("ranks", [1, 2])


@RANKS
@pytest.mark.parametrize(
    ("folder", "message"),
    [("w.py", "w.py exists; it is not a folder"), ("/proc/no", "written into /proc/no")],
)
def test_a_folder_that_cannot_be_written_is_found_before_the_run(hpcd4p, ranks, folder, message):
    ended = hpcd4p("run", "-n", str(ranks), "w.py", "--results", folder, workflow=WORKFLOW)
    assert ended.status == 2, ended.err
    assert message in ended.error
    assert "--results" in ended.error
    assert not (ended.folder / "ran").exists()


@RANKS
def test_a_disk_that_is_full_at_the_end_is_told_with_the_figures_of_the_run(hpcd4p, ranks):
    ended = hpcd4p("run", "-n", str(ranks), "w.py", workflow=WORKFLOW)
    assert ended.status == 2, ended.err
    assert "could not be written: File too large; 1 tuples of outputs" in ended.error
    assert "Traceback" not in ended.err
    assert "Numbers0.output  1 tuple" in ended.out
    assert list((ended.folder / "results").iterdir()) == []
