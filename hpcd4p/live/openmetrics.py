"""Numbers as OpenMetrics text, as a monitoring system reads them. Pure.

Source: OpenMetrics 1.0. What is written is Prometheus text, too, for the textfile collector of node_exporter
reads that: no types that only OpenMetrics has (`info`, `stateset`), no time stamps, no quotes in help.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

GAUGE = "gauge"
COUNTER = "counter"


class Family(NamedTuple):
    """What numbers of one name have in common."""

    kind: str  # GAUGE or COUNTER
    unit: str  # with which the name ends; empty: it has none
    help: str


class Sample(NamedTuple):
    """One number."""

    name: str  # of its family
    labels: Mapping[str, str]
    value: float


def text_of(families: Mapping[str, Family], samples: Iterable[Sample]) -> str:
    """Give the text of the samples, those of a family together, in the order of the families."""
    by_name: dict[str, list[Sample]] = {name: [] for name in families}
    for sample in samples:
        by_name[sample.name].append(sample)
    lines: list[str] = []
    for name, those in by_name.items():
        if those:
            lines += _head(name, families[name])
            lines += [_line(families[name], sample) for sample in those]
    return "\n".join([*lines, "# EOF\n"])


def _head(name: str, family: Family) -> list[str]:
    unit = [f"# UNIT {name} {family.unit}"] if family.unit else []
    return [f"# TYPE {name} {family.kind}", *unit, f"# HELP {name} {family.help}"]


def _line(family: Family, sample: Sample) -> str:
    suffix = "_total" if family.kind == COUNTER else ""
    labels = ",".join(f'{name}="{escaped(value)}"' for name, value in sample.labels.items())
    return f"{sample.name}{suffix}{{{labels}}} {sample.value!r}"


def escaped(value: str) -> str:
    """Give the value of a label as it stands between quotes."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
