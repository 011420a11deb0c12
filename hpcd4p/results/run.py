"""A run, whether it has finished, is under way, or is dead: what `hpcd4p.open` gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from hpcd4p.record.summary import DeadLetter, Event, LogLine
from hpcd4p.record.survival import CheckpointRow, GoneOn
from hpcd4p.record.table import count, shortened, table

MOST_SHOWN = 12
"""Outputs that the text of a run names."""


class Output:
    """The tuples of one output, in the order in which they were collected; read when they are asked for.

    Attributes
    ----------
    name : str
        ``element.output``.
    """

    def __init__(self, name: str, number: int, values: Callable[[], Iterator[Any]]) -> None:
        self.name = name
        self._number = number
        self._values = values

    def __iter__(self) -> Iterator[Any]:
        return self._values()

    def __len__(self) -> int:
        return self._number

    def __repr__(self) -> str:
        return f"<output {self.name}: {count(self._number, 'tuple')}>"


class Outputs(Mapping[str, Output]):
    """The outputs of a run, by ``element.output``; those without a tuple are not among them."""

    def __init__(self, outputs: Mapping[str, Output]) -> None:
        self._outputs = dict(outputs)

    def __getitem__(self, name: str) -> Output:
        try:
            return self._outputs[name]
        except KeyError:
            raise KeyError(f"no output {name!r}; there are {', '.join(self._outputs) or 'none'}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._outputs)

    def __len__(self) -> int:
        return len(self._outputs)

    def __repr__(self) -> str:
        rows = [[name, count(len(each), "tuple")] for name, each in self._outputs.items()]
        lines = table(["", ""], rows[:MOST_SHOWN], left=1)[1:] if rows else ["  none"]
        more = [f"  ... and {len(rows) - MOST_SHOWN:,} more"] if len(rows) > MOST_SHOWN else []
        return "\n".join(["Outputs", *lines, *more])


class OpenedRun:
    """See `hpcd4p.open`; a context manager, too.

    Attributes
    ----------
    path : Path
        The record, or the folder of the checkpoints.
    workflow : str
    status : str
        Of a finished run what its record says: 'completed', 'failed tuples', 'in doubt', 'stopped',
        'interrupted'. Of one that has not finished 'under way', 'dead', or 'stopped' if it was asked to end.
    outputs : Outputs
    checkpoints : list[CheckpointRow]
    gone_on : list[GoneOn]
        Each time that it went on from one.
    figures : dict
        All else that is known, as JSON takes it: the summary of a finished run.
    resume : str
        What to type to go on with it; empty: there is nothing to go on with.
    """

    path: Path
    workflow: str
    status: str
    outputs: Outputs
    checkpoints: list[CheckpointRow]
    gone_on: list[GoneOn]
    figures: dict[str, Any]
    resume = ""

    @property
    def failures(self) -> list[DeadLetter]:
        """Tuples that failed; of many equal ones the first."""
        raise NotImplementedError

    @property
    def events(self) -> list[Event]:
        """The story of the run."""
        raise NotImplementedError

    @property
    def log(self) -> list[LogLine]:
        """What elements have logged."""
        raise NotImplementedError

    def close(self) -> None:
        """Close what is open; may be called again."""

    def __enter__(self) -> OpenedRun:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        made = sum(not each.why_not for each in self.checkpoints)
        parts = [f"{self.path}: a run of {self.workflow}, {self.status}", repr(self.outputs)]
        if made:
            parts.append(
                f"{count(made, 'checkpoint')}, the last after {self.checkpoints[-1].began_s:.1f} s of work"
            )
        if self.resume:
            parts.append(f"Go on with it: {self.resume}")
        return shortened(parts[0], 300) + "\n" + "\n".join(parts[1:])
