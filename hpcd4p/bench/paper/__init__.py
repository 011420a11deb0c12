"""*paper*: the applications of the paper, the shipped workflows, beside its system on the same work.

An application is a module here with a function ``rows(bench)``, named in `APPLICATIONS`. It runs our
workflow as users do (`shipped`), and, where stream-d4py is installed, the same functions in elements of its
own, by its mappings (`mappings`, ``peer_*``).
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Row

APPLICATIONS = ("sentiment", "extinction", "seismic")


def rows(bench: Bench) -> Iterator[Row]:
    """Rows of every application."""
    for name in APPLICATIONS:
        yield from import_module(f"hpcd4p.bench.paper.{name}").rows(bench)
