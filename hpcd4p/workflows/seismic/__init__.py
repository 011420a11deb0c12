"""Seismic noise correlation: traces to spectra (phase 1), and all pairs of them to lags (phase 2).

::

    names ── stream_read ── decimate ── detrend ── demean ── remove_response ── bandpass
                                                                                   │
       write_file ──┬── fft ── whiten ── normalise ────────────────────────────────┘
                    │
                    └── pair_up ── correlate (── stack ── measure) ── overview

Phase 1 is stateless: every trace goes through on some rank of the pool. *pair_up* holds the spectra of a
time window and hands blocks of them to *correlate*, which any rank of the pool runs. README.md in this folder
says what is computed and how to run it. The functions of `reading`, `steps`, `correlation` and `synthetic`
need no engine.

Every rank imports this module, so it imports little; the elements import ObsPy and numpy when they run.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from hpcd4p import WorkflowError, WorkflowGraph
from hpcd4p.workflows.common import require
from hpcd4p.workflows.seismic.elements import STEPS, Fft, Names, ReadFile, Step, StreamRead, WriteFile
from hpcd4p.workflows.seismic.options import EXAMPLE, add_options
from hpcd4p.workflows.seismic.origin import Example, Folder, Origin, Synthetic, files_below
from hpcd4p.workflows.seismic.pairs import Correlate, CorrelateAndMeasure, Measure, Overview, PairUp, Stack
from hpcd4p.workflows.seismic.report import present
from hpcd4p.workflows.seismic.spectrum import SUFFIX

if TYPE_CHECKING:
    from hpcd4p import GenericPE

__all__ = ["add_options", "build", "present"]


def build(options: Any) -> WorkflowGraph:
    """Graph for `options` (see `add_options`).

    Raises
    ------
    WorkflowError
        ObsPy is missing, there is nothing to read, or options contradict each other.
    """
    _check(options)
    graph = WorkflowGraph()
    graph.name = "seismic"
    if options.phase == "2":
        names = files_below(options.input, lambda name: name.endswith(SUFFIX))
        spectra: GenericPE = ReadFile(options.input)
        source = Names(_not_empty(names, options.input, f"{SUFFIX} files of phase 1"))
        graph.connect(source, "output", spectra, "input")
    else:
        require("seismic", "obspy")
        origin = _origin(options)
        names = _not_empty(origin.names(), options.input, "files")
        spectra = _phase_1(graph, origin, names, options)
    if options.phase != "1":
        seed = options.seed if options.input is None else None
        _phase_2(graph, spectra, len(names), seed, options)
    return graph


def _check(options: Any) -> None:
    wrong = []
    if options.phase == "1" and options.output is None:
        wrong.append("phase 1 writes files: say where with --output FOLDER")
    if options.phase == "2" and options.input in (None, EXAMPLE):
        wrong.append("phase 2 reads the files of phase 1: say where they are with --input FOLDER")
    if options.phase == "2" and options.output is not None:
        wrong.append("phase 2 writes no spectra: --output is for phase 1")
    if options.keep is not None and options.input is not None:
        wrong.append("--keep is for synthetic stations, and with --input there are none")
    if options.inventory is not None and options.input in (None, EXAMPLE):
        wrong.append(
            "--inventory is for the files of --input; synthetic stations and the example have theirs"
        )
    if wrong:
        raise WorkflowError(wrong)


def _not_empty(names: list[str], folder: str | None, what: str) -> list[str]:
    if not names:
        raise WorkflowError([f"there are no {what} in {folder}"])
    return names


def _origin(options: Any) -> Origin:
    if options.input is None:
        return Synthetic(options.stations, options.minutes, options.seed, options.keep)
    return Example() if options.input == EXAMPLE else Folder(options.input)


def _phase_1(graph: WorkflowGraph, origin: Origin, names: list[str], options: Any) -> GenericPE:
    """Add the elements from names to spectra; give the last."""
    given = {"remove_response": {"inventory": options.inventory}}
    chain = [
        Names(names),
        StreamRead(origin, options.cut),
        *(Step(step, **given.get(step, {})) for step in STEPS),
        Fft(),
    ]
    for element, after in pairwise(chain):
        graph.connect(element, "output", after, "input")
    if options.output is not None:
        graph.connect(chain[-1], "output", WriteFile(options.output), "input")
    return chain[-1]


def _phase_2(graph: WorkflowGraph, spectra: GenericPE, expected: int, seed: int | None, options: Any) -> None:
    """Add the elements from spectra to lags."""
    lag = options.max_lag
    correlating = (
        [Correlate(lag), Stack(), Measure(seed)] if options.stack else [CorrelateAndMeasure(lag, seed)]
    )
    chain = [spectra, PairUp(expected), *correlating, Overview(options.top)]
    for element, after in pairwise(chain):
        graph.connect(element, "output", after, "input")
