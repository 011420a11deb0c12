"""The extinction workflow for stream-d4py: its elements around ours.

astropy is imported before dispel4py, whose logger of that name would else be in its way, and so once for all
processes: they are forked.
"""

from __future__ import annotations

from typing import Any

import astropy.io.votable  # noqa: F401
from dispel4py.base import ConsumerPE, IterativePE
from dispel4py.core import GenericPE
from dispel4py.workflow_graph import WorkflowGraph

from hpcd4p.bench.paper.extinction import SEED
from hpcd4p.bench.stamps import stamp
from hpcd4p.workflows.extinction import elements
from hpcd4p.workflows.extinction.archives import GeneratedArchive
from hpcd4p.workflows.extinction.catalogue import generated_lines
from hpcd4p.workflows.extinction.formula import internal_extinction, type_code


class Read(GenericPE):  # type: ignore[misc]
    """Writes the galaxies of the generated catalogue."""

    def __init__(self) -> None:
        GenericPE.__init__(self)
        self.name = "Read"
        self._add_output("output")

    def process(self, inputs: Any) -> None:
        """Write as many as the input says."""
        stamp()
        for line in generated_lines(SEED, inputs["galaxies"]):
            self.write("output", line)


class Fetch(IterativePE):  # type: ignore[misc]
    """Line of the catalogue → VOTable."""

    def __init__(self) -> None:
        IterativePE.__init__(self)
        self.ours = elements.GetVOTable(GeneratedArchive(SEED, 1.0, 30.0))

    def _process(self, line: Any) -> Any:
        return self.ours._process(line)


class Filter(IterativePE):  # type: ignore[misc]
    """VOTable → type and axis ratio."""

    def __init__(self) -> None:
        IterativePE.__init__(self)
        self.ours = elements.FilterColumns()

    def _process(self, fetched: Any) -> Any:
        return self.ours._process(fetched)


class Extinction(ConsumerPE):  # type: ignore[misc]
    """Notes each galaxy when it is done."""

    def _process(self, row: Any) -> None:
        number, _, _, mtype, logr25 = row
        code = type_code(mtype) if mtype is not None else None
        if code is not None and logr25 is not None:
            internal_extinction(code, logr25)
        stamp(str(number))


graph = WorkflowGraph()
read, fetch, kept, extinguished = Read(), Fetch(), Filter(), Extinction()
graph.connect(read, "output", fetch, "input")
graph.connect(fetch, "output", kept, "input")
graph.connect(kept, "output", extinguished, "input")
