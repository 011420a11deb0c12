"""What a checkpoint holds, and with which a run goes on. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from hpcd4p.histogram import Pairs
from hpcd4p.wire.messages import Snapshot
from hpcd4p.wire.position import SourcePosition

Key = tuple[int, int]
"""Element and partition."""


Pieces = tuple[bytes, ...]
"""A pickle that was cut into pieces."""


class State(NamedTuple):
    """The state of one partition."""

    pe: Pieces
    """Its element; with the states of its keys, unless these are in `keys`."""
    keys: tuple[Pieces, ...] | None = None
    """Lists of (key, state): what is later in them counts. None: all is in `pe`."""


class Held(NamedTuple):
    """What one partition holds."""

    state: State | None
    """None: the rank had only tuples for it."""
    lines: tuple[bytes, ...] = ()
    """What was in line, as (order, list of (port, values) or (port, values, place)): see `Image.order_of`."""

    def joined(self, other: Held) -> Held:
        """The same with what another rank had for the partition; only one of them can have its state."""
        return Held(self.state if other.state is None else other.state, self.lines + other.lines)


class Restored(NamedTuple):
    """What a rank goes on from."""

    held: Mapping[Key, Held]
    """Of its partitions at least."""
    drained: frozenset[int]
    """Elements whose instances have post-processed: none of them is needed any more."""
    epoch: int
    """Number of the checkpoint."""


class Fixed(NamedTuple):
    """What the head holds at a cut, beside its image."""

    snapshot: Snapshot
    drained: list[int]
    """Elements that are."""
    positions: list[SourcePosition]
    """Of the sources: see `Feeder.positions`."""
    outputs: dict[str, int]
    """Tuples that have left the workflow, by output."""
    holders: dict[Key, int]
    """Rank that held each partition."""
    former: list[int]
    """Ranks that may have had tuples for partitions that others held."""
    kept: list[str]
    """Types of the objects that go by a number (`workflow.kept`): the run that goes on must have the same."""
    failures: list[Any]
    """`FailureFigures` by kind, as they stand in the summary."""
    doubted: dict[int, str]
    """What has changed of elements whose answer is in doubt, by index."""
    elapsed_s: float
    """How long the run has worked, with the runs that it goes on from."""
    service: dict[int, Pairs] = {}
    """How long tuples took, by element, as far as the head has heard."""
    latency: dict[str, Pairs] = {}
    """How long after their birth tuples left, by output."""


class Resumption(NamedTuple):
    """What a run goes on from."""

    epoch: int
    fixed: Fixed
    restored: Restored
    """For rank 0."""
