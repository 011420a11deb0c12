"""A run that has its record."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from hpcd4p.record.reader import Record, read_record
from hpcd4p.record.summary import DeadLetter, Event, LogLine
from hpcd4p.record.survival import Survival
from hpcd4p.results.run import OpenedRun, Output, Outputs


class FinishedRun(OpenedRun):
    """See `OpenedRun`.

    Attributes
    ----------
    record : Record
        Has more: the summary, what the auto-scaler did.

    Raises
    ------
    RecordError
        See `read_record`; also from whatever reads.
    """

    def __init__(self, path: Path) -> None:
        self.record: Record = read_record(path)
        record, survival = self.record, self.record.survival() or Survival()
        self.path = path
        self._closed = False
        self.workflow, self.status = record.summary.workflow, record.summary.state
        self.outputs = Outputs(
            {name: Output(name, record.count(name), partial(record.outputs, name)) for name in record.names}
        )
        self.checkpoints, self.gone_on = survival.checkpoints, survival.gone_on
        self.figures = record.summary.as_dict()

    @property
    def failures(self) -> list[DeadLetter]:
        """See `OpenedRun.failures`."""
        return list(self.record.dead_letters())

    @property
    def events(self) -> list[Event]:
        """See `OpenedRun.events`."""
        return list(self.record.events())

    @property
    def log(self) -> list[LogLine]:
        """See `OpenedRun.log`."""
        return list(self.record.log())

    def _repr_html_(self) -> str | None:
        """Its page, for a cell of a notebook, in a frame of its own; None once it is closed."""
        if self._closed:
            return None
        from hpcd4p.record.page.markup import tag
        from hpcd4p.record.page.of_record import record_page

        text = record_page(self.record)
        style = "width:100%;height:640px;border:0"
        return tag("iframe", srcdoc=text, style=style, title=f"The page of {self.workflow}", sandbox="")

    def close(self) -> None:
        """See `OpenedRun.close`."""
        self._closed = True
        self.record.close()
