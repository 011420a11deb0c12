"""The replay of a run that is over: its page at any moment of it, and the keys that move through it."""

from __future__ import annotations

from collections.abc import Sequence

from hpcd4p.live.ranks import State
from hpcd4p.record.phases import Limit, limit_of
from hpcd4p.record.scaling import Tick
from hpcd4p.record.summary import COMPLETED, ElementFigures
from hpcd4p.record.table import count, seconds, shortened, size
from hpcd4p.top.bands import bands
from hpcd4p.top.grid import Column, grid
from hpcd4p.top.layout import Want, shared
from hpcd4p.top.lines import Line, Span, apart, cells, fit, joined, line, wrapped
from hpcd4p.top.recorded import Recorded
from hpcd4p.top.states import curve
from hpcd4p.top.tables import ranks_table, short
from hpcd4p.top.view import Size
from hpcd4p.top.watch import Viewer

SHOWN_S = 30.0
"""A run that took longer is replayed in so much time, unless something else is said."""

STEP = 0.05
"""Part of the run that a key moves by."""

LEAST_SPEED, MOST_SPEED = 1 / 64, 1_048_576.0

_BAR = 40
_LEAST_BAR = 8
_CURVE = 24
_MOST_FAILURES = 4

_LIMITS = {
    Limit.SOURCE: "the source: hardly a task waits, the pool does what comes",
    Limit.CORES: "cores: ranks that are ready to work wait for one",
    Limit.STATEFUL: "the stateful group: it is behind, and the pool waits for it",
    Limit.FINISHED: "others than the pool, which has done all its work",
    Limit.TAIL: "the tail: only the last tasks are still at work",
    Limit.POLICY: "the policy: tasks wait, and ranks are parked",
    Limit.RANKS: "ranks: all are active, and tasks wait",
}


def usual_speed(elapsed_s: float) -> float:
    """A power of two with which the replay takes about `SHOWN_S`, or real time.

    Examples
    --------
    >>> usual_speed(10.0), usual_speed(100.0)
    (1.0, 4.0)
    """
    speed = 1.0
    while elapsed_s / speed > SHOWN_S:
        speed *= 2
    return speed


class Replay:
    """A viewer of a run that is over; see `top.watch.Viewer`.

    Parameters
    ----------
    speed
        Seconds of the run in a second; None: see `usual_speed`.
    ended
        Begin at its end.
    """

    every_s = 0.25

    def __init__(self, recorded: Recorded, speed: float | None = None, ended: bool = False) -> None:
        self._recorded = recorded
        self._speed = speed or usual_speed(recorded.elapsed_s)
        self._at_s = recorded.elapsed_s if ended else 0.0
        self._now: float | None = None
        self._paused = False

    def look(self, now: float) -> bool:
        """Time goes on."""
        before = self._at_s
        if self._now is not None and not self._paused:
            self._go((now - self._now) * self._speed)
        self._now = now
        return self._at_s != before

    def press(self, key: str) -> Viewer | bool | None:
        """Obey a key."""
        end_s = self._recorded.elapsed_s
        match key:
            case "escape" | "backspace":
                return None
            case " " | "p":
                if not self._paused and self._at_s >= end_s:
                    self._at_s = 0.0
                else:
                    self._paused = not self._paused
            case "+" | "=" | "up" | ">":
                self._speed = min(self._speed * 2, MOST_SPEED)
            case "-" | "down" | "<":
                self._speed = max(self._speed / 2, LEAST_SPEED)
            case "right" | "left":
                self._go(end_s * (STEP if key == "right" else -STEP))
            case "home" | "end":
                self._at_s = 0.0 if key == "home" else end_s
            case _:
                return False
        return True

    def _go(self, by_s: float) -> None:
        self._at_s = min(max(0.0, self._at_s + by_s), self._recorded.elapsed_s)

    def lines(self, size: Size) -> Sequence[Line]:
        """The page."""
        speed = "" if self._at_s >= self._recorded.elapsed_s else f"× {self._speed:g}"
        return replay_page(self._recorded, self._at_s, "PAUSED" if self._paused else speed, size)


