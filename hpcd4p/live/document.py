"""The status document of a run: what its head writes while it goes on, and others read. Data only.

It is one JSON object, the fields of `Document`; `SCHEMA.md` beside this file is made from these classes.
Whoever changes a field, or what it means, changes `VERSION`: a reader takes the one that it knows, and says
so of others.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from hpcd4p.errors import LiveError

VERSION = 2

STARTING = "starting"
"""Its ranks are not all there yet."""
RUNNING = "running"
"""Its work is under way."""
CLOSING = "closing"
"""Its work has ended, and its record is being written."""
ENDED = "ended"
"""It has ended without a record; `Document.reason` says why. One that has a record leaves no document."""


@dataclass(frozen=True)
class Identity:
    """Which run it is, and where its rank 0 is."""

    workflow: str  # its name
    mapping: str  # simple, static, dynamic or hybrid
    ranks: int  # how many it began with
    record: str  # path of the record that it will have
    checkpoints: str  # folder of its checkpoints; empty: it makes none
    host: str  # of rank 0
    pid: int  # of rank 0
    began: float  # when the process of rank 0 was started, seconds since the epoch
    user: int  # number of the user
    job: str  # number of the Slurm job; empty: none
    started: float  # when the run was started, seconds since the epoch


@dataclass(frozen=True)
class Expected:
    """When the end is expected, seconds from `Document.written` on."""

    left_s: float  # as fast as it has been so far
    soonest_s: float  # it will be later in nine of ten cases, if the run goes on as it did
    latest_s: float | None  # it will be sooner in nine of ten cases; null: no time can be named


@dataclass(frozen=True)
class Totals:
    """The run as a whole."""

    done: int  # tuples that elements have worked on, calls of sources included
    failed: int  # tuples
    rate: float  # tuples/s, lately
    rate_mean: float  # tuples/s, since the run began
    calls: int  # calls of the sources that were made
    of_calls: int  # calls in all; 0: their number says nothing, for each source is called once
    tasks: int  # tasks that wait
    busy: int  # ranks of the pool that have work
    pool: int  # ranks of the pool
    awaits: str  # which ordered element waits for an earlier tuple, in words; empty: none


@dataclass(frozen=True)
class Element:
    """One element, all ranks together."""

    name: str  # its id: name and number
    role: str  # source, stateless or stateful
    tuples_in: int  # that it has worked on; of a source its calls
    tuples_out: int  # that it has written
    failed: int  # tuples
    backlog: int  # tuples that are written and not finished
    busy_s: float  # seconds inside it
    busy: float  # ranks that were inside it lately, on average
    rate: float  # tuples/s lately; of a source those that it writes
    rate_mean: float  # the same since the run began
    p50_s: float | None  # half of its tuples took it so long at most, as far as told; null: not known yet
    p99_s: float | None  # 99 of 100
    into: list[str]  # ids of the elements in this list that get what it writes, each once


@dataclass(frozen=True)
class Ranks:
    """Ranks that are alike, or one rank."""

    ranks: str  # their numbers: "1-15,20"
    count: int  # how many
    role: str  # head, stateful, stateless, pool or all, joined by +
    state: str  # see `live.ranks.State`
    host: str  # empty: several, or not known
    since_s: float  # since when the state has lasted, and nothing was committed: of the one with the longest
    since_rank: int  # that one
    load: float | None  # part of its time in which it did not rest, the largest; null: not told lately
    line_s: float | None  # seconds of work in line for its partitions, the most; null: not told lately
    memory_bytes: int | None  # resident, the most of one; null: not known (ranks of other nodes)


@dataclass(frozen=True)
class Scaler:
    """What the auto-scaler wants, and why."""

    policy: str  # its name
    target: int  # ranks of the pool that are to be active
    active: int  # at its last look
    parked: int  # at its last look
    reason: str  # of the target
    changes: int  # how often it has parked or woken ranks
    backlog_s: float  # seconds of work of one rank that wait


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of the run, with those of the runs that it goes on from."""

    made: int  # how many are complete
    given_up: int  # how many are not
    age_s: float | None  # since the moment that the last one of this run holds; null: it has made none
    bytes: int  # of the last one
    written_s: float  # how long it took to write
    cost_s: float  # what all of them took of the run
    cost_share: float  # part of the time of the run
    went_on: int  # how often the run has gone on from one
    why_none: str  # why there are none, or no more


