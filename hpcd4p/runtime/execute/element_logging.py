"""The standard `logging` inside elements: kept for the record, and shown with the element and the rank.

Nothing that a user configures is touched. Records are seen where they are made, whatever becomes of them.
Where nobody has configured a handler, Python's last resort is ours; where nobody has chosen a format, that is
ours. Imported only where `logging` is already.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

from hpcd4p import logs

_ENGINE = "hpcd4p."
_INSTANCE = "hpcd4p.runtime.execute.instance"
_CALLS = frozenset({"Instance.start", "Instance.run", "Instance.finish"})
"""Methods of an `Instance`, in which an element works."""

_SPEAKER = "_hpcd4p_speaker"
"""Attribute of a log record; no user would give this name with ``extra``."""

Keep = Callable[[Any, str, str], None]
"""Takes an `Instance`, the name of a level, and a text."""


class _LastResort(logging.Handler):
    """Shows log records that reach none of the user's handlers."""

    def __init__(self, level: int, rank: int) -> None:
        super().__init__(level)
        self._rank = rank

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        logs.write(_spoken(record, self._rank))


class _Spoken(logging.Formatter):
    """The format for handlers of `logging.basicConfig` for which nobody has chosen one."""

    def __init__(self, rank: int, on_errors: bool) -> None:
        super().__init__(logging.BASIC_FORMAT)
        self._rank = rank
        self._on_errors = on_errors

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter`."""
        text = _spoken(record, self._rank)
        return logs.over_progress(text) if self._on_errors else text


def _spoken(record: logging.LogRecord, rank: int) -> str:
    who = getattr(record, _SPEAKER, "") or record.name
    return f"{who} (rank {rank}): {record.levelname} {text_of(record)}"


def _adopt(root: logging.Logger, rank: int, adopted: list[logging.Handler]) -> None:
    """Have handlers without a format of the user's name element and rank.

    `logging.warning` and its like make such a handler where there is none.
    """
    for handler in root.handlers:
        form = handler.formatter
        if type(form) is logging.Formatter and form._fmt == logging.BASIC_FORMAT:
            handler.setFormatter(_Spoken(rank, getattr(handler, "stream", None) is sys.stderr))
            adopted.append(handler)


def capture(keep: Keep, rank: int, level: int) -> Callable[[], None]:
    """Hand what elements log by `logging` to `keep`, and show it from `level` on; gives a call to undo it."""
    made, last, root = logging.getLogRecordFactory(), logging.lastResort, logging.getLogger()
    before = root.level
    adopted: list[logging.Handler] = []

    def make(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = made(*args, **kwargs)
        _adopt(root, rank, adopted)
        if record.name and not record.name.startswith(_ENGINE):
            instance = at_work()
            if instance is not None:
                setattr(record, _SPEAKER, instance.plan.name)
                keep(instance, record.levelname, text_of(record))
        return record

    logging.setLogRecordFactory(make)
    logging.lastResort = _LastResort(level, rank)
    lowered = before == logging.WARNING and level < before  # the user has not chosen one
    if lowered:
        root.setLevel(level)

    def undo() -> None:
        if logging.getLogRecordFactory() is make:
            logging.setLogRecordFactory(made)
        logging.lastResort = last
        for handler in adopted:
            handler.setFormatter(logging.Formatter(logging.BASIC_FORMAT))
        if lowered and root.level == level:
            root.setLevel(before)

    return undo


def at_work() -> Any:
    """The `Instance` whose element is in a call on this thread, read off the stack; None if there is none.

    So it costs nothing as long as nobody logs.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_qualname in _CALLS and frame.f_globals.get("__name__") == _INSTANCE:
            return frame.f_locals["self"]
        frame = frame.f_back
    return None


def text_of(record: logging.LogRecord) -> str:
    """Text of a record, with the traceback if it has one."""
    try:
        text = record.getMessage()
    except Exception:  # noqa: BLE001  # the user's arguments do not fit the text: `logging` complains itself
        text = str(record.msg)
    if record.exc_info and record.exc_info[0] is not None:
        with suppress(Exception):  # texts of the user's exceptions may raise anything
            text += "\n" + logging.Formatter().formatException(record.exc_info)
    return text