def replay_page(recorded: Recorded, at_s: float, how: str, size: Size) -> list[Line]:
    """What is known of a run at a moment of it; `how` it is replayed, in a word."""
    columns = size.columns
    upper = [_title(recorded, how, columns), _bar(recorded, at_s, columns), *_then(recorded, at_s, columns)]
    samples, whole = recorded.samples_until(at_s), len(recorded.samples)
    units = samples[-1].units if samples else {}
    story = [event for event in recorded.events if event.time_s <= at_s]
    letters = [letter for letter in recorded.letters if letter.time_s <= at_s]
    elements = recorded.summary.elements
    given = shared(
        size.rows - 1,
        [
            Want(min(len(upper), max(1, size.rows // 2)), len(upper)),
            Want(3 if units else 0, len(units) + 2 if units else 0),
            Want(3, len(elements) + 2),
            Want(3 if letters else 0, _MOST_FAILURES + 2 if letters else 0),
            Want(3 if story else 0, len(story) + 2 if story else 0),
        ],
    )
    lines = upper[: given[0] or 1]
    for rows, part in (
        (given[1], ranks_table(bands(units, given[1] - 2), samples, columns, given[1] - 1, whole=whole)),
        (given[2], _elements(recorded, columns, given[2] - 1)),
        (given[3], _failures(recorded, at_s, columns, given[3] - 1)),
        (given[4], _story(recorded, at_s, columns, given[4] - 1)),
    ):
        if rows and part:
            lines += [(), *part]
    lines = lines[: max(0, size.rows - 1)]
    lines += [()] * (size.rows - 1 - len(lines))
    return [fit(each, columns) for each in [*lines, _keys(columns)]][: max(0, size.rows)]


def _title(recorded: Recorded, how: str, columns: int) -> Line:
    summary = recorded.summary
    ranks = len(summary.ranks_figures) or 1
    left = joined(
        [
            (Span(summary.workflow, "title"),),
            (Span(summary.state, "good" if summary.state == COMPLETED else "bad"),),
            (Span("replay", "warn"),),
            (Span(f"{count(ranks, 'rank')}, {recorded.path}", "dim"),),
        ],
        columns,
    )
    return apart(left, (Span(f" {how} ", "paused"),) if how else (), columns)


def _bar(recorded: Recorded, at_s: float, columns: int) -> Line:
    said = f" {seconds(at_s)} of {seconds(recorded.elapsed_s)}"
    width = min(_BAR, columns - cells(said))
    if width < _LEAST_BAR:
        return fit((Span(said[1:]),), columns)
    full = round(at_s / recorded.elapsed_s * width) if recorded.elapsed_s > 0 else width
    return line(Span("━" * full, "working"), Span("─" * (width - full), "dim"), said)


def _then(recorded: Recorded, at_s: float, columns: int) -> list[Line]:
    """The pool, the auto-scaler and checkpoints at the moment."""
    lines: list[Line] = []
    tick = recorded.tick(at_s)
    if tick is not None:
        lines += _pool(recorded, tick, at_s, columns)
    made = [row for row in recorded.checkpoints if not row.why_not and row.began_s <= at_s]
    if made:
        age = f"{seconds(at_s - made[-1].began_s)} old, {size(made[-1].size)}"
        lines.append(fit((Span(f"Checkpoints: {len(made)}, the last one {age}", "dim"),), columns))
    return lines


def _pool(recorded: Recorded, tick: Tick, at_s: float, columns: int) -> list[Line]:
    parts = [
        (Span(f"pool: {short(tick.done)} tuples/s", "number"),),
        (Span(f"{count(tick.backlog_tasks, 'task')} wait"),),
        (Span(curve(recorded.rates(at_s), _CURVE).lstrip(), "working"),),
    ]
    lines = [joined(parts, columns), *wrapped(f"Limit: {_LIMITS[limit_of(tick)]}", columns, "warn")]
    if recorded.policy:
        why = f": {tick.reason}" if tick.reason else ""
        ranks = f"{tick.active} active, {tick.parked} parked, target {tick.target}"
        lines.append(fit((Span(f"Auto-scaler {recorded.policy}: {ranks}{why}", "dim"),), columns))
    return lines


_ELEMENTS = [
    Column("element", 9), Column("runs as", 3, left=True), Column("in", 7), Column("out", 6),
    Column("per tuple", 4), Column("busy", 5), Column("failed", 8),
]  # fmt: skip


def _elements(recorded: Recorded, columns: int, rows: int) -> list[Line]:
    if rows < 2:
        return []
    told = [_element(each) for each in recorded.summary.elements[: rows - 1]]
    head, *lines = grid(_ELEMENTS, told, columns)
    return [apart(head, (Span("(at the end)", "dim"),), columns), *lines]


def _element(figures: ElementFigures) -> list[Span]:
    return [
        Span(figures.name),
        Span(figures.role, "dim"),
        Span(f"{figures.tuples_in:,}"),
        Span(f"{figures.tuples_out:,}"),
        Span(seconds(figures.busy_s / figures.tuples_in) if figures.tuples_in else ""),
        Span(seconds(figures.busy_s)),
        Span(f"{figures.failed:,}", "bad" if figures.failed else "dim"),
    ]


def _failures(recorded: Recorded, at_s: float, columns: int, rows: int) -> list[Line]:
    those = [letter for letter in recorded.letters if letter.time_s <= at_s]
    if rows < 2 or not those:
        return []
    lines = [
        line(Span("failures", "head"), Span(f", {count(len(those), 'example')}; the latest first", "dim"))
    ]
    for letter in reversed(those[-(rows - 1) :]):
        said = line(Span(f"{letter.time_s:9.2f} ", "dim"), f"{letter.element}: ", Span(letter.error, "warn"))
        lines.append(fit(said, columns))
    return lines


def _story(recorded: Recorded, at_s: float, columns: int, rows: int) -> list[Line]:
    those = [event for event in recorded.events if event.time_s <= at_s]
    if rows < 2 or not those:
        return []
    lines = [line(Span("story", "head"), Span(", seconds since the start", "dim"))]
    for event in those[-(rows - 1) :]:
        style = "bad" if event.kind == State.LOST else ""
        said = line(
            Span(f"{event.time_s:9.2f} ", "dim"),
            Span(f"{event.kind:<11}", "number"),
            Span(shortened(event.text, 300), style),
        )
        lines.append(fit(said, columns))
    return lines


def _keys(columns: int) -> Line:
    keys = [
        ("q", "quit"),
        ("Space", "pause"),
        ("+ -", "speed"),
        ("← →", "move"),
        ("Home End", ""),
        ("Esc", "back"),
    ]
    return joined(
        [line(Span(key, "key"), Span(f" {word}" if word else "", "dim")) for key, word in keys], columns
    )
