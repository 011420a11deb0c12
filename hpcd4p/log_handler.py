"""Where the engine's loggers end: `logging` as `hpcd4p.logs` uses it. Not imported while that is off."""

from __future__ import annotations

import logging
from collections.abc import Callable

ROOT = "hpcd4p"
"""Above the logger of every module. What it says reaches no handler of the user's."""


class _Lines(logging.Handler):
    """Hands lines to `line`: (instant, level, name of the module, text)."""

    def __init__(self, line: Callable[[float, str, str, str], None]) -> None:
        super().__init__()
        self._line = line

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        self._line(record.created, record.levelname, record.name, record.getMessage())


def attach(level: int, line: Callable[[float, str, str, str], None]) -> None:
    """Have the engine's loggers speak from `level` on."""
    detach()
    root = logging.getLogger(ROOT)
    root.addHandler(_Lines(line))
    root.setLevel(level)
    root.propagate = False


def detach() -> None:
    """Undo `attach`."""
    root = logging.getLogger(ROOT)
    for handler in [each for each in root.handlers if isinstance(each, _Lines)]:
        root.removeHandler(handler)
    root.setLevel(logging.NOTSET)
    root.propagate = True
