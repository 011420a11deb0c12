"""What has been told of a run so far: its events, failures, what elements said, and the figures of ranks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hpcd4p.histogram import Histogram, merge_all
from hpcd4p.logs import module_log
from hpcd4p.record.element_lines import ElementLines
from hpcd4p.record.failures import Failures
from hpcd4p.record.summary import LogFigures, RankFigures
from hpcd4p.runtime.execute.element_log import SAID, ElementLog
from hpcd4p.runtime.execute.timing import SERVED, Served
from hpcd4p.runtime.head.notes import in_doubt
from hpcd4p.runtime.rank.account import role_of
from hpcd4p.runtime.rank.reports import in_run_time
from hpcd4p.wire.codec import LETTER, Codec, about

if TYPE_CHECKING:
    from hpcd4p.plan.model import Plan
    from hpcd4p.record.scaling import RankTimeline
    from hpcd4p.runtime.clock import Clock
    from hpcd4p.runtime.commit.reorder import Reorder
    from hpcd4p.runtime.head.tracing import Tracing
    from hpcd4p.wire.reports import Claimed, Doubted, Figures, Traced

_log = module_log(__name__)


class Story:
    """Of one run; on the head.

    Parameters
    ----------
    sink
        Gets dead letters, lines of elements and events.

    Attributes
    ----------
    figures, timelines
        Of the ranks that have left or are lost; of those that have left.
    claimed
        What elements that were taken for stateless have changed, by index; one rank did all their work.
    doubted
        The same, but several ranks had worked on them.
    turns
        By ordered element what ranks have told of it: see `wire.reports.Figures`.
    service
        How long tuples took, by element.
    log
        How much the elements have logged in all, at the end.
    on_warning
        Told at once what a user should not have to wait for.
    trace
        What ranks did, span by span; None: nobody has asked for it.
    """

    def __init__(self, plan: Plan, sink: Any, codec: Codec, clock: Clock) -> None:
        self.figures: list[RankFigures] = []
        self.timelines: list[RankTimeline] = []
        self.claimed: dict[int, str] = {}
        self.doubted: dict[int, str] = {}
        self.turns: dict[int, list[tuple[int, float, int, float]]] = {}
        self.service: dict[int, Histogram] = {}
        self.failures = Failures(sink)
        self.on_warning: Callable[[str], None] = lambda text: None
        self.log: LogFigures | None = None
        self.trace: Tracing | None = None
        self._lines = ElementLines(sink)
        self._plan = plan
        self._sink = sink
        self._codec = codec
        self._clock = clock

    def event(self, kind: str, text: str) -> None:
        """Add an event."""
        _log.info("%s: %s", kind, text)
        self._sink.event(self._clock.elapsed(), kind, text)

    def warn(self, kind: str, text: str) -> None:
        """Add an event, and tell the user at once."""
        self.event(kind, text)
        self.on_warning(text)

    def fetch(self, letters: list[bytes]) -> None:
        """Take in what ranks have sealed with their commits: dead letters, and what elements said."""
        for sealed in letters:
            first, *rest = self._codec.open(sealed, about(LETTER))
            if first == SAID:
                self._lines.add(*rest)
            elif first == SERVED:
                merge_all(self.service, *rest)
            else:
                self.failures.add(first, *rest)

    def close_lines(self, log: ElementLog, served: Served) -> None:
        """Nothing more is logged, or timed; of this rank, some of it may not have been sent."""
        self._lines.add(*log.take())
        merge_all(self.service, served.take())
        self.log = self._lines.finish()

    def claim(self, report: Claimed) -> None:
        """An element that was taken for stateless has changed: one rank runs it."""
        if report.element not in self.claimed:
            self.claimed[report.element] = report.changed
            name = self._plan.elements[report.element].name
            text = f"{name} changes {report.changed} while it works: from now on one rank does all its work"
            self.event("claimed", text)

    def doubt(self, report: Doubted) -> None:
        """An element that was taken for stateless has changed, and several ranks have run it."""
        if report.element not in self.doubted:
            self.doubted[report.element] = report.changed
            self.warn("doubt", in_doubt(self._plan.elements[report.element].name, report.changed))

    def take_spans(self, report: Traced) -> None:
        """A rank tells what it has done."""
        if self.trace is not None:
            self.trace.take(report)

    def leave(self, report: Figures) -> None:
        """A rank has left: its last word."""
        started = self._clock.instant(self._clock.started)
        figures, timeline = in_run_time(report.usage, report.bins, started)
        self.figures.append(figures)
        self.timelines.append(timeline)
        for each in report.doubted:
            self.doubt(each)
        for element, turns in report.turns.items():
            self.turns.setdefault(element, []).append(turns)

    def turns_with(self, own: Reorder | None) -> dict[int, list[tuple[int, float, int, float]]]:
        """`turns`, with those of what is put in order on the head: the outputs."""
        mine = {} if own is None else own.times.figures()
        return self.turns | {element: [turns] for element, turns in mine.items()}

    def lose(self, rank: int, committed: int, parked_s: float) -> None:
        """A rank is lost; it was parked for so long."""
        self.event("lost", f"rank {rank} is lost; its last committed transaction was {committed}")
        active_s = self._clock.elapsed() - parked_s
        role = role_of(self._plan, rank)
        self.figures.append(
            RankFigures(rank=rank, role=role, state="lost", active_s=active_s, parked_s=parked_s)
        )
