"""The text and the JSON of a run that has not finished, for `hpcd4p show`. Prints nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

from hpcd4p.errors import RecordError
from hpcd4p.plan.rows import chosen_rows
from hpcd4p.record.report import FIRST_LETTERS, first_of_kinds, letter_lines
from hpcd4p.record.show import FIRST_VALUES, JSON_VALUES, log_lines, plain, story_lines
from hpcd4p.record.survival import Survival
from hpcd4p.record.survival_words import survival_tables
from hpcd4p.record.table import count, seconds, shortened, size
from hpcd4p.results.kept import DEAD, UNDER_WAY, KeptRun
from hpcd4p.results.run import Output


def kept_text(run: KeptRun) -> str:
    """Give what is known of the run, for people; raises `CheckpointError` if a file is damaged."""
    parts = [
        _state(run),
        _outputs(run),
        _failures(run),
        survival_tables(Survival(run.checkpoints, run.gone_on)),
        log_lines(run.log, 0),
        story_lines(run.events),
        _go_on(run),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


def _state(run: KeptRun) -> list[str]:
    lines = [f"{run.path}: a run of {run.workflow}, {_status(run)}"]
    last = run.last_checkpoint
    if last is not None:
        age = f"{seconds(max(0.0, time.time() - run.figures['checkpoint_at']))} ago"
        lines.append(
            f"Last checkpoint: {last.epoch}, made {age}, after {seconds(last.began_s)} of work "
            f"({run.figures['tuples'] or 0:,} tuples done, {size(last.size)})"
        )
    elif run.problem:
        lines.append(f"No checkpoint can be used: {run.problem}")
    else:
        lines.append("It has no checkpoint yet")
    return lines


def _status(run: KeptRun) -> str:
    who = "" if run.holder is None else f"process {run.holder.pid} on {run.holder.host}"
    if run.status == UNDER_WAY and run.holder is not None:
        since = f", since {_moment(run.holder.since)}" if run.holder.since else ""
        return f"under way ({who}{since})"
    sign = f"{_moment(run.last_sign)}, {seconds(run.silent_s())} ago"
    if run.status == DEAD:
        return f"dead since {sign}, as far as its files tell ({who})"
    return f"stopped before its work was done, {sign}"


def _moment(instant: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(instant))


def _outputs(run: KeptRun) -> list[str]:
    lines = ["Outputs so far (element.output: what left the workflow)"]
    outputs = list(run.outputs.values())
    if not outputs:
        return ["Outputs so far: none"]
    for output in (outputs[place] for place in chosen_rows([len(each) for each in outputs])):
        lines.append(f"  {output.name}: {count(len(output), 'tuple')}")
        lines += [f"    {each}" for each in _first_values(output)]
        if len(output) > FIRST_VALUES:
            lines.append(f"    ... and {len(output) - FIRST_VALUES:,} more")
    return lines


def _first_values(output: Output) -> Iterator[str]:
    try:
        for value in islice(output, FIRST_VALUES):
            yield shortened(repr(value))
    except RecordError as error:  # classes that are not here
        yield f"({error})"


def _failures(run: KeptRun) -> list[str]:
    letters = run.failures
    if not letters:
        return []
    lines = [f"Failed tuples so far: {count(len(letters), 'example')}, the first of each kind"]
    for letter in first_of_kinds(letters, FIRST_LETTERS):
        lines += letter_lines(letter, traceback=True)
    return lines


def _go_on(run: KeptRun) -> list[str]:
    if run.resume:
        return [f"Go on from the last checkpoint:  {run.resume}"]
    if run.status == UNDER_WAY:
        return []
    return ["There is nothing to go on from: remove the folder, and start the run again"]


def kept_json(run: KeptRun) -> dict[str, Any]:
    """Give the same as plain dicts and lists; of each output the first `JSON_VALUES` tuples."""
    return {
        "folder": str(run.path),
        "status": run.status,
        "resume": run.resume,
        "figures": plain(run.figures),
        "outputs": {name: _output_json(output) for name, output in run.outputs.items()},
        "dead_letters": [plain(letter._asdict()) for letter in run.failures],
        "events": [plain(event._asdict()) for event in run.events],
        "checkpoints": [row._asdict() for row in run.checkpoints],
        "gone_on": [row._asdict() for row in run.gone_on],
        "log": [plain(line._asdict()) for line in run.log[-JSON_VALUES:]],
    }


def _output_json(output: Output) -> dict[str, Any]:
    told: dict[str, Any] = {"count": len(output), "truncated": len(output) > JSON_VALUES}
    try:
        return {**told, "values": [plain(value) for value in islice(output, JSON_VALUES)]}
    except RecordError as error:
        return {**told, "values": None, "why_not": str(error)}
