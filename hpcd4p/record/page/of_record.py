"""The page of a run from its record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpcd4p.record.explain import explanation
from hpcd4p.record.page import over_time, sections
from hpcd4p.record.page.markup import tag
from hpcd4p.record.page.page import Badge, Section, page
from hpcd4p.record.summary import COMPLETED, Summary
from hpcd4p.record.survival import Survival

if TYPE_CHECKING:
    from hpcd4p.record.reader import Record


def record_page(record: Record) -> str:
    """The page of the run that a record is of.

    Raises
    ------
    RecordError
        If the file is damaged.
    """
    summary, survival = record.summary, record.survival() or Survival()
    events, scaling = list(record.events()), record.scaling()
    why = explanation(summary, scaling, events, record.survival())
    parts = [
        sections.overview(summary),
        sections.workflow(summary),
        sections.elements_table(summary),
        *sections.times(summary),
        sections.failures(summary, list(record.dead_letters())),
        over_time.ranks(summary, record.timelines(), events, survival),
        over_time.pool(summary, scaling),
        Section("In words", [tag("pre", why)]),
        sections.checkpoints(summary, survival),
        sections.story(events, sorted(record.log())),
        sections.provenance(summary),
    ]
    return page(summary.workflow, badge_of(summary), _about(summary), parts, f"The record: {record.path}")


def badge_of(summary: Summary) -> Badge:
    """How the run has ended."""
    return Badge(summary.state, "good" if summary.state == COMPLETED else "bad")


def _about(summary: Summary) -> str:
    hosts = sorted({r.host for r in summary.ranks_figures if r.host})
    where = f" on {', '.join(hosts[:4])}{' and others' if len(hosts) > 4 else ''}" if hosts else ""
    mapping = summary.config.get("mapping", "")
    return f"A run of {summary.started or 'an unknown time'}{where}" + (
        f", mapping {mapping}." if mapping else "."
    )