@dataclass(frozen=True)
class Memory:
    """Resident memory, as far as rank 0 can see it."""

    ranks_bytes: int | None  # of the ranks on its node, together; null: not known
    ranks_seen: int  # how many these are
    redis_bytes: int | None  # of the run's own Redis; null: it has none of its own


@dataclass(frozen=True)
class Failure:
    """Failures that are equal."""

    element: str  # its id
    error: str  # type of the exception
    place: str  # file, line and function
    tuples: int  # how many
    said: str  # type and message of the latest that is known, one line


@dataclass(frozen=True)
class Cause:
    """What limits the run, or holds it up."""

    kind: str  # see `live.causes.Kind`
    wrong: bool  # something is to be mended; false: a run has to be limited by something
    element: str  # its id; empty: none
    ranks: str  # their numbers: "1-3"; empty: none of them in particular
    host: str  # of these; empty: several, or none
    lasts_s: float  # since when it is so, as far as rank 0 has seen
    text: str  # what it is, in a few words
    evidence: list[str]  # the numbers that show it, a sentence each
    advice: str  # what to change, and why; empty: nothing
    to_type: str  # the same as a line to type: an option, a command, or a line of the element


@dataclass(frozen=True)
class Document:
    """The status of a run at one moment."""

    version: int  # of this schema
    state: str  # starting, running, closing or ended
    reason: str  # why it has ended without a record
    written: float  # seconds since the epoch, by the clock of rank 0
    every_s: float  # the next one comes about so much later, unless an element keeps rank 0
    elapsed_s: float  # since the run began, or has gone on
    run: Identity  # which run it is
    totals: Totals  # the run as a whole
    expected: Expected | None  # null: `expected_not` says why
    expected_not: str  # why no end is expected; empty: one is
    elements: list[Element]  # of many, the first, the last and the most important, in the order of the plan
    elements_left_out: int  # how many are not among them
    ranks: list[Ranks]  # one by one, or grouped if there are many
    scaler: Scaler | None  # null: there is nothing to scale
    checkpoints: Checkpoints | None  # null: the run makes none
    memory: Memory  # of ranks and Redis
    limits: list[Cause] = field(default_factory=list)  # what limits the run, the first cause first
    failures: list[Failure] = field(default_factory=list)  # the most frequent kinds
    doubts: list[str] = field(default_factory=list)  # what makes the answer doubtful, a sentence each


def to_text(document: Document) -> str:
    """The document as JSON."""
    return json.dumps(document, default=vars, separators=(",", ":"))


def from_text(text: str, where: str) -> Document:
    """Inverse of `to_text`; `where` the text comes from.

    Raises
    ------
    LiveError
        It is of another version, or no document.
    """
    try:
        data = json.loads(text)
        version = data["version"]
    except (ValueError, KeyError, TypeError):
        raise LiveError(f"{where} is no status of a run") from None
    if version != VERSION:
        raise LiveError(
            f"{where} has version {version} of the status; this hpcd4p reads version {VERSION}: look with "
            "the one that the run was started with"
        )
    try:
        document: Document = _made(Document, data)
    except (KeyError, TypeError) as error:
        raise LiveError(f"{where} is no status of a run: {error}") from None
    return document


def _made(kind: Any, data: Any) -> Any:
    """An object of the type `kind`, from what JSON has made of it."""
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{f.name: _made(hints[f.name], data[f.name]) for f in fields(kind)})  # type: ignore[operator]
    if get_origin(kind) is list:
        (inner,) = get_args(kind)
        return [_made(inner, each) for each in data]
    if get_origin(kind) is UnionType:
        inner = next(each for each in get_args(kind) if each is not NoneType)
        return None if data is None else _made(inner, data)
    if not isinstance(data, (int, float) if kind is float else kind):
        raise TypeError(f"{data!r} is no {kind.__name__}")
    return data
