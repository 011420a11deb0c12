"""What the engine says of itself while it works: a logger for each module, off until somebody asks.

Lifecycle is INFO, a decision with its reason is DEBUG, nothing is said per tuple; what decides (`control`,
`plan`, `wire`) says nothing. Owns the level of this process and who speaks in it. Importing `logging` costs a
rank milliseconds: so that happens when a level is on, and not before.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

DEBUG, INFO, WARNING, ERROR = 10, 20, 30, 40
"""As in `logging`."""

LEVELS = {"debug": DEBUG, "info": INFO, "warning": WARNING, "error": ERROR}
"""What a user may ask for."""


class LogSetup(NamedTuple):
    """What all ranks of a run know of it."""

    level: int = WARNING
    began: float = 0.0
    """When rank 0 began, in seconds since the epoch."""
    columns: int = 0
    """Width of the terminal where a progress line may stand on the standard error; 0: there is none."""
    shares_output: bool = False
    """Whether that is where the standard output goes, too."""
    hosts: bool = False
    """Whether lines name the host."""


setup = LogSetup()
speaker = ""
"""Who speaks in this process: "rank 3"; empty until `begin`."""


class ModuleLog:
    """What one module says; `%`-style. Costs a comparison while it is off."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def info(self, text: str, *args: object) -> None:
        """Say what has begun, ended or changed its state."""
        if setup.level <= INFO:
            self._say(INFO, text, args)

    def debug(self, text: str, *args: object) -> None:
        """Say what was decided, and why."""
        if setup.level <= DEBUG:
            self._say(DEBUG, text, args)

    def _say(self, level: int, text: str, args: tuple[object, ...]) -> None:
        import logging

        logging.getLogger(self._name).log(level, text, *args)


def module_log(name: str) -> ModuleLog:
    """Give the logger of the module `name`."""
    return ModuleLog(name)


def begin(given: LogSetup, who: str) -> None:
    """From now on this process speaks as `who`, on the level of `given`. Entry points only."""
    global setup, speaker
    setup = given
    speaker = f"{who} {os.uname().nodename}" if given.hosts else who
    if given.level <= INFO:
        from hpcd4p import log_handler

        log_handler.attach(given.level, line)


def end() -> None:
    """Undo `begin`."""
    global setup, speaker
    if setup.level <= INFO:
        from hpcd4p import log_handler

        log_handler.detach()
    setup, speaker = LogSetup(), ""


@contextmanager
def speaking(given: LogSetup, who: str) -> Iterator[None]:
    """Speak as `who` within it; whoever has begun before goes on after it."""
    before = setup, speaker
    begin(given, who)
    try:
        yield
    finally:
        end()
        if before[1]:
            begin(*before)


def progress_drawn(columns: int, shares_output: bool = False) -> None:
    """From now on a progress line may stand on the terminal: see `LogSetup`."""
    global setup
    setup = setup._replace(columns=columns, shares_output=shares_output)


def name_host() -> None:
    """From now on lines name the host: the ranks are on several."""
    global setup, speaker
    setup = setup._replace(hosts=True)
    speaker = f"{speaker} {os.uname().nodename}"


def quiet() -> bool:
    """Whether only errors are to be said."""
    return setup.level >= ERROR


def line(instant: float, level: str, name: str, text: str) -> None:
    """Say `text`; `instant` is in seconds since the epoch, `name` that of a module."""
    write(f"{instant - setup.began:9.3f} {level:<5} {speaker} {name.rpartition('.')[2]}: {text}")


def over_progress(text: str, output: bool = False) -> str:
    """Give `text` so that it takes the place of a progress line; `output`: for the standard output."""
    if setup.columns and (setup.shares_output or not output):
        return "\r" + text.ljust(setup.columns)
    return text


def write(text: str) -> None:
    """Write a line on the standard error, over the progress line that may stand there."""
    text = over_progress(text)
    with suppress(OSError, ValueError, AttributeError):  # user code may have closed it, or put None there
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
