"""The text and the JSON of a record, for `hpcd4p show`. Reads the record, prints nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from itertools import islice
from typing import Any

from hpcd4p.plan.rows import IN_RECORD, chosen_rows
from hpcd4p.record import jsontext
from hpcd4p.record.reader import Record
from hpcd4p.record.report import FIRST_LETTERS, first_of_kinds, letter_lines, summary_text
from hpcd4p.record.summary import DeadLetter, Event, LogLine, RankFigures, Summary
from hpcd4p.record.survival import Survival
from hpcd4p.record.survival_words import survival_tables
from hpcd4p.record.table import count, seconds, shortened, size, table
from hpcd4p.record.times_words import times_lines

FIRST_VALUES = 5
"""Tuples of each output that `show` prints."""

LAST_EVENTS = 30
"""Lines of the story that `show` prints."""

LAST_LINES = 20
"""Lines of the elements' log that `show` prints."""

MOST_RANKS = 16
"""With more ranks than this, not all of them are listed."""

JSON_VALUES = 1000
"""Tuples of each output, and last lines of the log, in the JSON; a program that wants all reads the file."""


def record_text(record: Record) -> str:
    """Give what a record holds, for people.

    Raises
    ------
    RecordError
        If the file is damaged.
    """
    summary = record.summary
    letters = list(record.dead_letters())
    letters = first_of_kinds(letters, FIRST_LETTERS) if summary.failures else letters[:FIRST_LETTERS]
    parts = [
        [f"{record.path}: a run of {summary.workflow}, started {summary.started or 'at an unknown time'}"],
        [summary_text(summary, letters)],
        _first_values(record),
        _tracebacks(letters, summary),
        times_lines(summary),
        _ranks(summary.ranks_figures),
        survival_tables(record.survival() or Survival()),
        log_lines(sorted(record.log()), record.summary.log.left_out),
        story_lines(list(record.events())),
        _provenance(summary.provenance),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


def _first_values(record: Record) -> list[str]:
    lines = []
    places = chosen_rows([0] * len(record.names))
    for name in (record.names[place] for place in places):
        number = record.count(name)
        lines.append(f"Output {name}: {count(number, 'tuple')} of {record.described(name)}")
        lines += [f"  {shortened(repr(value))}" for value in islice(record.outputs(name), FIRST_VALUES)]
        if number > FIRST_VALUES:
            lines.append(f"  ... and {number - FIRST_VALUES:,} more")
    if len(record.names) > len(places):
        left = count(len(record.names) - len(places), "output")
        lines.append(f"... and {left} more ({IN_RECORD})")
    return lines


def _tracebacks(letters: Sequence[DeadLetter], summary: Summary) -> list[str]:
    if not letters:
        return []
    lines = [f"Failed tuples, the first {len(letters)} of {max(summary.failed, len(letters)):,}"]
    if summary.failures:
        kinds = f"the first of each of {count(len(summary.failures), 'kind')}"
        kept = sum(f.examples for f in summary.failures)
        lines = [f"Failed tuples, {kinds} (`show --json` has {kept:,} of {summary.failed:,})"]
    for letter in letters:
        lines += letter_lines(letter, traceback=True)
    return lines


def _ranks(ranks: Sequence[RankFigures]) -> list[str]:
    if len(ranks) < 2:
        return []
    head = [
        "rank", "host", "runs", "state", "tasks", "tuples", "busy", "idle", "parked", "lent", "CPU", "memory",
    ]  # fmt: skip
    rows = [
        [
            str(r.rank), r.host, r.role, r.state, f"{r.tasks:,}", f"{r.tuples:,}", seconds(r.busy_s),
            seconds(r.idle_s), seconds(r.parked_s), seconds(r.lent_s), seconds(r.cpu_s),
            size(r.peak_rss_bytes),
        ]
        for r in ranks[:MOST_RANKS]
    ]  # fmt: skip
    lines = [
        "Ranks (memory: its highest; parked: not needed, hence not counted; lent: to the pool)",
        *table(head, rows, left=4),
    ]
    if len(ranks) > MOST_RANKS:
        lines.append(f"  ... and {len(ranks) - MOST_RANKS:,} more")
    return lines


def story_lines(events: Sequence[Event]) -> list[str]:
    """Give the last lines of the story."""
    if not events:
        return []
    skipped = max(0, len(events) - LAST_EVENTS)
    lines = ["Story (seconds since the start, as the head saw it)"]
    if skipped:
        lines.append(f"  ... {skipped:,} earlier lines")
    return lines + [f"  {e.time_s:10.3f}  {e.kind:<12} {shortened(e.text, 200)}" for e in events[skipped:]]


def log_lines(lines: Sequence[LogLine], left_out: int) -> list[str]:
    """Give the last lines of the elements' log; `left_out` are not in it."""
    if not lines and not left_out:
        return []
    head = f"Log of the elements: {count(len(lines), 'line')}"
    head += f", {left_out:,} more were left out" if left_out else ""
    head += f"; the last {LAST_LINES}" if len(lines) > LAST_LINES else ""
    return [f"{head} (seconds since the start, rank, element)", *map(_log_line, lines[-LAST_LINES:])]


def _log_line(line: LogLine) -> str:
    level = "" if line.level == "INFO" else f"{line.level} "
    return f"  {line.time_s:10.3f}  {line.rank:>4}  {line.element}: {level}{shortened(line.text, 200)}"


def _provenance(provenance: dict[str, Any]) -> list[str]:
    if not provenance:
        return []
    rows = []
    for name, value in provenance.items():
        if isinstance(value, dict):
            value = ", ".join(f"{k} {v}" for k, v in value.items())
        elif isinstance(value, list):
            value = ", ".join(map(str, value))
        rows.append([name.replace("_", " "), shortened(str(value), 200)])
    return ["Where it came from", *table(["", ""], rows, left=2)[1:]]


def record_json(record: Record) -> dict[str, Any]:
    """Give a record as plain dicts and lists, which `json.dumps` takes as they are.

    Of each output the first `JSON_VALUES` tuples: ``truncated`` says whether there are more. Tuples and
    arrays become lists; numbers that JSON lacks become text ('nan').

    Raises
    ------
    RecordError
        If the file is damaged.
    """
    outputs = {}
    for name in record.names:
        number = record.count(name)
        outputs[name] = {
            "count": number,
            "kind": record.described(name),
            "ordered": record.summary.ordered.get(name) == "",
            "truncated": number > JSON_VALUES,
            "values": [plain(value) for value in islice(record.outputs(name), JSON_VALUES)],
        }
    survival = record.survival() or Survival()
    return {
        "file": str(record.path),
        "summary": plain(record.summary.as_dict()),
        "outputs": outputs,
        "dead_letters": [plain(letter._asdict()) for letter in record.dead_letters()],
        "events": [plain(event._asdict()) for event in record.events()],
        "checkpoints": [row._asdict() for row in survival.checkpoints],
        "gone_on": [row._asdict() for row in survival.gone_on],
        "log": [plain(line._asdict()) for line in sorted(record.log())[-JSON_VALUES:]],
    }


def plain(value: Any) -> Any:
    """Give `value` as JSON for programs: shorter than `jsontext.dumps`, and not meant to be read back."""
    if isinstance(value, dict):
        return {key if isinstance(key, str) else str(key): plain(v) for key, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(float(value))
    if (
        hasattr(value, "tolist")
        and getattr(value, "dtype", None) is not None
        and value.dtype.kind in "biufSU"
    ):
        return plain(value.tolist())
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return json.loads(jsontext.dumps(value)[0])
