"""The report at the end of a run.

Written for somebody who sees it for the first time: every figure has its unit, and every word of our own is
explained where it is used. Pure: it prints nothing and opens nothing. (`show.py` describes a record.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hpcd4p.plan.model import Mapping, Role
from hpcd4p.plan.rows import IN_RECORD, chosen_rows, shortened_list, with_gaps
from hpcd4p.record.moves import sentence
from hpcd4p.record.order_words import order_lines
from hpcd4p.record.summary import (
    COMPLETED,
    FAILED_TUPLES,
    IN_DOUBT,
    INTERRUPTED,
    STOPPED,
    DeadLetter,
    ElementFigures,
    FailureFigures,
    FailureKind,
    Summary,
    kind_of,
)
from hpcd4p.record.survival_words import survival_lines
from hpcd4p.record.table import core_hours, count, percent, rate, seconds, shortened, table

if TYPE_CHECKING:
    from hpcd4p.record.scaling import ScalerFigures

FIRST_LETTERS = 3
"""Kinds of failures in the summary, with an example each: most often all fail for one reason."""

MOST_NOTES = 10
"""Notes in the summary."""

_ENDED_EARLY = (STOPPED, INTERRUPTED)

_ROLE_WORDS = {role.value: role.word for role in Role}


def summary_text(summary: Summary, letters: Sequence[DeadLetter] = (), record: Path | None = None) -> str:
    """Give the summary of a run.

    Parameters
    ----------
    letters
        Some of the tuples that failed; the first few are shown.
    record
        Path of the record, if the report shall name it.
    """
    parts = [
        [_headline(summary)],
        _outputs(summary),
        _elements(summary),
        order_lines(summary),
        _work(summary),
        _failures(summary, letters, record),
        _notes(summary.notes),
        [f"Record: {record}   (python -m hpcd4p show {record})"] if record is not None else [],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


def _headline(summary: Summary) -> str:
    hosts = len({r.host for r in summary.ranks_figures if r.host})
    where = "in one process" if summary.ranks == 1 else f"on {summary.ranks} ranks"
    if summary.ranks > 1 and hosts > 1:
        where += f" of {hosts} hosts"
    took = f"{seconds(summary.elapsed_s)} {where}"
    if summary.state == COMPLETED:
        return f"{summary.workflow}: completed in {took}"
    if summary.state == FAILED_TUPLES:
        return f"{summary.workflow}: finished in {took}, but {count(summary.failed, 'tuple')} failed"
    if summary.state == IN_DOUBT:
        return f"{summary.workflow}: finished in {took}, but the answer is IN DOUBT\nReason: {summary.reason}"
    said = f"{summary.workflow}: {summary.state.upper()} after {took}, before the work was done"
    return f"{said}\nReason: {summary.reason}" if summary.reason else said


def _outputs(summary: Summary) -> list[str]:
    if not summary.outputs:
        return []
    outputs = sorted(summary.outputs.items())
    places = chosen_rows([number for _, number in outputs])
    chosen = [outputs[place] for place in places]
    rows = [[name, count(number, "tuple"), _in_order(summary, name)] for name, number in chosen]
    lines = table(["", "", ""], rows, left=3)[1:]
    return ["Outputs (element.output: what left the workflow)", *with_gaps(lines, places, len(outputs))]


def _in_order(summary: Summary, name: str) -> str:
    but = summary.ordered.get(name)
    return "" if but is None else f"in order; {but}" if but else "in order"


def _elements(summary: Summary) -> list[str]:
    elements = [e for e in summary.elements if e.role != Role.COLLECT or e.failed]
    if not elements:
        return []
    failed = any(e.failed for e in elements)
    head = ["element", "runs as", "tuples in", "tuples out", "tuples/s", "per tuple", "busy"]
    # elements with failures weigh more than elements with long work
    places = chosen_rows([e.busy_s + (summary.elapsed_s * 1e6 if e.failed else 0) for e in elements])
    rows = [
        [*_element_row(e, summary.elapsed_s), *([f"{e.failed:,}"] if failed else [])]
        for e in (elements[place] for place in places)
    ]
    header, *lines = table([*head, *(["failed"] if failed else [])], rows, left=2)
    return [
        "Elements (tuples/s of the whole run; busy: time inside the element, all ranks together)",
        header,
        *with_gaps(lines, places, len(elements)),
    ]


def _notes(notes: Sequence[str]) -> list[str]:
    lines = [f"Note: {note}" for note in notes[:MOST_NOTES]]
    if len(notes) > MOST_NOTES:
        lines.append(f"... and {count(len(notes) - MOST_NOTES, 'note')} more ({IN_RECORD})")
    return lines


def _element_row(element: ElementFigures, elapsed_s: float) -> list[str]:
    number = element.tuples_in if element.role != Role.ROOT else element.tuples_out
    each = element.busy_s / number if number else 0.0
    role = _ROLE_WORDS.get(element.role, element.role)
    if element.role in (Role.STATE, Role.PINNED) and element.instances > 1:
        role += f" x{element.instances}"
    return [
        element.name,
        role,
        f"{element.tuples_in:,}",
        f"{element.tuples_out:,}",
        rate(number, elapsed_s),
        seconds(each) if each else "",
        seconds(element.busy_s),
    ]


def _work(summary: Summary) -> list[str]:
    lines = []
    if summary.process_time_s > 0:
        static = summary.config.get("mapping") == Mapping.STATIC
        kept = "ranks beside the head were kept" if static else "pool ranks were kept, parked time left out"
        if summary.lent_s:
            kept += f", and other ranks had its tasks run beside their own work ({seconds(summary.lent_s)})"
        lines = [
            f"Process time {seconds(summary.process_time_s)}: how long the {kept}, added up.",
            f"Efficiency {percent(summary.efficiency)}: the part of it that they spent inside elements."
            if summary.efficiency
            else f"{'They' if static else 'The pool'} had nothing to do: all the work was done elsewhere, by "
            f"sources{'' if static else ' and stateful elements'}.",
        ]
    if summary.scaler is not None:
        lines.append(_scaler_line(summary.scaler, summary.parked_s))
    if summary.moves is not None:
        lines.append(sentence(summary.moves))
    if summary.checkpoints is not None:
        lines += survival_lines(summary.checkpoints)
    lost = [r for r in summary.ranks_figures if r.state == "lost"]
    if lost:
        names = ", ".join(f"{r.rank} on {r.host or 'an unknown host'}" for r in lost[:5])
        more = f" and {len(lost) - 5} more" if len(lost) > 5 else ""
        again = "; what they had begun was done again by others"
        lines.append(f"Lost ranks: {names}{more}{'' if summary.state in _ENDED_EARLY else again}.")
    return lines


def _scaler_line(scaler: ScalerFigures, parked_s: float) -> str:
    said = f"Auto-scaler {scaler.policy}: "
    if scaler.failure:
        said = f"Auto-scaler {scaler.policy} failed ({shortened(scaler.failure, 60)}): "
    if not scaler.changes and scaler.usual == scaler.ranks:
        return said + f"all {count(scaler.ranks, 'rank')} of the pool were active all the time."
    return said + (
        f"mostly {scaler.usual} of {scaler.ranks} ranks active; "
        f"{seconds(parked_s)} of rank time parked ({core_hours(parked_s)} core-hours)."
    )


def _failures(summary: Summary, letters: Sequence[DeadLetter], record: Path | None) -> list[str]:
    if not summary.failed and not letters:
        return ["Failures: none"] if summary.state == COMPLETED else []
    number = summary.failed or len(letters)
    by_element = shortened_list([f"{e.failed:,} in {e.name}" for e in summary.elements if e.failed])
    lines = [f"Failures: {count(number, 'tuple')}" + (f" ({by_element})" if by_element else "")]
    if summary.failures:
        lines += _kinds(summary.failures, letters)
    else:  # a record that is older than kinds
        for letter in letters[:FIRST_LETTERS]:
            lines += letter_lines(letter)
        if 0 < len(letters[:FIRST_LETTERS]) < number:
            lines.append(f"  ... and {number - min(FIRST_LETTERS, len(letters)):,} more")
    if summary.state == FAILED_TUPLES:
        lines.append(f"All other tuples were processed; exit status {summary.status}.")
    each = "Each failed tuple and its traceback"
    if any(f.examples < f.tuples for f in summary.failures):
        each = f"{sum(f.examples for f in summary.failures):,} of them with traceback"
    lines += [
        f"What to do: mend the element, or the input, and run again. {each}:",
        f"  python -m hpcd4p show {record or 'RECORD'}",
    ]
    return lines


def _kinds(failures: Sequence[FailureFigures], letters: Iterable[DeadLetter]) -> list[str]:
    """The most frequent kinds of failures, each with an example if there is one among `letters`."""
    examples = {kind_of(letter): letter for letter in first_of_kinds(letters)}
    lines = []
    for f in failures[:FIRST_LETTERS]:
        where = f" at {f.place}" if ":" in f.place else f" ({f.place})" if f.place else ""
        what = f": {f.error}{where}" if f.error else where
        lines.append(f"  {f.tuples:,} in {f.element}{what}")
        example = examples.get(FailureKind(f.element, f.error, f.place))
        if example is not None:
            lines += [f"  {line}" for line in letter_lines(example)]
    rest = failures[FIRST_LETTERS:]
    if rest:
        lines.append(f"  ... and {sum(f.tuples for f in rest):,} of {count(len(rest), 'other kind')}")
    return lines


def first_of_kinds(letters: Iterable[DeadLetter], most: int | None = None) -> list[DeadLetter]:
    """Give the first letter of each kind, of `most` kinds."""
    first: dict[FailureKind, DeadLetter] = {}
    for letter in letters:
        first.setdefault(kind_of(letter), letter)
        if len(first) == most:
            break
    return list(first.values())


def letter_lines(letter: DeadLetter, traceback: bool = False) -> list[str]:
    """Give the lines about one tuple that failed."""
    port = f", input '{letter.input}'" if letter.input else ""
    lines = [
        f"  {letter.element}{port}, rank {letter.rank}, after {seconds(letter.time_s)}: "
        + shortened(letter.error, 200 if not traceback else 1000),
        f"    tuple: {shortened(letter.value_text)}",
    ]
    if traceback:
        lines += [f"    {line}" for line in letter.traceback.rstrip().splitlines()]
    return lines
