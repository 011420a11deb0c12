"""Objects that go by a number in what a checkpoint holds (`workflow.kept`): they must be the same later."""

from __future__ import annotations

from collections.abc import Sequence

from hpcd4p.errors import RunStopped
from hpcd4p.workflow import kept


def types_here() -> list[str]:
    """Of those in this process, by their number."""
    return [f"{type(thing).__module__}.{type(thing).__qualname__}" for thing in kept.here.common]


def refuse_others(types: Sequence[str]) -> None:
    """Refuse a checkpoint that has numbers of others.

    Parameters
    ----------
    types
        What `types_here` gave when it was made.

    Raises
    ------
    RunStopped
        What goes by a number here is not what it was: states and tuples would mean something else.
    """
    if types != types_here():
        raise RunStopped(
            "the checkpoint cannot be used: the elements hold other objects of the workflow's module than in "
            "the run that has made it; start the run again, from its begin"
        )
