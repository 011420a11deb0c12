"""What can be said after the name of the workflow. Every rank imports this file: it must import little."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hpcd4p.workflows.common import add_plot, folder, number, readable_file, whole

if TYPE_CHECKING:
    import argparse

EXAMPLE = "example"

MOST_MAX_LAG_S = 600.0
"""At the highest rate that decimation leaves, 8 samples/s, these are within the room of the FFT."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of this workflow, given after its name."""
    add = parser.add_argument
    add(
        "--input",
        type=folder_or_example,
        metavar="FOLDER",
        help="MiniSEED files to read, or what phase 1 wrote if --phase is 2; the word 'example' for ObsPy's "
        "example (default: synthetic stations)",
    )
    add(
        "--inventory",
        type=file_or_folder,
        metavar="FILE",
        help="StationXML with the responses for --input, or a folder of such files",
    )
    add("--stations", type=whole(2, 10_000), default=50, metavar="N", help="synthetic stations (default: 50)")
    add(
        "--minutes",
        type=number(5, 10_080),
        default=60.0,
        metavar="M",
        help="length of the synthetic traces (default: 60)",
    )
    add(
        "--seed",
        type=whole(0, 2**32 - 1),
        default=1,
        metavar="N",
        help="of the synthetic stations (default: 1)",
    )
    add(
        "--keep",
        type=new_folder,
        metavar="FOLDER",
        help="write the synthetic MiniSEED and StationXML files here (default: they are made where they are "
        "read, and not written)",
    )
    add(
        "--phase",
        choices=("1", "2", "both"),
        default="both",
        help="1: traces to spectra; 2: spectra to lags; both: in one stream (default)",
    )
    add("--output", type=new_folder, metavar="FOLDER", help="write the spectra here; phase 1 needs it")
    add(
        "--cut",
        type=number(1, 1440),
        metavar="M",
        help="cut traces into windows of so many minutes, at multiples of it in UTC (default: whole)",
    )
    add("--stack", action="store_true", help="average the correlations of each pair over all windows")
    add(
        "--max-lag",
        type=number(1, MOST_MAX_LAG_S),
        default=120.0,
        metavar="S",
        help="largest lag in seconds (default: 120)",
    )
    add("--top", type=whole(1, 10_000), default=10, metavar="N", help="pairs to show (default: 10)")
    add_plot(parser, "all correlations over the lag")


def folder_or_example(text: str) -> str:
    """Give the path of a folder, or the word ``example``; the type of an option."""
    return text if text == EXAMPLE else folder(text)


def file_or_folder(text: str) -> str:
    """Give the path of a file or folder that can be read; the type of an option."""
    return folder(text) if os.path.isdir(text) else readable_file(text)


def new_folder(text: str) -> str:
    """Give the absolute path of a folder that can be written, or made; the type of an option."""
    from argparse import ArgumentTypeError

    path = above = os.path.abspath(text)
    while not os.path.lexists(above):
        above = os.path.dirname(above)
    if not os.path.isdir(above):
        raise ArgumentTypeError(f"expected a folder to write into, and {above!r} is none")
    if not os.access(above, os.W_OK | os.X_OK):
        raise ArgumentTypeError(f"the folder {above!r} cannot be written into")
    return path
