"""The picture that ``--plot`` draws: extinction by morphological type. Imported when one is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hpcd4p.workflows.extinction.formula import CLASSES
from hpcd4p.workflows.extinction.summary import TypeRow

BESIDE = 0.25
"""How far, in types, the galaxies stand beside the bar of their type, so that both can be seen."""


def draw(figure: Any, types: Sequence[TypeRow], galaxies: Sequence[dict[str, Any]]) -> None:
    """Draw each galaxy, and the mean and the range of each type, into an empty matplotlib figure."""
    axes = figure.add_subplot()
    axes.plot(
        [row["t"] + BESIDE for row in galaxies], [row["extinction_mag"] for row in galaxies],
        ".", color="0.6", markersize=4, label="galaxies",
    )  # fmt: skip
    axes.errorbar(
        [row.t for row in types],
        [row.mean for row in types],
        [[row.mean - row.low for row in types], [row.high - row.mean for row in types]],
        fmt="o", capsize=3, label="mean and range",
    )  # fmt: skip
    axes.set_xticks(list(CLASSES), [f"{name}\n{t}" for t, name in CLASSES.items()], fontsize="small")
    axes.set_xlabel("morphological type, T")
    axes.set_ylabel("internal extinction in B (mag)")
    axes.legend()
