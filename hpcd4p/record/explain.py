"""What the auto-scaler did in a run and why, in words, for somebody who sees it for the first time.

Pure: it prints nothing and opens nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import TextWrapper

from hpcd4p.plan.model import Mapping
from hpcd4p.record.moves import sentence
from hpcd4p.record.order_words import MOST_WAITS, order_lines, told_waits
from hpcd4p.record.phases import Limit, Phase, Share, limits, phases
from hpcd4p.record.scaling import Scaling
from hpcd4p.record.summary import Event, Summary
from hpcd4p.record.survival import Survival
from hpcd4p.record.survival_words import advice
from hpcd4p.record.table import core_hours, count, percent, seconds
from hpcd4p.record.times_words import tails

WIDTH = 100
"""Characters of a line at most."""

LEAST_PART = 0.05
"""Limits that held for less of the time than this are left out."""

POLICIES = {
    "knee": "the fewest ranks that do not lengthen the run",
    "none": "all ranks, always",
    "queue": "one rank more while the queue is long, else one fewer",
    "idle": "one rank fewer while ranks have been idle for long, else one more",
}


MOST_MOVES = 20
"""Of more moves than this the first are told."""


def explanation(
    summary: Summary,
    scaling: Scaling | None,
    events: Iterable[Event] = (),
    survival: Survival | None = None,
) -> str:
    """Say what the auto-scaler did and why, which partitions moved, and what checkpoints were for.

    Parameters
    ----------
    scaling
        None: there is none, as for a run in one process.
    events
        The story of the run.
    survival
        Its checkpoints; None: there are no tables of them.
    """
    events = list(events)
    slow = [line for said in tails(summary) for line in _lines(said)]
    parts = [*_scaled(summary, scaling, events), slow, _survival(summary, survival)]
    return "\n\n".join("\n".join(part) for part in parts if part)


def _scaled(summary: Summary, scaling: Scaling | None, events: Iterable[Event]) -> list[list[str]]:
    if summary.ranks == 1:
        said = (
            f"{summary.workflow}: this run was made in one process. There was no pool of ranks, so there was "
            "nothing to scale. Start it with `-n N` to have one."
        )
        return [_lines(said)]
    if scaling is None or not scaling.ranks or not scaling.ticks:
        nothing = _lines(f"{summary.workflow}: {_nothing(summary, scaling)}")
        return [nothing, _order(summary, events), _moves(summary, events)]
    return [
        _headline(summary, scaling),
        _did(summary, scaling),
        _saved(summary),
        _limits(scaling),
        _order(summary, events),
        _moves(summary, events),
        _failure(scaling),
    ]


def _nothing(summary: Summary, scaling: Scaling | None) -> str:
    if summary.config.get("mapping") == Mapping.STATIC:
        return (
            "in the static mapping every rank holds certain elements for the whole run. There is no pool, so "
            "nobody could be parked. The mapping `hybrid` (the default) has a pool."
        )
    if scaling is not None and scaling.ranks:
        return (
            f"the run ended after {seconds(summary.elapsed_s)}, before the auto-scaler looked at it for the "
            "first time. All ranks were active."
        )
    return (
        f"no rank of this run could be parked. Of its {summary.ranks} ranks, those that take tasks hold "
        "state as well, and state stays in its place. With more ranks (`-n`) there is a pool to scale."
    )


def _headline(summary: Summary, scaling: Scaling) -> list[str]:
    what = POLICIES.get(scaling.policy, "")
    if scaling.policy.startswith("fixed:"):
        what = "that many ranks, always"
    lines = [
        f"{summary.workflow}: {summary.state} after {seconds(summary.elapsed_s)} on {summary.ranks} ranks.",
        f"The pool had {count(scaling.ranks, 'rank')} that could be parked: "
        "a parked rank takes no task and uses no core.",
        f"Policy: {scaling.policy} ({what or 'your own'}).",
    ]
    lent = sum(r.lent_s > 0 for r in summary.ranks_figures)
    if lent:
        lines.insert(
            2,
            f"{count(lent, 'rank')} of them have duties of their own (the head, the stateful group) and lent "
            f"themselves to the pool for {seconds(summary.lent_s)} of rank time in all.",
        )
    return [line for text in lines for line in _lines(text)]


# ---- what it did


def _did(summary: Summary, scaling: Scaling) -> list[str]:
    made = scaling.changes_made
    per_minute = made / summary.elapsed_s * 60 if summary.elapsed_s else 0.0
    often = f"{count(made, 'change')} of the number of active ranks, {per_minute:.3g} a minute"
    lines = [f"What it did ({often if made else 'no changes'})", "  (worked and waited: on average)"]
    for phase in phases(scaling, summary.elapsed_s):
        lines += _phase_lines(phase, scaling.ranks)
    return lines


def _phase_lines(phase: Phase, ranks: int) -> list[str]:
    when = f"{_clock(phase.begin_s)} - {_clock(phase.end_s)} s"
    if phase.changes:
        many = f"{phase.least} to {phase.most} ranks active in {count(phase.changes, 'step')}"
        many += f", {phase.active:.1f} on average"
    elif phase.most == ranks:
        many = f"{count(ranks, 'rank')} active (all)"
    else:
        many = f"{count(phase.most, 'rank')} active, {ranks - phase.most} parked"
    text = f"{many}; {phase.working:.1f} worked, {count(round(phase.tasks), 'task')} waited"
    lines = _lines(text, f"  {when:<16}  ")
    if phase.reason:
        lines += _lines(("mostly " if phase.changes else "") + f"because: {phase.reason}", " " * 20)
    return lines


def _clock(time_s: float) -> str:
    return f"{time_s:.1f}" if time_s < 1000 else f"{time_s:.0f}"


# ---- what it saved


def _saved(summary: Summary) -> list[str]:
    kept_s, parked_s = summary.process_time_s, summary.parked_s
    if kept_s <= 0:
        return []
    all_s = kept_s + parked_s
    if parked_s < 0.005 * all_s:
        text = f"Nothing: the pool was active for all of its {seconds(all_s)} of rank time."
    else:
        text = (
            f"The pool was active for {seconds(kept_s)} of rank time (process time). With all ranks active "
            f"all the time that would have been {seconds(all_s)}: {parked_s / all_s * 100:.0f} % less. "
            f"The {seconds(parked_s)} that ranks were parked are {core_hours(parked_s)} core-hours for "
            "others."
        )
    if summary.efficiency:
        spent = percent(summary.efficiency)
        text += f" While ranks were active, they were inside elements for {spent} of the time (efficiency)."
    else:
        text += (
            " The pool had nothing to do: all the work was done elsewhere, by sources and stateful elements."
        )
    text += f" All processes together used {seconds(summary.cpu_s)} of CPU time."
    return ["What it saved", *_lines(text, "  ")]


# ---- what limited the run


def _limits(scaling: Scaling) -> list[str]:
    lines = ["What limited the run (part of the time)"]
    for share in limits(scaling.ticks):
        if share.part >= LEAST_PART:
            lines += _lines(_SAY[share.limit].format(**_words(share)), f"  {share.part * 100:3.0f} %  ")
    return lines


_SAY = {
    Limit.SOURCE: "The source: hardly a task waited, the pool did what came as it came. More ranks would not "
    "have helped.",
    Limit.CORES: "Cores: ranks that were ready to work waited for a core, for {waiting} % of their working "
    "time. More ranks would not have helped; more cores would.",
    Limit.STATEFUL: "The stateful group: it was behind, and the pool waited for it. More ranks for it may "
    "help (--stateful-ranks), if its elements have more than one hot partition.",
    Limit.FINISHED: "Others than the pool, which had done all its work: elements with state, for which more "
    "ranks may help (--stateful-ranks), or the outputs on their way into the record.",
    Limit.TAIL: "The tail: nothing waited any more, only the last tasks were still at work. Shorter tasks "
    "would help.",
    Limit.POLICY: "The policy: tasks waited although ranks were parked. Its usual reason: {reason}.",
    Limit.RANKS: "Ranks: all were active, and tasks waited. More ranks would help, if there are cores for "
    "them.",
}


def _order(summary: Summary, events: Iterable[Event]) -> list[str]:
    """How long tuples waited for their turn, and for which elements."""
    lines, told = order_lines(summary), told_waits(events)
    for event in told[:MOST_WAITS]:
        lines += _lines(event.text, f"  {_clock(event.time_s) + ' s':<8}  ")
    if len(told) > MOST_WAITS:
        lines.append(f"  and {len(told) - MOST_WAITS} more")
    return lines


def _moves(summary: Summary, events: Iterable[Event]) -> list[str]:
    """Which partitions moved from rank to rank, what that did to the loads, and which could not."""
    told = [event for event in events if event.kind == "stays" or _is_hand_over(event)]
    if not told:
        return []
    lines = ["Which partitions moved, for the stateful group was behind (--move)"]
    if summary.moves is not None:
        lines += _lines(sentence(summary.moves), "  ")
    for event in told[:MOST_MOVES]:
        lines += _lines(event.text, f"  {_clock(event.time_s) + ' s':<8}  ")
    if len(told) > MOST_MOVES:
        lines.append(f"  and {len(told) - MOST_MOVES} more")
    return lines


def _is_hand_over(event: Event) -> bool:
    """Whether a line of the story tells of a hand-over; sources that go to the pool move, too."""
    return event.kind == "moved" and event.text.startswith("partition ")


def _survival(summary: Summary, survival: Survival | None) -> list[str]:
    """What checkpoints cost, or why there were none, and what to change."""
    if summary.checkpoints is None:
        return []
    lines = ["What was done so that it survives (--checkpoint)"]
    for text in advice(summary.checkpoints, survival):
        lines += _lines(text, "  ")
    return lines


def _words(share: Share) -> dict[str, str]:
    return {"waiting": f"{share.waiting * 100:.0f}", "reason": share.reason or "it gave none"}


def _failure(scaling: Scaling) -> list[str]:
    if not scaling.failure:
        return []
    return [
        "The policy failed. Its last target held from then on.",
        *(f"  {line}" for line in scaling.failure.rstrip().splitlines()),
    ]


def _lines(text: str, first: str = "") -> list[str]:
    """`text` in lines, the first of which begins with `first`, the others with as many spaces."""
    wrapper = TextWrapper(WIDTH, first, " " * len(first), break_on_hyphens=False, drop_whitespace=True)
    return wrapper.wrap(text)
