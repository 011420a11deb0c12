"""What rank 0 sends the other ranks at the start, and the elements that they make from it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

from hpcd4p.errors import ElementFailed
from hpcd4p.logs import LogSetup
from hpcd4p.plan.model import Plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.wire.endpoint import Endpoint
from hpcd4p.workflow.generic import GenericPE
from hpcd4p.workflow.identity import Packed, unpack
from hpcd4p.workflow.kept import copied, is_kept

if TYPE_CHECKING:
    from hpcd4p.wire.nodes import Nodes


class RedisPlace(NamedTuple):
    """The Redis of the run, as a rank needs to know it."""

    endpoint: Endpoint
    run_id: str
    shas: dict[str, str]
    shared: bool


class Setup(NamedTuple):
    """What rank 0 sends every other rank at the start; only by MPI, for it holds the secret."""

    plan: Plan
    elements: Packed
    settings: EngineSettings
    module: tuple[str, str | None, str | None] | None
    secret: bytes
    by_value: bool
    redis: RedisPlace | None
    """None in the static mapping, which has none."""
    head: tuple[str, int]
    """Host and process of rank 0."""
    dispel4py: bool
    log: LogSetup = LogSetup()
    checkpoints: Any = None
    """`launch.restoring.CheckpointPlace`; None where there are none."""
    blocks: str = ""
    """Folder for large buffers, in the shared memory of rank 0's node; '': there is none."""
    nodes: Nodes = ()
    """The node of each rank; empty: all are on that one."""
    incarnation: int = 0
    """How often the run has gone on from a checkpoint on these ranks."""


def copy_element(pe: GenericPE, partitions: int) -> GenericPE:
    """An element for one of `partitions`; the user's own object is left as it is where that can be done."""
    if partitions > 1:
        again: GenericPE = copied(pe)
        return again
    if all(map(_is_plain, pe.__dict__.values())) and type(pe).__setstate__ is GenericPE.__setstate__:
        twin: GenericPE = type(pe).__new__(type(pe))
        twin.__setstate__(copied(pe.__dict__))  # at once: two attributes may be one object
        return twin
    # something in it may refer to the object itself (a bound method, say)
    return pe


_ATOMS = (int, float, str, bytes, bool, complex, type(None))
_MOST_ITEMS = 1000


def _is_plain(value: Any) -> bool:
    kind = type(value)
    if kind in _ATOMS or is_kept(value):
        return True
    if kind in (list, tuple, set, frozenset):
        return len(value) <= _MOST_ITEMS and all(map(_is_plain, value))
    if kind is dict:
        return len(value) <= _MOST_ITEMS and all(map(_is_plain, value.values()))
    return False


def elements_of(setup: Setup) -> list[Any] | ElementFailed:
    """The elements, or why they cannot be had: that is said once the run has begun, when the head listens."""
    try:
        if setup.dispel4py:
            from hpcd4p.workflow.dispel4py.names import dispel4py_names

            dispel4py_names()  # to the end of this process: elements may import late
        if setup.module is not None:
            from hpcd4p.workflow.load import install_module

            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SyntaxWarning)  # rank 0 has read the same
                install_module(*setup.module)
        return unpack(setup.elements)
    except Exception as error:  # noqa: BLE001  # user classes: unpickling them may raise anything
        return ElementFailed(f"an element cannot be made on another rank: {type(error).__name__}: {error}")
