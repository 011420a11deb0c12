"""The figures of one run: what happened, to which element, on which rank, and what failed.

Data only. This file must never import h5py or numpy, open anything or read a clock.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from hpcd4p.record.times import Times

if TYPE_CHECKING:
    from hpcd4p.record.moves import MoveFigures
    from hpcd4p.record.scaling import ScalerFigures, Scaling
    from hpcd4p.record.survival import CheckpointFigures, Survival
    from hpcd4p.record.trace import Trace

COMPLETED = "completed"
FAILED_TUPLES = "failed tuples"
STOPPED = "stopped"
INTERRUPTED = "interrupted"
IN_DOUBT = "in doubt"
STATES = (COMPLETED, FAILED_TUPLES, IN_DOUBT, STOPPED, INTERRUPTED)


class FailureKind(NamedTuple):
    """What failures that are equal have in common."""

    element: str
    error: str  # type of the exception
    place: str  # where it came up: a line of the element's file, or the port


class DeadLetter(NamedTuple):
    """One tuple that failed, kept so that nothing is lost silently; of many equal ones an example."""

    element: str
    input: str  # the port; '' when the element failed outside `process`
    value_text: str  # the tuple, as text, shortened by whoever makes the letter
    error: str  # type and message of the exception, one line
    traceback: str
    rank: int
    time_s: float  # since the start of the run
    kind: str = ""  # type of the exception; with `place` since version 3 of the record
    place: str = ""  # see `FailureKind`


def kind_of(letter: DeadLetter) -> FailureKind:
    """Give what `letter` has in common with others."""
    return FailureKind(letter.element, letter.kind, letter.place)


class Event(NamedTuple):
    """One line of the story of the run, as the head saw it."""

    time_s: float  # since the start of the run
    kind: str
    text: str


class LogLine(NamedTuple):
    """One line that an element has logged, by `self.log` or by `logging`."""

    time_s: float  # since the start of the run
    rank: int
    element: str
    partition: int  # which instance of a stateful element
    level: str
    text: str


@dataclass
class LogFigures:
    """How many lines the elements have logged."""

    kept: int = 0  # lines in the record
    left_out: int = 0


_OLDER_ROLES = {"root": "source", "pool": "stateless", "state": "stateful", "collect": "collector"}
"""Values of `plan.model.Role` by the words that older records have."""


@dataclass
class ElementFigures:
    """What one element did, summed over all ranks."""

    name: str
    role: str  # a value of `plan.model.Role`
    tuples_in: int = 0
    tuples_out: int = 0
    failed: int = 0
    busy_s: float = 0.0  # seconds inside the element, summed over ranks
    instances: int = 1  # partitions of a stateful element, ranks that ran it for the others
    # of an ordered element, its tuples that came through the pool and waited for their turn
    waited_most: int = 0  # at one rank at once
    waited_s: float = 0.0  # on average
    waited_longest_s: float = 0.0
    # see `Summary.service`; 0: not known
    p50_s: float = 0.0
    p95_s: float = 0.0
    p99_s: float = 0.0


@dataclass
class EdgeFigures:
    """An edge of the workflow."""

    source: str  # element
    output: str
    target: str  # element; empty: what is written there leaves the workflow
    input: str
    grouping: str  # a value of `plan.model.Spread`
    tuples: int | None = None  # None: not known


@dataclass
class FailureFigures:
    """Failures that are equal."""

    element: str
    error: str  # type of the exception
    place: str
    tuples: int = 0  # how many failed
    examples: int = 0  # how many of them have a dead letter


@dataclass
class RankFigures:
    """What one rank did; the four times are seconds of wall time."""

    rank: int
    host: str = ""
    pid: int = 0
    role: str = ""
    active_s: float = 0.0  # not parked
    busy_s: float = 0.0  # inside elements
    idle_s: float = 0.0  # active and waiting for work
    parked_s: float = 0.0
    lent_s: float = 0.0  # with a task of the pool beside its own work
    cpu_s: float = 0.0  # user and system time of the process
    tasks: int = 0
    tuples: int = 0
    peak_rss_bytes: int = 0
    state: str = "finished"  # or 'lost'


@dataclass
class Summary:
    """All figures of a run at its end; stored in its record.

    Times are seconds, instants are UTC in ISO 8601. `process_time_s` is the sum over the pool ranks of the
    time not parked, and over the others of the time lent to the pool, `lent_s`; `parked_s` is that of the
    time parked. `efficiency` is busy time divided by process time (0 to 1), over the ranks that were not
    lost: what lost ranks did is not known.
    """

    workflow: str
    started: str = ""
    ended: str = ""
    elapsed_s: float = 0.0
    ranks: int = 1
    status: int = 0  # exit status
    state: str = COMPLETED
    reason: str = ""  # why it is not `completed`, in one sentence
    elements: list[ElementFigures] = field(default_factory=list)
    failures: list[FailureFigures] = field(default_factory=list)  # the most frequent first
    ranks_figures: list[RankFigures] = field(default_factory=list)
    process_time_s: float = 0.0
    efficiency: float = 0.0
    parked_s: float = 0.0
    lent_s: float = 0.0
    cpu_s: float = 0.0  # user and system time of the processes of all ranks, from their start
    scaler: ScalerFigures | None = None  # None: there was no pool that could be scaled
    moves: MoveFigures | None = None  # None: no partition has moved
    checkpoints: CheckpointFigures | None = None  # None: the run was to make none
    outputs: dict[str, int] = field(default_factory=dict)  # 'element.output' -> tuples collected
    ordered: dict[str, str] = field(default_factory=dict)
    """Outputs that left in order -> why their tuples have no one order all the same; empty: they have."""
    edges: list[EdgeFigures] = field(default_factory=list)  # empty: the record is older than they are
    service: dict[str, Times] = field(default_factory=dict)  # element -> seconds inside it of a tuple
    latency: dict[str, Times] = field(default_factory=dict)
    """'element.output' -> seconds from when its source was rid of it until a tuple left the workflow."""
    log: LogFigures = field(default_factory=LogFigures)
    notes: list[str] = field(default_factory=list)  # one sentence each, for the reader of the summary
    config: dict[str, Any] = field(default_factory=dict)  # the resolved settings
    provenance: dict[str, Any] = field(default_factory=dict)  # see provenance.py
    # not in `as_dict`, for they are long
    scaling: Scaling | None = field(default=None, repr=False, compare=False)
    survival: Survival | None = field(default=None, repr=False, compare=False)
    trace: Trace | None = field(default=None, repr=False, compare=False)

    @property
    def failed(self) -> int:
        """Tuples that became dead letters."""
        return sum(e.failed for e in self.elements)

    def as_dict(self) -> dict[str, Any]:
        """Give plain dicts, lists, strings and numbers only, as JSON takes them."""
        plain = asdict(replace(self, scaling=None, survival=None, trace=None))
        del plain["scaling"], plain["survival"], plain["trace"]
        return plain

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Summary:
        """Rebuild a summary from `as_dict`; fields that this version does not know are dropped."""
        known = _known(cls, data)
        known["elements"] = [ElementFigures(**_known(ElementFigures, e)) for e in data.get("elements", [])]
        for element in known["elements"]:
            element.role = _OLDER_ROLES.get(element.role, element.role)
        known["ranks_figures"] = [
            RankFigures(**_known(RankFigures, r)) for r in data.get("ranks_figures", [])
        ]
        known["failures"] = [FailureFigures(**_known(FailureFigures, f)) for f in data.get("failures", [])]
        known["edges"] = [EdgeFigures(**_known(EdgeFigures, e)) for e in data.get("edges", [])]
        for name in ("service", "latency"):
            known[name] = {of: Times.from_dict(times) for of, times in data.get(name, {}).items()}
        known["log"] = LogFigures(**_known(LogFigures, data.get("log", {})))
        if known.get("scaler") is not None:
            from hpcd4p.record.scaling import ScalerFigures  # no rank but the head needs it

            known["scaler"] = ScalerFigures(**_known(ScalerFigures, known["scaler"]))
        if known.get("moves") is not None:
            from hpcd4p.record.moves import MoveFigures, RankLoad

            told = _known(MoveFigures, known["moves"])
            told["loads"] = [RankLoad(**_known(RankLoad, each)) for each in told.get("loads", [])]
            known["moves"] = MoveFigures(**told)
        if known.get("checkpoints") is not None:
            from hpcd4p.record.survival import CheckpointFigures

            known["checkpoints"] = CheckpointFigures(**_known(CheckpointFigures, known["checkpoints"]))
        return cls(**known)


def _known(kind: type, data: dict[str, Any]) -> dict[str, Any]:
    names = {f.name for f in fields(kind)}
    return {name: value for name, value in data.items() if name in names}
