"""Asks dispel4py itself: runs what test_dispel4py_published compares, in its simple mapping.

Where stream-d4py is installed, and nothing of hpcd4p is imported::

    python tests/e2e/ask_dispel4py.py

It writes what came out into workflows/published/answers.json, by workflow and 'element.output', without the
running numbers of elements. Each source is called five times.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import sys
from pathlib import Path

FOLDER = Path(__file__).parent / "workflows" / "published"

CALLS = 5

EXAMPLES = (
    "grouping_alltoone", "grouping_alltoone_stateful", "large_teecopy", "parallel_pipeline",
    "partition_parallel_pipeline", "pipeline_composite", "pipeline_test", "producer_tee", "split_merge",
    "teecopy", "unconnected_pipeline",
)  # fmt: skip
"""Those of its examples whose answer is not random, and does not depend on the number of processes."""


def modules() -> list[str]:
    """Give the modules to import; the folder must be in sys.path."""
    own = [path.stem for path in sorted(FOLDER.glob("*.py"))]
    return own + [f"dispel4py.examples.graph_testing.{name}" for name in EXAMPLES]


def main() -> None:
    """Ask, and write."""
    from dispel4py.new.simple_process import process_and_return

    sys.path.insert(0, str(FOLDER))
    answers: dict[str, dict[str, list[object]]] = {}
    for module in modules():
        graph = importlib.import_module(module).graph
        graph.flatten()
        fed = {edge[2]["DIRECTION"][1] for edge in graph.graph.edges(data=True)}
        inputs = {pe: CALLS for pe in graph.get_contained_objects() if pe not in fed}
        with contextlib.redirect_stdout(io.StringIO()):
            found = process_and_return(graph, inputs)
        answer = answers.setdefault(module.rpartition(".")[2], {})
        for element, outputs in found.items():
            for output, values in outputs.items():
                answer.setdefault(f"{element.rstrip('0123456789')}.{output}", []).extend(values)
    text = json.dumps(answers, indent=0, sort_keys=True)
    (FOLDER / "answers.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
