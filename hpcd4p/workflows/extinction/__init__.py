"""Internal extinction of galaxies: coordinates, a web request for each, a formula, a table by type.

The first application of "Optimization towards efficiency and stateful of dispel4py" (WORKS 2023), which comes
from the study of isolated galaxies (AMIGA)::

    read ── get_votable ── filter_columns ── internal_extinction

README.md in this folder says what it computes, and from what. Every rank imports this file: it imports
little.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from hpcd4p import WorkflowError, WorkflowGraph, table
from hpcd4p.workflows.common import add_plot, folder, number, readable_file, require, save_figure, whole
from hpcd4p.workflows.extinction.archives import Archive, FolderArchive, GeneratedArchive, WebArchive
from hpcd4p.workflows.extinction.catalogue import lines_of
from hpcd4p.workflows.extinction.elements import (
    FilterColumns,
    GetVOTable,
    InternalExtinction,
    ReadRaDec,
)
from hpcd4p.workflows.extinction.summary import by_type

if TYPE_CHECKING:
    import argparse

GALAXIES = 100
"""Generated when nothing is said: the smallest of the paper's runs (100, 300 and 500 of 1051)."""

TIME_SCALE = 0.25
"""A quarter of the waiting of the real service: one process is through with the default in about 10 s."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of this workflow, given after its name."""
    parser.add_argument(
        "--galaxies", type=whole(1, 1_000_000), metavar="N",
        help=f"galaxies to take (default: all lines of the input; {GALAXIES} generated ones)",
    )  # fmt: skip
    parser.add_argument(
        "--input",
        type=coordinates,
        metavar="FILE",
        help="lines 'ra,dec' in degrees (default: generated positions)",
    )
    parser.add_argument(
        "--service", type=web_address, metavar="URL",
        help="a cone search to ask (default: the workflow's own service, which gives generated galaxies)",
    )  # fmt: skip
    parser.add_argument(
        "--votables", type=folder, metavar="FOLDER",
        help="files to read instead: LINE.xml or RA_DEC.xml (degrees with 5 decimals)",
    )  # fmt: skip
    parser.add_argument(
        "--timeout",
        type=number(0.01, 3600),
        default=30.0,
        metavar="S",
        help="seconds to wait for an answer (default: 30)",
    )
    parser.add_argument(
        "--heavy", action="store_true", help="the paper's heavy variant: 0.857 s more per galaxy in the mean"
    )
    parser.add_argument(
        "--seed", type=whole(0, 2**63), default=1, metavar="N", help="of all that is generated (default: 1)"
    )
    parser.add_argument(
        "--time-scale", type=number(0, 100), default=TIME_SCALE, metavar="X",
        help=f"factor on the waiting of the own service and of --heavy (default: {TIME_SCALE})",
    )  # fmt: skip
    add_plot(parser, "the extinction by morphological type")


def coordinates(text: str) -> str:
    """Give the absolute path of a file that has a line; the type of an option."""
    path = readable_file(text)
    if next(lines_of(path), None) is None:
        from argparse import ArgumentTypeError

        raise ArgumentTypeError(f"the file {text!r} has no line: expected lines such as 10.68458,41.26917")
    return path


def web_address(text: str) -> str:
    """Give the address of a web service; the type of an option."""
    from argparse import ArgumentTypeError
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(text)
        if parts.username is not None:  # not repeated here: it may hold a password
            raise ArgumentTypeError("expected an address without a name or password before the host")
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number
        valid = False
    if not valid or any(c.isspace() for c in text):
        raise ArgumentTypeError(
            f"expected the address of a web service, http://... or https://..., found {text!r}"
        )
    return text


def build(options: Any) -> WorkflowGraph:
    """Graph for `options`, those of `add_options`."""
    require("extinction", "astropy")
    if options.service and options.votables:
        raise WorkflowError(
            ["--service and --votables: expected one of them, for a table comes from one place"]
        )
    count = options.galaxies
    if count is None and options.input is None:
        count = GALAXIES
    delays = (options.seed, options.time_scale) if options.heavy else None
    read = ReadRaDec(options.input, count, options.seed)
    fetch = GetVOTable(_archive(options), delays)
    columns, extinction = FilterColumns(delays), InternalExtinction()
    graph = WorkflowGraph()
    graph.name = "extinction"
    graph.connect(read, "output", fetch, "input")
    graph.connect(fetch, "output", columns, "input")
    graph.connect(columns, "output", extinction, "input")
    return graph


def _archive(options: Any) -> Archive:
    if options.votables:
        return FolderArchive(options.votables)
    if options.service:
        return WebArchive(options.service, options.timeout)
    return GeneratedArchive(options.seed, options.time_scale, options.timeout)


def present(summary: Any, outputs: dict[str, list[Any]], options: Any) -> str:
    """What the run has found, in words."""
    determined = _rows(outputs, "galaxies")
    lacking = _rows(outputs, "undetermined")
    said = ["Internal extinction in B, after Bottinelli et al. 1995", _origin(options)]
    if determined is None or lacking is None:
        said.append("Too many galaxies for a table here: the record has the row of each")
        return "\n".join(said)
    types = by_type(determined)
    if types:
        lines = [
            (
                row.name,
                str(row.t),
                f"{row.galaxies:,}",
                f"{row.mean:.2f}",
                f"{row.low:.2f}",
                f"{row.high:.2f}",
            )
            for row in types
        ]
        said += table(("class", "T", "galaxies", "mean (mag)", "least", "most"), lines)
    else:
        said.append("No galaxy has given an extinction")
    reasons = Counter(row["reason"] for row in lacking)
    said += [f"Not determined, {reason}: {many:,}" for reason, many in sorted(reasons.items())]
    if options.plot and types:
        from hpcd4p.workflows.extinction.picture import draw

        said.append(save_figure(options.plot, lambda figure: draw(figure, types, determined)))
    elif options.plot:
        said.append("No picture: there is no extinction to draw")
    return "\n".join(said)


def _rows(outputs: dict[str, list[Any]], output: str) -> list[Any] | None:
    """Rows of an output; None if they were too many to be kept for `present`."""
    return next((tuples for name, tuples in outputs.items() if name.endswith("." + output)), None)


def _origin(options: Any) -> str:
    generated = f"generated (seed {options.seed}), not measured"
    # the query of an address may hold a key
    measured = options.votables or (options.service or "").partition("?")[0]
    if options.input and measured:
        return f"Positions: {options.input}; types and axis ratios: {measured}"
    if options.input:
        return f"Positions: {options.input}; types and axis ratios are {generated}"
    if measured:
        return f"Positions are {generated}; types and axis ratios: {measured}"
    return f"Positions, types and axis ratios are {generated}"
