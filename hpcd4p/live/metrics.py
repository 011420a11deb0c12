"""The numbers of a run for a monitoring system: of its status while it goes on, of its figures afterwards.

The same names in both cases. Data only; the text is `live.openmetrics`, the file `live.metrics_file`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hpcd4p.live.openmetrics import COUNTER, GAUGE, Family, Sample, text_of

if TYPE_CHECKING:
    from hpcd4p.live.document import Document
    from hpcd4p.record.summary import Summary

FAMILIES = {
    "hpcd4p_run_state": Family(GAUGE, "", "1 for the state that the run is in"),
    "hpcd4p_run_written_timestamp_seconds": Family(GAUGE, "seconds", "When these numbers were written"),
    "hpcd4p_run_elapsed_seconds": Family(GAUGE, "seconds", "Time since the run began or went on"),
    "hpcd4p_run_expected_seconds": Family(GAUGE, "seconds", "Time until its end, if it goes on as it did"),
    "hpcd4p_run_tuples": Family(COUNTER, "tuples", "Tuples that elements have worked on"),
    "hpcd4p_run_failed_tuples": Family(COUNTER, "tuples", "Tuples that failed"),
    "hpcd4p_run_calls": Family(COUNTER, "calls", "Calls of sources that were made"),
    "hpcd4p_run_expected_calls": Family(GAUGE, "calls", "Calls of sources in all, if that is known"),
    "hpcd4p_run_waiting_tasks": Family(GAUGE, "tasks", "Tasks that wait"),
    "hpcd4p_run_state_ranks": Family(GAUGE, "ranks", "Ranks by what they do"),
    "hpcd4p_pool_ranks": Family(GAUGE, "ranks", "Ranks of the pool: active, parked, and as many as wanted"),
    "hpcd4p_pool_changes": Family(COUNTER, "changes", "Decisions of the auto-scaler that changed something"),
    "hpcd4p_element_in_tuples": Family(COUNTER, "tuples", "Tuples that an element has worked on"),
    "hpcd4p_element_out_tuples": Family(COUNTER, "tuples", "Tuples that an element has written"),
    "hpcd4p_element_failed_tuples": Family(COUNTER, "tuples", "Tuples that failed in an element"),
    "hpcd4p_element_backlog_tuples": Family(GAUGE, "tuples", "Tuples for an element that are not finished"),
    "hpcd4p_element_busy_seconds": Family(COUNTER, "seconds", "Time inside an element on all ranks"),
    "hpcd4p_checkpoints": Family(COUNTER, "", "Checkpoints that are complete"),
    "hpcd4p_checkpoints_given_up": Family(COUNTER, "", "Checkpoints that were given up"),
    "hpcd4p_checkpoint_age_seconds": Family(GAUGE, "seconds", "Age of the last checkpoint of this run"),
    "hpcd4p_checkpoint_size_bytes": Family(GAUGE, "bytes", "Size of the last checkpoint"),
    "hpcd4p_checkpoint_cost_seconds": Family(COUNTER, "seconds", "Run time that checkpoints took"),
    "hpcd4p_memory_bytes": Family(GAUGE, "bytes", "Resident memory of ranks and Redis on the node of rank 0"),
    "hpcd4p_process_seconds": Family(GAUGE, "seconds", "Time that ranks were active, at the end of a run"),
    "hpcd4p_cpu_seconds": Family(
        COUNTER, "seconds", "User and system time of all ranks, at the end of a run"
    ),
    "hpcd4p_efficiency_ratio": Family(GAUGE, "ratio", "Busy time by process time, at the end of a run"),
}
"""By name."""


SOURCE = "source"
ROLES = {"pinned": "stateless"}
"""What a record calls an element that a status calls otherwise: values of `plan.model.Role`."""


def of_status(document: Document) -> str:
    """Give the numbers of a run under way as text."""
    run = document.run
    labels = _labels(run.record, run.workflow)
    return _text(labels, [*_of_run(document), *_of_elements(document), *_of_parts(document)])


def _labels(record: Path | str, workflow: str) -> dict[str, str]:
    return {"run": Path(record).stem, "workflow": workflow}


def _text(labels: dict[str, str], samples: list[Sample]) -> str:
    named = (sample._replace(labels={**labels, **sample.labels}) for sample in samples)
    return text_of(FAMILIES, named)


def _of_run(document: Document) -> Iterator[Sample]:
    totals = document.totals
    yield Sample("hpcd4p_run_state", {"state": document.state}, 1)
    yield Sample("hpcd4p_run_written_timestamp_seconds", {}, document.written)
    yield Sample("hpcd4p_run_elapsed_seconds", {}, document.elapsed_s)
    if document.expected is not None:
        yield Sample("hpcd4p_run_expected_seconds", {}, document.expected.left_s)
    yield Sample("hpcd4p_run_tuples", {}, totals.done)
    yield Sample("hpcd4p_run_failed_tuples", {}, totals.failed)
    yield Sample("hpcd4p_run_calls", {}, totals.calls)
    if totals.of_calls:
        yield Sample("hpcd4p_run_expected_calls", {}, totals.of_calls)
    yield Sample("hpcd4p_run_waiting_tasks", {}, totals.tasks)
    ranks: Counter[str] = Counter()
    for row in document.ranks:
        ranks[row.state] += row.count
    for state, many in ranks.items():
        yield Sample("hpcd4p_run_state_ranks", {"state": state}, many)


def _of_elements(document: Document) -> Iterator[Sample]:
    for element in document.elements:
        labels = {"element": element.name, "role": element.role}
        yield Sample("hpcd4p_element_in_tuples", labels, element.tuples_in)
        yield Sample("hpcd4p_element_out_tuples", labels, element.tuples_out)
        yield Sample("hpcd4p_element_failed_tuples", labels, element.failed)
        yield Sample("hpcd4p_element_backlog_tuples", labels, element.backlog)
        yield Sample("hpcd4p_element_busy_seconds", labels, element.busy_s)


def _of_parts(document: Document) -> Iterator[Sample]:
    """Of the auto-scaler, the checkpoints and the memory, where there are any."""
    scaler, kept, memory = document.scaler, document.checkpoints, document.memory
    if scaler is not None:
        for state, many in (("active", scaler.active), ("parked", scaler.parked), ("wanted", scaler.target)):
            yield Sample("hpcd4p_pool_ranks", {"state": state}, many)
        yield Sample("hpcd4p_pool_changes", {}, scaler.changes)
    if kept is not None:
        yield Sample("hpcd4p_checkpoints", {}, kept.made)
        yield Sample("hpcd4p_checkpoints_given_up", {}, kept.given_up)
        if kept.age_s is not None:
            yield Sample("hpcd4p_checkpoint_age_seconds", {}, kept.age_s)
        yield Sample("hpcd4p_checkpoint_size_bytes", {}, kept.bytes)
        yield Sample("hpcd4p_checkpoint_cost_seconds", {}, kept.cost_s)
    for of, held in (("ranks", memory.ranks_bytes), ("redis", memory.redis_bytes)):
        if held is not None:
            yield Sample("hpcd4p_memory_bytes", {"of": of}, held)


# ---- afterwards


def of_figures(summary: Summary, record: Path, written: float) -> str:
    """Give the numbers of a run that has ended as text; `written`: seconds since the epoch."""
    samples = [*_of_end(summary, written), *_of_element_figures(summary), *_of_checkpoints(summary)]
    return _text(_labels(record, summary.workflow), samples)


def _of_end(summary: Summary, written: float) -> Iterator[Sample]:
    sources = [e for e in summary.elements if e.role == SOURCE]
    yield Sample("hpcd4p_run_state", {"state": summary.state}, 1)
    yield Sample("hpcd4p_run_written_timestamp_seconds", {}, written)
    yield Sample("hpcd4p_run_elapsed_seconds", {}, summary.elapsed_s)
    yield Sample("hpcd4p_run_tuples", {}, sum(e.tuples_in for e in summary.elements))
    yield Sample("hpcd4p_run_failed_tuples", {}, summary.failed)
    yield Sample("hpcd4p_run_calls", {}, sum(e.tuples_in for e in sources))
    for state, many in Counter(figures.state for figures in summary.ranks_figures).items():
        yield Sample("hpcd4p_run_state_ranks", {"state": state}, many)
    if summary.scaler is not None:
        yield Sample("hpcd4p_pool_changes", {}, summary.scaler.changes)
    yield Sample("hpcd4p_process_seconds", {}, summary.process_time_s)
    yield Sample("hpcd4p_cpu_seconds", {}, summary.cpu_s)
    yield Sample("hpcd4p_efficiency_ratio", {}, summary.efficiency)


def _of_element_figures(summary: Summary) -> Iterator[Sample]:
    for element in summary.elements:
        labels = {"element": element.name, "role": ROLES.get(element.role, element.role)}
        yield Sample("hpcd4p_element_in_tuples", labels, element.tuples_in)
        yield Sample("hpcd4p_element_out_tuples", labels, element.tuples_out)
        yield Sample("hpcd4p_element_failed_tuples", labels, element.failed)
        yield Sample("hpcd4p_element_busy_seconds", labels, element.busy_s)


def _of_checkpoints(summary: Summary) -> Iterator[Sample]:
    kept = summary.checkpoints
    if kept is not None:
        yield Sample("hpcd4p_checkpoints", {}, kept.made)
        yield Sample("hpcd4p_checkpoints_given_up", {}, kept.given_up)
        yield Sample("hpcd4p_checkpoint_size_bytes", {}, kept.size)
        yield Sample("hpcd4p_checkpoint_cost_seconds", {}, kept.cost_s)
