"""What the shipped workflows share: types of options, rows of an output, extras, pictures.

Every rank imports it with the workflow: it must never import anything heavy at the top.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hpcd4p import WorkflowError

if TYPE_CHECKING:
    import argparse

PICTURES = (".pdf", ".png", ".svg")
"""Endings of the files that ``--plot`` can write."""


def folder(text: str) -> str:
    """Give the absolute path of a folder that can be read; the type of an option."""
    if not os.path.isdir(text):
        raise _refused(
            f"expected a folder, and {text!r} is {'a file' if os.path.exists(text) else 'not there'}"
        )
    if not os.access(text, os.R_OK | os.X_OK):
        raise _refused(f"the folder {text!r} cannot be read")
    return os.path.abspath(text)


def readable_file(text: str) -> str:
    """Give the absolute path of a file that can be read; the type of an option."""
    if not os.path.isfile(text):
        raise _refused(
            f"expected a file, and {text!r} is {'a folder' if os.path.isdir(text) else 'not there'}"
        )
    if not os.access(text, os.R_OK):
        raise _refused(f"the file {text!r} cannot be read")
    return os.path.abspath(text)


def whole(low: int, high: int) -> Callable[[str], int]:
    """Give the type of an option that is a whole number from `low` to `high`."""

    def read(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise _refused(f"expected a whole number from {low} to {high}, found {text!r}")
        return int(text)

    return read


def number(low: float, high: float) -> Callable[[str], float]:
    """Give the type of an option that is a number from `low` to `high`."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:  # not true of NaN
            raise _refused(f"expected a number from {low:g} to {high:g}, found {text!r}")
        return value

    return read


def add_plot(parser: argparse.ArgumentParser, what: str) -> None:
    """Add ``--plot FILE`` to the options of a workflow."""
    parser.add_argument("--plot", type=picture, metavar="FILE", help=f"draw {what} (.png, .pdf or .svg)")


def picture(text: str) -> str:
    """Give the path of a picture that can be written; the type of an option."""
    if not text.lower().endswith(PICTURES):
        raise _refused(f"expected a file that ends in {', '.join(PICTURES)}, found {text!r}")
    path = os.path.abspath(text)
    where = os.path.dirname(path)
    if not os.path.isdir(where) or not os.access(where, os.W_OK | os.X_OK):
        raise _refused(f"there is no folder {where!r} that can be written into")
    require("plot", "matplotlib")
    return path


def save_figure(path: str, draw: Callable[[Any], None], size: tuple[float, float] = (8.0, 5.0)) -> str:
    """Have `draw` fill a matplotlib figure, write it to `path`, and say so.

    Parameters
    ----------
    size
        Width and height in inches.
    """
    from matplotlib.figure import Figure  # no pyplot: neither a window nor a state is wanted

    figure = Figure(figsize=size, layout="constrained")
    draw(figure)
    try:
        figure.savefig(path)
    except OSError as error:
        return f"The picture {path} could not be written: {error.strerror}"
    return f"Picture: {path}"


def require(extra: str, *packages: str) -> None:
    """Look whether `packages` are installed, without importing them.

    Raises
    ------
    WorkflowError
        One is not; the message names the extra that brings it.
    """
    from importlib.util import find_spec

    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise WorkflowError(
            [
                f"it needs {' and '.join(missing)}, not installed here. The extra {extra!r} brings it: "
                f"pip install 'hpcd4p[{extra}]', or in a checkout pip install -e '.[{extra}]'"
            ]
        )


def rows(outputs: dict[str, list[Any]], output: str) -> list[Any]:
    """Tuples of an output, whatever number its element was given; empty if there are none."""
    return next((tuples for name, tuples in outputs.items() if name.rpartition(".")[2] == output), [])


def _refused(why: str) -> argparse.ArgumentTypeError:
    from argparse import ArgumentTypeError

    return ArgumentTypeError(why)
