"""Writes dead letters: what failed, where, and why; each text is cut to a stated length.

Equal failures (one element, one kind of exception, one place in the code) are written out for the first
`MOST_KEPT` of a rank, and then only counted: a million of them need no more memory than a hundred. The
number of tuples is always exact. Ranks on which nothing fails never import this file.
"""

from __future__ import annotations

from os.path import basename, dirname
from types import TracebackType
from typing import Any, NamedTuple

from hpcd4p.plan.model import Plan
from hpcd4p.record.summary import DeadLetter, FailureKind
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.execute import instance
from hpcd4p.runtime.execute.error_text import show_error
from hpcd4p.runtime.execute.instance import OUR_FILES
from hpcd4p.wire.statistics import Cause
from hpcd4p.workflow import elements

MOST_KEPT = 100
"""Letters of one kind that a rank writes out: enough for a person to read; programs read the numbers."""

MOST_OF_ALL_RANKS = 10_000
"""Letters of one kind that all ranks together write out."""

MOST_KINDS = 1000
"""More kinds than this (exceptions whose types are made on the way, say) are counted as one."""

VALUE_CHARS = 2000
"""A letter shows this much of its tuple, and of its error."""

TRACE_CHARS = (5000, 3000)
"""And this much of the two ends of its traceback: the first call, and the exception."""

ENGINE = (dirname(instance.__file__), dirname(elements.__file__))
"""Frames of files in these folders are the engine's; the element begins after them."""


class Failure(NamedTuple):
    """Tuples that failed alike, and the letter of one of them, or None if there are enough of this kind."""

    element: int
    cause: Cause
    kind: FailureKind
    tuples: int
    letter: DeadLetter | None


class Letters:
    """Writes the dead letters of one thread."""

    def __init__(self, plan: Plan, rank: int, clock: Clock) -> None:
        self._plan = plan
        self._rank = rank
        self._clock = clock
        self._most = max(1, min(MOST_KEPT, MOST_OF_ALL_RANKS // plan.size))
        self._written: dict[FailureKind, int] = {}

    def write(
        self,
        element: int,
        cause: Cause,
        port: str,
        value: Any,
        error: BaseException,
        place: str = "",
        words: str = "",
        tuples: int = 1,
    ) -> Failure:
        """Make a failure of `value` and what happened to it.

        Parameters
        ----------
        place
            Where it failed; '': where in the code `error` was raised.
        words
            The message; '': that of `error`, with its traceback.
        tuples
            How many failed, if they cannot be told apart.
        """
        name = self._plan.elements[element].name
        kind = FailureKind(name, type(error).__name__, place or place_of(error))
        if kind not in self._written and len(self._written) >= MOST_KINDS:
            kind = FailureKind(name, "other errors", "")
        written = self._written.get(kind, 0)
        if written >= self._most:
            return Failure(element, cause, kind, tuples, None)
        self._written[kind] = written + 1
        letter = DeadLetter(
            element=name,
            input=port,
            value_text=show_value(value),
            error=cut(words or show_error(error)),
            traceback=cut(words, *TRACE_CHARS) if words else show_trace(error),
            rank=self._rank,
            time_s=self._clock.elapsed(),
            kind=kind.error,
            place=kind.place,
        )
        return Failure(element, cause, kind, tuples, letter)


def cut(text: str, head: int = VALUE_CHARS, tail: int = 0) -> str:
    """`text`, or if it is long its two ends and its length."""
    if len(text) <= head + tail:
        return text
    if not tail:
        return f"{text[:head]}... ({len(text)} characters)"
    return f"{text[:head]}\n... ({len(text)} characters, the middle is left out) ...\n{text[-tail:]}"


def show_value(value: Any) -> str:
    """Text of a tuple for a dead letter, cut at `VALUE_CHARS`."""
    if type(value) in (str, bytes, bytearray) and len(value) > VALUE_CHARS:
        # not cut after `repr`: the text of all of it may take the rest of the memory
        return f"{value[:VALUE_CHARS]!r}... ({len(value)} characters)"
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001  # user code: __repr__ may raise anything
        return f"<{type(value).__name__} whose repr raised {type(error).__name__}>"
    return cut(text)


def show_trace(error: BaseException) -> str:
    """Traceback of `error` from the element's own frames on, cut."""
    import traceback

    at = error.__traceback__
    while at is not None and at.tb_frame.f_code.co_filename in OUR_FILES and at.tb_next is not None:
        at = at.tb_next
    return cut("".join(traceback.format_exception(type(error), error, at)), *TRACE_CHARS)


def place_of(error: BaseException) -> str:
    """Where in the element's own file `error` was raised, in a few words; '' if it was never raised."""
    deepest: TracebackType | None = None
    at = error.__traceback__
    while at is not None:
        file = at.tb_frame.f_code.co_filename
        # the deepest line of the file that the element's first line is in: below it are libraries
        if deepest is None or file == deepest.tb_frame.f_code.co_filename or _is_ours(deepest):
            deepest = at
        at = at.tb_next
    if deepest is None:
        return ""
    code = deepest.tb_frame.f_code
    return f"{basename(code.co_filename)}:{deepest.tb_lineno} in {code.co_qualname}"


def _is_ours(at: TracebackType) -> bool:
    return dirname(at.tb_frame.f_code.co_filename) in ENGINE
