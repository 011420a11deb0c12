"""A trial: which promises of a suite a transport breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from inspect import isfunction
from types import ModuleType
from typing import TypeVar

from hpcd4p.testing.conformance.worlds import BlocksWorld, BrokerWorld, MeshWorld

Place = TypeVar("Place", BrokerWorld, MeshWorld, BlocksWorld)


def promises_of(module: ModuleType) -> list[Callable[[Place], None]]:
    """The promises that a module tells, in its order: all its public functions."""
    return [
        each
        for name, each in vars(module).items()
        if isfunction(each) and each.__module__ == module.__name__ and not name.startswith("_")
    ]


def broken(
    promises: Iterable[Callable[[Place], None]], make_world: Callable[[], Place]
) -> dict[str, Exception]:
    """By name, the promises that fail, each tried in a world of its own, and of what.

    Parameters
    ----------
    make_world
        Gives a new run, of which nothing has happened yet.
    """
    failed: dict[str, Exception] = {}
    for promise in promises:
        world = make_world()
        try:
            promise(world)
        except Exception as error:  # noqa: BLE001  # a transport on trial may raise anything
            failed[promise.__name__] = error
        finally:
            world.close()
    return failed
